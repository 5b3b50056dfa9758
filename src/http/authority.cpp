// SPDX-License-Identifier: MIT
#include "http/authority.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "base/ascii.hpp"

namespace tinyhttpd::http {

namespace {

bool consists_of(std::string_view text, unsigned classes) {
    return std::ranges::all_of(text, [classes](char byte) { return ascii::is(byte, classes); });
}

// inet_pton(3) takes exactly the IPv6address of RFC 3986: no zone, no leading zeros in a dotted quad.
std::optional<in6_addr> ipv6_address(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> terminated;
    if (text.size() >= terminated.size()) return std::nullopt;
    *std::ranges::copy(text, terminated.begin()).out = '\0';
    in6_addr address;
    return inet_pton(AF_INET6, terminated.data(), &address) == 1 ? std::optional(address) : std::nullopt;
}

// Bytes of `text` that are of `classes` or `others`, or percent escapes (RFC 3986 §2.1), from its beginning.
std::size_t escaped_size(std::string_view text, unsigned classes, std::string_view others) {
    std::size_t size = 0;
    while (size < text.size()) {
        if (ascii::is(text[size], classes) || others.contains(text[size])) {
            ++size;
        } else if (text[size] == '%' && text.size() - size > 2 && consists_of(text.substr(size + 1, 2), ascii::hex_digit)) {
            size += 3;
        } else {
            break;
        }
    }
    return size;
}

// RFC 6874 §2: IPv6addrz = IPv6address "%25" ZoneID, ZoneID = 1*( unreserved / pct-encoded ). Most clients send the "%" raw,
// as a user types it and the line at start prints it. Other addresses have no zone: RFC 4007 §11.
bool is_ipv6(std::string_view text) {
    const std::size_t percent = text.find('%');
    const auto address = ipv6_address(text.substr(0, percent));
    if (!address || percent == std::string_view::npos) return address.has_value();
    const std::string_view zone = text.substr(percent + 1);
    return IN6_IS_ADDR_LINKLOCAL(&*address) && !zone.empty() && escaped_size(zone, ascii::alpha | ascii::digit, "-._~") == zone.size();
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
    return escaped_size(text, ascii::host_char, {});
}

bool is_port(std::string_view text) {
    return text.empty() || (text.front() == ':' && consists_of(text.substr(1), ascii::digit));
}

// RFC 3986 §3.2: [ userinfo "@" ] host [ ":" port ], where a reg-name may be empty.
bool is_authority(std::string_view text) {
    if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
        if (escaped_size(text.substr(0, at), ascii::host_char, ":") != at) return false;
        text.remove_prefix(at + 1);
    }
    return is_port(text.substr(host_size(text)));
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

// RFC 9110 §4.2: an http URI has an authority with a host, and no userinfo (§4.2.4). A URI of another scheme may have neither;
// `host:port` has the shape of one, but means a tunnel.
Refusal judge_absolute_form(RequestHead& head, std::string_view target) {
    const std::size_t size = scheme_size(target);
    if (size == 0) return Refusal::target_form;
    const std::string_view scheme = target.substr(0, size);
    const std::string_view rest = target.substr(size + 1);
    head.form = TargetForm::absolute;
    head.is_https = equals_ignore_case(scheme, "https");
    const bool is_http = head.is_https || equals_ignore_case(scheme, "http");
    if (!rest.starts_with("//")) {
        if (is_http) return Refusal::target_authority;
        return consists_of(rest, ascii::digit) ? Refusal::target_form : Refusal::none;
    }
    const std::string_view authority = rest.substr(2, std::min(rest.find_first_of("/?", 2), rest.size()) - 2);
    return (is_http ? is_host(authority) : is_authority(authority)) ? Refusal::none : Refusal::target_authority;
}

}  // namespace

bool is_host(std::string_view value) {
    const std::size_t size = host_size(value);
    if (size == 0) return false;
    return is_port(value.substr(size));
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

Refusal judge_target(RequestHead& head, std::string_view target) {
    if (head.method == Method::connect) {
        head.form = TargetForm::authority;
        return is_authority_form(target) ? Refusal::none : Refusal::connect_target;
    }
    if (target.front() == '/') return Refusal::none;
    if (target != "*") return judge_absolute_form(head, target);
    head.form = TargetForm::asterisk;
    return head.method == Method::options ? Refusal::none : Refusal::target_form;
}

}  // namespace tinyhttpd::http
