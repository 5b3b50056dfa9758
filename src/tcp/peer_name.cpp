// SPDX-License-Identifier: MIT
#include "tcp/peer_name.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>

namespace tinyhttpd::tcp {

PeerName peer_name(const SocketAddress& address) {
    PeerName name;
    const auto append = [&name](std::string_view text) {
        std::memcpy(name.text_.data() + name.size_, text.data(), text.size());
        name.size_ = static_cast<std::uint8_t>(name.size_ + text.size());
    };
    std::array<char, INET6_ADDRSTRLEN> host;
    static_assert(std::tuple_size_v<decltype(PeerName::text_)> >= host.size() - 1 + std::string_view("[]:65535").size());
    const auto append_with_port = [&](int family, const void* number, std::string_view before, std::string_view after, in_port_t port) {
        if (::inet_ntop(family, number, host.data(), host.size()) == nullptr) return;
        append(before);
        append(host.data());
        append(after);
        std::array<char, 5> digits;
        append({digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), ntohs(port)).ptr});
    };
    if (address.family() == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, &address.storage, sizeof v4);
        append_with_port(AF_INET, &v4.sin_addr, "", ":", v4.sin_port);
    } else if (address.family() == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, &address.storage, sizeof v6);
        // A dual-stack listener sees IPv4 clients as ::ffff:a.b.c.d; their own name is what people look for in a log.
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            append_with_port(AF_INET, &v6.sin6_addr.s6_addr[12], "", ":", v6.sin6_port);
        } else {
            append_with_port(AF_INET6, &v6.sin6_addr, "[", "]:", v6.sin6_port);
        }
    } else if (address.family() == AF_UNIX) {
        append("unix:");
    }
    return name;
}

PeerName peer_name(int fd) {
    SocketAddress address;
    address.size = sizeof address.storage;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) return PeerName{};
    return peer_name(address);
}

}  // namespace tinyhttpd::tcp
