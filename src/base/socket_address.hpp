// SPDX-License-Identifier: MIT
// SocketAddress: a sockaddr of any family with its length, made from the numbers and paths that a user writes. tcp/ binds to
// them, probe/ and the service notice send to them. Nothing is looked up.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/listen_address.hpp"

namespace tinyhttpd {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    [[nodiscard]] int family() const { return storage.ss_family; }

    /// A copy of a sockaddr of one family, or of its first `size` bytes (unix(7): the length says where an abstract name ends).
    template <class Address>
    [[nodiscard]] static SocketAddress of(const Address& address, std::size_t size = sizeof(Address)) {
        SocketAddress out;
        std::memcpy(&out.storage, &address, size);
        out.size = static_cast<socklen_t>(size);
        return out;
    }

    /// `host` is a dotted quad.
    [[nodiscard]] static SocketAddress ipv4(const std::string& host, std::uint16_t port);
    /// `host` is an IPv6 literal without brackets; a %zone becomes the number of that interface, 0 when there is none (zone_problem()).
    [[nodiscard]] static SocketAddress ipv6(const std::string& host, std::uint16_t port);
    /// The socket whose file is `path`, of at most unix_path_max bytes (asserted).
    [[nodiscard]] static SocketAddress unix_path(std::string_view path);
    /// unix(7): the socket of that name in Linux's abstract namespace, without the leading '@'; at most unix_path_max bytes.
    [[nodiscard]] static SocketAddress unix_abstract(std::string_view name);
};

/// "no interface 'nope'", when `address` has a %zone that is neither the name nor the number of an interface (RFC 4007 §11.2). Whether it
/// is one is known to the system alone, and may change: asked by who is about to use the address.
[[nodiscard]] std::optional<std::string> zone_problem(const ListenAddress& address);

/// Where the socket `fd` is bound, as `--listen` would write it: `any` for the IPv6 :: that takes IPv4 too, and a unix socket in the
/// abstract namespace with an '@' in front. Nothing for a socket of any other family, and for what is no socket.
[[nodiscard]] std::optional<ListenAddress> bound_address(int fd);

}  // namespace tinyhttpd
