// SPDX-License-Identifier: MIT
// The peer's address as text for who writes of its requests: numeric, with the port: "127.0.0.1:4711", "[::1]:4711"; "unix:" for a
// unix socket. Asked of the kernel once per connection, and only when somebody logs; or told by a proxy (proxy_header.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/socket_address.hpp"

namespace tinyhttpd::tcp {

class PeerName {
public:
    [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

private:
    friend PeerName peer_name(const SocketAddress& address);

    std::array<char, 53> text_;  // "[", INET6_ADDRSTRLEN - 1, "]:65535"
    std::uint8_t size_ = 0;
};

/// A client at `address`; empty for one that is of no family we serve.
[[nodiscard]] PeerName peer_name(const SocketAddress& address);
/// The peer of a connected socket; empty when it is gone already.
[[nodiscard]] PeerName peer_name(int fd);

}  // namespace tinyhttpd::tcp
