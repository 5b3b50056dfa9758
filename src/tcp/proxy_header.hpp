// SPDX-License-Identifier: MIT
// The header of the PROXY protocol, versions 1 and 2 (haproxy's doc/proxy-protocol.txt): what a proxy says of the client before the
// client's first byte. It sees bytes and no socket, keeps nothing between calls, and never guesses: what is no header is malformed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/socket_address.hpp"

namespace tinyhttpd::tcp {

/// No header is longer. Version 1: §2.1, 107 bytes. Version 2: its 16 bytes, the 216 of two unix addresses, and room for the TLVs that
/// proxies send; its length field could announce 65,551, which is a lot to keep for a client that may be anybody.
inline constexpr std::size_t proxy_header_max = 536;

struct ProxyHeader {
    enum class State : std::uint8_t {
        incomplete,  ///< call again with the same bytes and more behind them; never with proxy_header_max bytes or more
        complete,
        malformed,  ///< §2: the connection is to be ended, and nothing in it to be read as a request
    };
    State state = State::incomplete;
    std::size_t size = 0;                 ///< complete: the header's bytes, at the front of the input
    std::optional<SocketAddress> source;  ///< complete: the client. Nothing: the connection's own peer is (LOCAL, UNKNOWN, UNSPEC)
    std::string_view why;                 ///< malformed: a literal that reads as a sentence without its full stop
};

/// Looks for a header at the front of `input`, which is everything the connection has received so far. The judgement does not depend on
/// how the bytes were split: once it is no longer incomplete, it stays, whatever follows. TLVs are skipped, PP2_TYPE_CRC32C with them
/// (§2.2.3 leaves the checksum to receivers that support it).
[[nodiscard]] ProxyHeader parse_proxy_header(std::string_view input);

}  // namespace tinyhttpd::tcp
