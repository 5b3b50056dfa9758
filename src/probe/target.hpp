// SPDX-License-Identifier: MIT
// Target: what `tinyhttpd probe` asks, understood from its URL or from the server's own listen address. Numeric addresses and
// localhost only: the static program looks up no names. Nothing is connected to here.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/listen_address.hpp"
#include "base/socket_address.hpp"

namespace tinyhttpd::probe {

/// A field line of the request.
struct Field {
    std::string name;
    std::string value;
};

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

/// The request that a probe sends: one GET after which the connection ends. Each of `fields` is added; one of a name that a probe
/// sends by itself (Host, User-Agent, Accept) replaces that, or with an empty value leaves it out.
[[nodiscard]] std::string request_for(const Target& target, std::span<const Field> fields);

}  // namespace tinyhttpd::probe
