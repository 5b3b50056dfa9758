// SPDX-License-Identifier: MIT
// parse_listen_address: one `--listen` value to a ListenAddress and back. inet_pton(3) decides what a numeric address is;
// nothing is looked up and nothing is bound. Each refusal says which form would have been right.
#include "base/listen_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace tinyhttpd {

namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::string_view inherited = "systemd";
constexpr std::string_view forms = "host:port, :port, [ipv6]:port, unix:/path or systemd";

std::unexpected<std::string> refuse(std::string text) {
    return std::unexpected(std::move(text));
}

bool is_all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_ipv4(const std::string& text) {
    in_addr ignored;
    return inet_pton(AF_INET, text.c_str(), &ignored) == 1;
}

bool is_ipv6(std::string_view text) {
    if (const auto percent = text.find('%'); percent != std::string_view::npos) {
        // RFC 4007 §11: <address>%<zone>. Whether the zone exists is zone_problem()'s question.
        if (percent + 1 == text.size()) return false;
        text = text.substr(0, percent);
    }
    in6_addr ignored;
    return inet_pton(AF_INET6, std::string(text).c_str(), &ignored) == 1;
}

bool is_localhost(std::string_view text) {
    constexpr std::string_view name = "localhost";
    return std::ranges::equal(text, name, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
}

std::expected<std::uint16_t, std::string> parse_port(std::string_view text) {
    if (text.empty()) return refuse("the port is missing after the last ':' (0 picks a free one)");
    if (!is_all_digits(text)) return refuse("the port '" + std::string(text) + "' is no number from 0 to 65535");
    std::uint16_t port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (failure != std::errc{} || end != text.data() + text.size()) return refuse("the port " + std::string(text) + " is above 65535");
    return port;
}

std::expected<ListenAddress, std::string> parse_unix(std::string_view path) {
    if (path.empty()) return refuse("the path is missing; write unix:/path/to/socket");
    if (path.find('\0') != std::string_view::npos) return refuse("the path of a unix socket holds a NUL byte");
    if (path.size() > unix_path_max)
        return refuse("the path of a unix socket has at most " + std::to_string(unix_path_max) + " bytes, this one has " +
                      std::to_string(path.size()));
    return ListenAddress{ListenAddress::Kind::unix_path, std::string(path), 0};
}

// systemd.socket(5), FileDescriptorName=: no control characters and no ':', at most 255 of them.
std::expected<ListenAddress, std::string> parse_inherited(std::string_view name) {
    constexpr std::size_t name_max = 255;
    if (name.empty()) return refuse("the name after 'systemd:' is missing; write systemd for all inherited sockets");
    if (name.size() > name_max || std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f || c == ':'; }))
        return refuse("the name of an inherited socket has at most 255 bytes, no ':' and no control character among them");
    return ListenAddress{ListenAddress::Kind::inherited, std::string(name), 0};
}

/// The parts of a text between commas and white space.
std::vector<std::string_view> parts_of(std::string_view text) {
    constexpr std::string_view separators = ", \t\n\r";
    std::vector<std::string_view> parts;
    for (std::size_t at = text.find_first_not_of(separators); at != std::string_view::npos; at = text.find_first_not_of(separators, at)) {
        const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
        parts.push_back(text.substr(at, end - at));
        at = end;
    }
    return parts;
}

/// What is wrong with a text that holds several addresses, if it does. The path of a unix socket may hold a comma, but hardly by chance
/// one with an address behind it.
std::optional<std::string> several(std::string_view text) {
    const std::vector<std::string_view> parts = parts_of(text);
    const bool is_path = text.starts_with(unix_prefix);
    if (parts.size() == 1 && parts.front() != text && !is_path)
        return "a comma or white space beside the address; write " + std::string(parts.front());
    if (parts.size() < 2) return std::nullopt;
    if (is_path && !std::ranges::all_of(parts, [](std::string_view part) { return parse_listen_address(part).has_value(); }))
        return std::nullopt;
    return "several addresses in one; give --listen once for each (in TOML an array, in the environment one on each line)";
}

/// `authority` without a user and password (RFC 3986 §3.2), if that is an address; else what one looks like.
std::string suggest_address(std::string_view authority) {
    const std::string_view address = authority.substr(authority.rfind('@') + 1);  // npos + 1 is 0
    const bool is_one = address.find("://") == std::string_view::npos && parse_listen_address(address).has_value();
    return is_one ? "write " + std::string(address) : "an address is " + std::string(forms);
}

/// What an IPv6 address without brackets was meant to be: "::1:8080" is one, and yet who writes it has a port in mind.
std::string suggest_brackets(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    const std::string_view head = text.substr(0, colon);
    const std::string_view tail = text.substr(colon + 1);
    if (is_ipv6(head) && parse_port(tail)) return '[' + std::string(head) + "]:" + std::string(tail);
    return is_ipv6(text) ? '[' + std::string(text) + "]:8000" : "";
}

/// What a text without a port was meant to be.
std::string suggest_port(const std::string& text) {
    if (is_all_digits(text))
        return "a port needs a ':' in front; write 127.0.0.1:" + text + " for this machine only, :" + text + " for all addresses";
    if (is_ipv4(text) || is_localhost(text)) return "the port is missing; write " + text + ":8000";
    if (text.starts_with('/') || text.starts_with("./")) return "a path needs 'unix:' in front; write unix:" + text;
    return "an address is " + std::string(forms);
}

}  // namespace

std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text) {
    using Kind = ListenAddress::Kind;
    if (text.empty()) return refuse("the address is empty; write " + std::string(forms));
    if (text.starts_with(unix_prefix)) {
        if (auto problem = several(text)) return refuse(*std::move(problem));
        return parse_unix(text.substr(unix_prefix.size()));
    }
    if (text == inherited) return ListenAddress{Kind::inherited, {}, 0};
    if (text.starts_with(inherited) && text[inherited.size()] == ':') return parse_inherited(text.substr(inherited.size() + 1));
    if (auto problem = several(text)) return refuse(*std::move(problem));
    if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
        const std::string_view rest = text.substr(scheme + 3);
        return refuse("this is a URL; " + suggest_address(rest.substr(0, rest.find_first_of("/?#"))));
    }
    if (text.find('@') != std::string_view::npos) return refuse("an address has no user or password; " + suggest_address(text));

    std::string host;
    std::string_view port_text;
    const bool bracketed = text.front() == '[';
    if (bracketed) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return refuse("the ']' is missing; write [::1]:8000");
        host = text.substr(1, close - 1);
        const std::string_view rest = text.substr(close + 1);
        if (!rest.starts_with(':')) return refuse("the port is missing; write [" + host + "]:8000");
        port_text = rest.substr(1);
    } else {
        if (const std::string meant = suggest_brackets(text); !meant.empty())
            return refuse("an IPv6 address goes in brackets; write " + meant);
        const auto colon = text.rfind(':');
        if (colon == std::string_view::npos) return refuse(suggest_port(std::string(text)));
        host = text.substr(0, colon);
        port_text = text.substr(colon + 1);
        if (host.find(':') != std::string::npos) return refuse("an IPv6 address goes in brackets, as in [::1]:8000");
    }

    const auto port = parse_port(port_text);
    if (!port) return std::unexpected(port.error());
    if (bracketed) {
        if (!is_ipv6(host)) return refuse("'" + host + "' is no IPv6 address; numeric addresses only");
        return ListenAddress{Kind::ipv6, host, *port};
    }
    if (host.empty()) return ListenAddress{Kind::any, {}, *port};
    if (is_localhost(host)) return ListenAddress{Kind::localhost, "localhost", *port};
    if (is_ipv4(host)) return ListenAddress{Kind::ipv4, host, *port};
    const std::string port_string = std::to_string(*port);
    if (host == "*") return refuse("all addresses are written :" + port_string);
    return refuse("'" + host + "' is no numeric address, and names are not looked up: numeric addresses only, or localhost:" + port_string);
}

std::string to_string(const ListenAddress& address) {
    std::string port = ':' + std::to_string(address.port);
    switch (address.kind) {
        case ListenAddress::Kind::ipv4:
        case ListenAddress::Kind::localhost: return address.host + port;
        case ListenAddress::Kind::ipv6: return '[' + address.host + ']' + port;
        case ListenAddress::Kind::any: return port;
        case ListenAddress::Kind::unix_path: return std::string(unix_prefix) + address.host;
        case ListenAddress::Kind::inherited: return std::string(inherited) + (address.host.empty() ? "" : ':' + address.host);
    }
    return {};
}

}  // namespace tinyhttpd
