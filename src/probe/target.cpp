// SPDX-License-Identifier: MIT
#include "probe/target.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.hpp"

namespace tinyhttpd::probe {

namespace {

using Kind = ListenAddress::Kind;

std::unexpected<std::string> refuse(std::string text) {
    return std::unexpected(std::move(text));
}

/// RFC 3986 §3.1: a scheme is case-insensitive. What is in front of "://", if there is one.
std::optional<std::string_view> scheme_of(std::string_view text) {
    const auto end = text.find("://");
    if (end == std::string_view::npos || text.substr(0, end).find_first_of("/?") != std::string_view::npos) return std::nullopt;
    return text.substr(0, end);
}

/// RFC 9110 §4.2.1: the port of an http URL without one is 80.
std::string with_port(std::string_view authority) {
    const auto colon = authority.find_last_of(":]");
    const bool has_port = colon != std::string_view::npos && authority[colon] == ':';
    return std::string(authority) + (has_port ? "" : ":80");
}

/// A listening address that stands for all of the machine's is reached on the loopback interface.
ListenAddress reachable(ListenAddress address) {
    if (address.kind == Kind::ipv4 && address.host == "0.0.0.0") address.host = "127.0.0.1";
    // inet_ntop(3) writes it so, but a user may have written 0::0.
    if (address.kind == Kind::ipv6 && address.host.find_first_not_of("0:") == std::string::npos) address.host = "::1";
    if (address.kind == Kind::any) address = {Kind::localhost, "localhost", address.port};
    return address;
}

/// RFC 6874 §1: a zone means something on this machine only, and is not sent.
std::string host_field(const ListenAddress& address) {
    ListenAddress sent = address;
    if (const auto zone = sent.host.find('%'); sent.kind == Kind::ipv6 && zone != std::string::npos) sent.host.resize(zone);
    return to_string(sent);
}

}  // namespace

std::expected<Target, std::string> target_at(const ListenAddress& listener) {
    const ListenAddress address = reachable(listener);
    const bool is_tcp = address.kind != Kind::unix_path && address.kind != Kind::inherited;
    if (is_tcp && address.port == 0)
        return refuse("port 0 is picked when the server starts; name the one it has, as in http://127.0.0.1:8000/");
    if (auto problem = zone_problem(address)) return refuse(*std::move(problem));
    Target target;
    switch (address.kind) {
        case Kind::ipv4: target.addresses = {SocketAddress::ipv4(address.host, address.port)}; break;
        case Kind::ipv6: target.addresses = {SocketAddress::ipv6(address.host, address.port)}; break;
        case Kind::any:
        case Kind::localhost:
            target.addresses = {SocketAddress::ipv4("127.0.0.1", address.port), SocketAddress::ipv6("::1", address.port)};
            break;
        case Kind::unix_path:
            target.addresses = {SocketAddress::unix_path(address.host)};
            target.name = to_string(address);
            target.host = "localhost";
            return target;
        case Kind::inherited: return refuse("only systemd knows where that is; name the address, as in http://127.0.0.1:8000/");
    }
    target.host = host_field(address);
    target.name = "http://" + to_string(address) + target.path;
    return target;
}

std::expected<Target, std::string> parse_url(std::string_view text) {
    if (text.starts_with("unix:")) {
        const auto address = parse_listen_address(text);
        if (!address) return std::unexpected(address.error());
        return target_at(*address);
    }
    const std::optional<std::string_view> scheme = scheme_of(text);
    if (scheme) {
        if (equals_ignore_case(*scheme, "https")) return refuse("https is not spoken here; probe the server's plain http port");
        if (!equals_ignore_case(*scheme, "http")) return refuse("only http://host:port/path and unix:/path can be probed");
        text.remove_prefix(scheme->size() + sizeof("://") - 1);
    }
    const auto end = std::min(text.find_first_of("/?#"), text.size());
    const std::string_view authority = text.substr(0, end);
    const std::string_view path = text.substr(end);
    // Neither may end the request line early, nor does a fragment go into one (RFC 9110 §7.1).
    if (const auto bad = std::ranges::find_if(path, [](char c) { return c != '%' && !ascii::is(c, ascii::target_char); });
        bad != path.end())
        return refuse(*bad == '#' ? "a fragment (#…) is not sent to a server; leave it out"
                                  : "the path holds a character that a request target cannot have; percent-encode it");
    for (auto percent = path.find('%'); percent != std::string_view::npos; percent = path.find('%', percent + 1)) {
        const std::string_view digits = path.substr(percent + 1, 2);
        if (digits.size() != 2 || !ascii::is(digits[0], ascii::hex_digit) || !ascii::is(digits[1], ascii::hex_digit))
            return refuse("the path holds a '%' without two hexadecimal digits behind it; write %25 for the character itself");
    }
    if (scheme && authority.empty()) return refuse("the host is missing; write http://127.0.0.1:8000/");
    // RFC 9110 §4.2.4: a sender must not generate them, and nothing asks for them here.
    if (authority.find('@') != std::string_view::npos)
        return refuse("the user and password of a URL are not sent; leave out what stands in front of the '@'");
    const auto address = parse_listen_address(scheme ? with_port(authority) : std::string(authority.empty() ? text : authority));
    if (!address) return std::unexpected(address.error());
    auto target = target_at(*address);
    if (target && target->path == "/" && !path.empty()) {
        target->path = (path.front() == '?' ? "/" : "") + std::string(path);
        target->name.pop_back();
        target->name += target->path;
    }
    return target;
}

std::string request_for(const Target& target, std::span<const Field> fields) {
    std::string request = "GET " + target.path + " HTTP/1.1\r\n";
    const auto add = [&request](std::string_view name, std::string_view value) {
        request.append(name).append(": ").append(value).append("\r\n");
    };
    for (const auto& [name, value] :
         {std::pair<std::string_view, std::string_view>{"Host", target.host}, {"User-Agent", "tinyhttpd-probe"}, {"Accept", "*/*"}}) {
        if (std::ranges::none_of(fields, [&](const Field& field) { return equals_ignore_case(field.name, name); })) add(name, value);
    }
    for (const Field& field : fields) {
        if (!field.value.empty()) add(field.name, field.value);
    }
    add("Connection", "close");
    return request += "\r\n";
}

}  // namespace tinyhttpd::probe
