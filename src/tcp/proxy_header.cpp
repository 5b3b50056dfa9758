// SPDX-License-Identifier: MIT
// Each byte is judged as soon as those before it allow, so that who speaks another protocol is told at once. Sections are those of
// doc/proxy-protocol.txt.
#include "tcp/proxy_header.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <system_error>

namespace tinyhttpd::tcp {
namespace {

using State = ProxyHeader::State;

ProxyHeader malformed(std::string_view why) {
    return {.state = State::malformed, .size = 0, .source = {}, .why = why};
}

ProxyHeader complete(std::size_t size, std::optional<SocketAddress> source = {}) {
    return {.state = State::complete, .size = size, .source = source, .why = {}};
}

constexpr std::string_view not_a_header = "the connection does not begin with a PROXY header";

SocketAddress ipv4(const in_addr& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr = host;
    address.sin_port = htons(port);
    return SocketAddress::of(address);
}

SocketAddress ipv6(const in6_addr& host, std::uint16_t port) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = host;
    address.sin6_port = htons(port);
    return SocketAddress::of(address);
}

// Version 1, §2.1.

constexpr std::string_view v1_begin = "PROXY ";
constexpr std::size_t v1_max = 107;

/// Takes the next word off `rest`, and the one space behind it. An empty one when there is none.
std::string_view take_word(std::string_view& rest) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    // The space stays when nothing is behind it: what is left is then not empty, as it would have to be.
    rest.remove_prefix(end + 1 < rest.size() ? end + 1 : end);
    return word;
}

/// inet_pton(3) takes what §2.1 asks for: four numbers without leading zeros, or an IPv6 address.
template <class Address>
bool read_host(int family, std::string_view text, Address& address) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
    std::ranges::copy(text, terminated.begin());
    return ::inet_pton(family, terminated.data(), &address) == 1;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool leading_zero = text.size() > 1 && text.front() == '0';
    if (failure != std::errc{} || end != text.data() + text.size() || leading_zero) return {};
    return port;
}

/// `rest`: the two addresses and the two ports.
template <class Address>
std::optional<SocketAddress> read_v1_source(std::string_view rest, int family, SocketAddress (*made)(const Address&, std::uint16_t)) {
    Address source{};
    Address destination{};
    const bool hosts = read_host(family, take_word(rest), source) && read_host(family, take_word(rest), destination);
    if (!hosts) return {};
    const auto source_port = read_port(take_word(rest));
    const auto destination_port = read_port(take_word(rest));
    if (!source_port || !destination_port || !rest.empty()) return {};
    return made(source, *source_port);
}

ProxyHeader parse_v1(std::string_view input) {
    if (!input.starts_with(v1_begin)) return v1_begin.starts_with(input) ? ProxyHeader{} : malformed(not_a_header);
    // "The receiver must not tolerate a single CR or LF character to end the line", nor decode it before the CRLF is there.
    const std::string_view window = input.substr(0, v1_max);
    const std::size_t end = window.find_first_of("\r\n");
    if (end == std::string_view::npos || (window[end] == '\r' && end + 1 == window.size())) {
        if (window.size() == v1_max) return malformed("the PROXY line is longer than 107 bytes");
        return {};
    }
    if (!window.substr(end).starts_with("\r\n")) return malformed("the PROXY line does not end with CR and LF");

    const std::size_t size = end + 2;
    std::string_view rest = window.substr(v1_begin.size(), end - v1_begin.size());
    const std::string_view family = take_word(rest);
    // "The receiver must ignore anything presented before the CRLF is found."
    if (family == "UNKNOWN") return complete(size);
    std::optional<SocketAddress> source;
    if (family == "TCP4") {
        source = read_v1_source<in_addr>(rest, AF_INET, ipv4);
    } else if (family == "TCP6") {
        source = read_v1_source<in6_addr>(rest, AF_INET6, ipv6);
    } else {
        return malformed("the PROXY line names neither TCP4, TCP6 nor UNKNOWN");
    }
    if (!source) return malformed("the PROXY line has not two addresses of its family and two ports, one space apart");
    return complete(size, source);
}

// Version 2, §2.2.

using namespace std::string_view_literals;
constexpr std::string_view v2_signature = "\r\n\r\n\0\r\nQUIT\n"sv;
static_assert(v2_signature.size() == 12);
constexpr std::size_t v2_fixed = 16;  // signature, version and command, family and transport, length

std::uint16_t big_endian(std::string_view two) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(two[0]) << 8U | static_cast<unsigned char>(two[1]));
}

/// The source in an address block: both addresses, then both ports.
template <class Address>
SocketAddress read_v2_source(std::string_view block, SocketAddress (*made)(const Address&, std::uint16_t)) {
    Address source{};
    std::memcpy(&source, block.data(), sizeof source);
    return made(source, big_endian(block.substr(2 * sizeof source)));
}

/// "The addresses are exactly 108 bytes each": a path that ends with them or at a NUL, or an abstract name.
SocketAddress read_v2_unix_source(std::string_view block) {
    sockaddr_un address{};
    constexpr std::size_t path_max = 108;
    address.sun_family = AF_UNIX;
    // BSDs have four bytes less.
    std::memcpy(address.sun_path, block.data(), std::min(path_max, sizeof address.sun_path));
    return SocketAddress::of(address);
}

ProxyHeader parse_v2(std::string_view input) {
    if (!input.starts_with(v2_signature)) return v2_signature.starts_with(input) ? ProxyHeader{} : malformed(not_a_header);
    std::size_t at = v2_signature.size();
    const auto has_next = [&] { return at < input.size(); };
    const auto next = [&] { return static_cast<unsigned char>(input[at++]); };

    if (!has_next()) return {};
    const unsigned version_and_command = next();
    const unsigned command = version_and_command & 0xfU;
    constexpr unsigned local = 0;
    constexpr unsigned proxy = 1;
    if (version_and_command >> 4U != 2) return malformed("the PROXY header is of a version that does not exist");
    if (command != local && command != proxy) return malformed("the PROXY header has a command other than LOCAL and PROXY");

    if (!has_next()) return {};
    const unsigned family_and_transport = next();
    const unsigned family = family_and_transport >> 4U;
    const unsigned transport = family_and_transport & 0xfU;
    // Both addresses and both ports, by family: UNSPEC, INET, INET6, UNIX.
    constexpr std::array<std::size_t, 4> block_sizes = {0, 12, 36, 216};
    constexpr unsigned transport_max = 2;  // UNSPEC, STREAM, DGRAM
    // LOCAL: "discard the protocol block including the family which is ignored".
    if (command == proxy && (family >= block_sizes.size() || transport > transport_max))
        return malformed("the PROXY header names an address family or transport that does not exist");

    if (input.size() < v2_fixed) return {};
    const std::size_t size = v2_fixed + big_endian(input.substr(at));
    if (size > proxy_header_max) return malformed("the PROXY header is longer than 536 bytes");
    const bool has_source = command == proxy && family != 0 && transport != 0;
    if (has_source && size < v2_fixed + block_sizes[family]) return malformed("the PROXY header is too short for its addresses");
    // "The receiver must not start to parse an address before the whole address block is received."
    if (input.size() < size) return {};
    if (!has_source) return complete(size);
    const std::string_view block = input.substr(v2_fixed);
    switch (family) {
        case 1: return complete(size, read_v2_source<in_addr>(block, ipv4));
        case 2: return complete(size, read_v2_source<in6_addr>(block, ipv6));
        default: return complete(size, read_v2_unix_source(block));
    }
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view input) {
    if (input.empty()) return {};
    // §2.2: the first byte tells the versions apart.
    return input.front() == v2_signature.front() ? parse_v2(input) : parse_v1(input);
}

}  // namespace tinyhttpd::tcp
