// SPDX-License-Identifier: MIT
// Target: what `tinyhttpd probe` asks, understood from its URL or from the server's own listen address. Numeric addresses and
// localhost only: the static program looks up no names. Nothing is connected to here.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/listen_address.hpp"
#include "base/socket_address.hpp"

namespace tinyhttpd::probe {

struct Target {
    std::string name;                      ///< as messages call it: "http://127.0.0.1:8000/", "unix:/run/x.sock"
    std::vector<SocketAddress> addresses;  ///< tried in this order; two for localhost
    std::string host;                      ///< the Host field
    std::string path = "/";                ///< the request target
};

/// `text` is http://host[:port][/path], an address as --listen takes it with or without a path, or unix:/path. The error is one
/// sentence that says what would be right.
[[nodiscard]] std::expected<Target, std::string> parse_url(std::string_view text);

/// The server that listens at `listener`, from the same machine: 0.0.0.0, [::] and `:port` are reached over the loopback interface. The
/// error is that there is no telling where it is: port 0, or inherited sockets.
[[nodiscard]] std::expected<Target, std::string> target_at(const ListenAddress& listener);

}  // namespace tinyhttpd::probe
