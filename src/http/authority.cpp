// SPDX-License-Identifier: MIT
#include "http/authority.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/ascii.hpp"

namespace tinyhttpd::http {

namespace {

bool consists_of(std::string_view text, unsigned classes) {
    return std::ranges::all_of(text, [classes](char byte) { return ascii::is(byte, classes); });
}

// inet_pton(3) takes exactly the IPv6address of RFC 3986: no zone, no leading zeros in a dotted quad.
bool is_ipv6(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> terminated;
    if (text.size() >= terminated.size()) return false;
    *std::ranges::copy(text, terminated.begin()).out = '\0';
    in6_addr address;
    return inet_pton(AF_INET6, terminated.data(), &address) == 1;
}

// IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )
bool is_ip_future(std::string_view text) {
    if (text.empty() || (text.front() | 0x20) != 'v') return false;
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
    return consists_of(text.substr(1, dot - 1), ascii::hex_digit) &&
           std::ranges::all_of(text.substr(dot + 1), [](char byte) { return byte == ':' || ascii::is(byte, ascii::host_char); });
}

// Bytes of the uri-host that `text` starts with; 0 when it starts with none.
std::size_t host_size(std::string_view text) {
    if (text.starts_with('[')) {
        const std::size_t bracket = text.find(']');
        if (bracket == std::string_view::npos) return 0;
        const std::string_view literal = text.substr(1, bracket - 1);
        return is_ipv6(literal) || is_ip_future(literal) ? bracket + 1 : 0;
    }
    std::size_t size = 0;
    while (size < text.size()) {
        if (ascii::is(text[size], ascii::host_char)) {
            ++size;
        } else if (text[size] == '%' && text.size() - size > 2 && consists_of(text.substr(size + 1, 2), ascii::hex_digit)) {
            size += 3;
        } else {
            break;
        }
    }
    return size;
}

// `scheme ":" …`: bytes of the scheme, 0 when there is none.
std::size_t scheme_size(std::string_view target) {
    if (!ascii::is(target.front(), ascii::alpha)) return 0;
    const auto is_scheme_byte = [](char byte) {
        return ascii::is(byte, ascii::alpha | ascii::digit) || byte == '+' || byte == '-' || byte == '.';
    };
    const auto end = std::ranges::find_if_not(target, is_scheme_byte);
    return end != target.end() && *end == ':' ? static_cast<std::size_t>(end - target.begin()) : 0;
}

// RFC 9110 §4.2: an http URI has an authority with a host, and no userinfo (§4.2.4). Of other schemes only the shape can be
// judged; `host:port` has the shape of one, but means a tunnel.
bool is_absolute_form(std::string_view target) {
    const std::size_t size = scheme_size(target);
    if (size == 0) return false;
    const std::string_view scheme = target.substr(0, size);
    std::string_view rest = target.substr(size + 1);
    if (!equals_ignore_case(scheme, "http") && !equals_ignore_case(scheme, "https")) {
        return !consists_of(rest, ascii::digit);
    }
    if (!rest.starts_with("//")) return false;
    rest.remove_prefix(2);
    return is_host(rest.substr(0, rest.find_first_of("/?")));
}

}  // namespace

bool is_host(std::string_view value) {
    const std::size_t size = host_size(value);
    if (size == 0) return false;
    return size == value.size() || (value[size] == ':' && consists_of(value.substr(size + 1), ascii::digit));
}

bool is_authority_form(std::string_view target) {
    const std::size_t size = host_size(target);
    if (size == 0 || size == target.size() || target[size] != ':') return false;
    const std::string_view port = target.substr(size + 1);
    if (port.empty() || port.size() > 5 || !consists_of(port, ascii::digit)) return false;
    unsigned number = 0;
    for (const char digit : port) number = number * 10 + static_cast<unsigned>(digit - '0');
    return number > 0 && number <= 65535;
}

std::optional<TargetForm> target_form(std::string_view target, Method method) {
    if (method == Method::connect) return is_authority_form(target) ? std::optional(TargetForm::authority) : std::nullopt;
    if (target.front() == '/') return TargetForm::origin;
    if (target == "*") return method == Method::options ? std::optional(TargetForm::asterisk) : std::nullopt;
    return is_absolute_form(target) ? std::optional(TargetForm::absolute) : std::nullopt;
}

}  // namespace tinyhttpd::http
