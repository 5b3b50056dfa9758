// SPDX-License-Identifier: MIT
// SocketAddress: a sockaddr of any family with its length, made from the numbers and paths that a user writes. tcp/ binds to
// them, probe/ and the service notice send to them. Nothing is looked up.
#pragma once

#include <sys/socket.h>

#include <cstdint>
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

    /// `host` is a dotted quad.
    [[nodiscard]] static SocketAddress ipv4(const std::string& host, std::uint16_t port);
    /// `host` is an IPv6 literal without brackets; a %zone becomes the number of that interface, 0 when there is none.
    [[nodiscard]] static SocketAddress ipv6(const std::string& host, std::uint16_t port);
    /// The socket whose file is `path`, of at most unix_path_max bytes (asserted).
    [[nodiscard]] static SocketAddress unix_path(std::string_view path);
    /// unix(7): the socket of that name in Linux's abstract namespace, without the leading '@'; at most unix_path_max bytes.
    [[nodiscard]] static SocketAddress unix_abstract(std::string_view name);
};

/// Where the socket `fd` is bound, as `--listen` would write it: `any` for the IPv6 :: that takes IPv4 too, and a unix socket in the
/// abstract namespace with an '@' in front. Nothing for a socket of any other family, and for what is no socket.
[[nodiscard]] std::optional<ListenAddress> bound_address(int fd);

}  // namespace tinyhttpd
