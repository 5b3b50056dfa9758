// SPDX-License-Identifier: MIT
// ListenAddress: one `--listen` value, understood but not yet bound. Numeric only: no DNS, no NSS. config/ parses it to
// point at a bad one by its source and place, tcp/ binds it, probe/ connects to it.
#pragma once

#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace tinyhttpd {

/// unix(7): sun_path holds the path and its terminating NUL.
inline constexpr std::size_t unix_path_max = sizeof(sockaddr_un::sun_path) - 1;

struct ListenAddress {
    enum class Kind : std::uint8_t {
        ipv4,       ///< host is a dotted quad
        ipv6,       ///< host is an IPv6 literal without brackets (a %zone is kept)
        any,        ///< `:port`: every address, IPv4 and IPv6
        localhost,  ///< `localhost:port`: 127.0.0.1 and ::1
        unix_path,  ///< host is the path of a unix socket
        inherited,  ///< `systemd` or `systemd:NAME`: sockets that a service manager passed in; host is the name, empty for all
    };

    Kind kind = Kind::ipv4;
    std::string host = "127.0.0.1";
    std::uint16_t port = 8000;  ///< 0: the kernel picks; unused for unix_path and inherited

    friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

/// The address in `text`, or one sentence that says what is wrong with it and what would be right.
[[nodiscard]] std::expected<ListenAddress, std::string> parse_listen_address(std::string_view text);

/// The text that parses back to `address`.
[[nodiscard]] std::string to_string(const ListenAddress& address);

}  // namespace tinyhttpd
