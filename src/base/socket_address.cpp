// SPDX-License-Identifier: MIT
#include "base/socket_address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <system_error>

#include "base/verify.hpp"

namespace tinyhttpd {

namespace {

template <class Address>
Address loaded(const sockaddr_storage& storage) {
    Address address;
    std::memcpy(&address, &storage, sizeof address);
    return address;
}

/// The number of an interface by its name, or by itself; 0 when there is none. A name comes first: an interface may be called "1".
unsigned zone_index(const std::string& zone) {
    if (const unsigned index = ::if_nametoindex(zone.c_str()); index != 0) return index;
    unsigned index = 0;
    const auto [end, failure] = std::from_chars(zone.data(), zone.data() + zone.size(), index);
    std::array<char, IF_NAMESIZE> name{};
    const bool exists = failure == std::errc{} && end == zone.data() + zone.size() && ::if_indextoname(index, name.data()) != nullptr;
    return exists ? index : 0;
}

ListenAddress of_ipv4(const sockaddr_in& address) {
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    return {ListenAddress::Kind::ipv4, text.data(), ntohs(address.sin_port)};
}

ListenAddress of_ipv6(int fd, const sockaddr_in6& address) {
    const std::uint16_t port = ntohs(address.sin6_port);
    int only_ipv6 = 0;
    socklen_t size = sizeof only_ipv6;
    ::getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_ipv6, &size);
    if (IN6_IS_ADDR_UNSPECIFIED(&address.sin6_addr) && only_ipv6 == 0) return {ListenAddress::Kind::any, {}, port};
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
    std::string host = text.data();
    std::array<char, IF_NAMESIZE> zone{};
    if (address.sin6_scope_id != 0 && ::if_indextoname(address.sin6_scope_id, zone.data()) != nullptr)
        host += '%' + std::string(zone.data());
    return {ListenAddress::Kind::ipv6, host, port};
}

ListenAddress of_unix(const sockaddr_un& address, std::size_t size) {
    const std::size_t length = size - offsetof(sockaddr_un, sun_path);
    std::string path;
    if (length > 0 && address.sun_path[0] == '\0') {
        path = '@' + std::string(address.sun_path + 1, length - 1);
    } else {
        path.assign(address.sun_path, ::strnlen(address.sun_path, length));
    }
    return {ListenAddress::Kind::unix_path, path, 0};
}

}  // namespace

SocketAddress SocketAddress::ipv4(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    return of(address);
}

SocketAddress SocketAddress::ipv6(const std::string& host, std::uint16_t port) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    const std::size_t zone = host.find('%');
    ::inet_pton(AF_INET6, host.substr(0, zone).c_str(), &address.sin6_addr);
    if (zone != std::string::npos) address.sin6_scope_id = zone_index(host.substr(zone + 1));
    return of(address);
}

SocketAddress SocketAddress::unix_path(std::string_view path) {
    VERIFY(path.size() <= unix_path_max);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return of(address);
}

SocketAddress SocketAddress::unix_abstract(std::string_view name) {
    VERIFY(name.size() <= unix_path_max);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    // The name ends where the length says, not at a NUL.
    return of(address, offsetof(sockaddr_un, sun_path) + 1 + name.size());
}

std::optional<std::string> zone_problem(const ListenAddress& address) {
    const std::size_t percent = address.kind == ListenAddress::Kind::ipv6 ? address.host.find('%') : std::string::npos;
    if (percent == std::string::npos) return std::nullopt;
    const std::string zone = address.host.substr(percent + 1);
    if (zone_index(zone) != 0) return std::nullopt;
    return "no interface '" + zone + "'";
}

std::optional<ListenAddress> bound_address(int fd) {
    SocketAddress address;
    address.size = sizeof address.storage;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) return std::nullopt;
    switch (address.family()) {
        case AF_INET: return of_ipv4(loaded<sockaddr_in>(address.storage));
        case AF_INET6: return of_ipv6(fd, loaded<sockaddr_in6>(address.storage));
        case AF_UNIX: return of_unix(loaded<sockaddr_un>(address.storage), address.size);
        default: return std::nullopt;
    }
}

}  // namespace tinyhttpd
