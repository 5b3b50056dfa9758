// SPDX-License-Identifier: MIT
#include "tcp/peer_name.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace tinyhttpd::tcp {

PeerName peer_name(const SocketAddress& address) {
    static_assert(std::tuple_size_v<decltype(PeerName::text_)> >= INET6_ADDRSTRLEN);
    PeerName name;
    const char* text = nullptr;
    if (address.family() == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, &address.storage, sizeof v4);
        text = ::inet_ntop(AF_INET, &v4.sin_addr, name.text_.data(), name.text_.size());
    } else if (address.family() == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, &address.storage, sizeof v6);
        // A dual-stack listener sees IPv4 clients as ::ffff:a.b.c.d; their own name is what people look for in a log.
        text = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) ? ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], name.text_.data(), name.text_.size())
                                                   : ::inet_ntop(AF_INET6, &v6.sin6_addr, name.text_.data(), name.text_.size());
    } else if (address.family() == AF_UNIX) {
        text = static_cast<const char*>(std::memcpy(name.text_.data(), "unix:", sizeof "unix:"));
    }
    name.size_ = text == nullptr ? 0 : static_cast<std::uint8_t>(std::strlen(text));
    return name;
}

PeerName peer_name(int fd) {
    SocketAddress address;
    address.size = sizeof address.storage;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) return PeerName{};
    return peer_name(address);
}

}  // namespace tinyhttpd::tcp
