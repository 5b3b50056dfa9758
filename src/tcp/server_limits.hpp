// SPDX-License-Identifier: MIT
// The numbers a server is given and those it gives back, and the sockets that it listens on.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "tcp/census.hpp"

namespace tinyhttpd::tcp {

struct ServerLimits {
    /// Most input that a connection may keep: the longest head (or proxy's header), one receive that was not consumed, and one that
    /// came meanwhile.
    std::size_t saved_input = 24 * 1024;
    /// Every connection begins with a header of the PROXY protocol, which says who the client is (proxy_header.hpp).
    bool proxy_protocol = false;
    /// Of the first request from accept: a proxy's header is within it.
    std::chrono::nanoseconds head_timeout = std::chrono::seconds(10);
    std::chrono::nanoseconds idle_timeout = std::chrono::seconds(75);
    std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);
    /// For the whole of a request's content; it may stall for head_timeout.
    std::chrono::nanoseconds body_timeout = std::chrono::minutes(5);
    /// RFC 9112 §9.6: after the last answer is read what still comes, so that a reset cannot destroy the answer on its way: until the
    /// peer is silent for so long, and for so long in all.
    std::chrono::nanoseconds linger_silence = std::chrono::seconds(5);
    std::chrono::nanoseconds linger_timeout = std::chrono::seconds(30);
    /// How long a drain may last before whoever ordered it orders an abort.
    std::chrono::nanoseconds drain_timeout = std::chrono::hours(24 * 365);
    /// Slots there may be: the limit on connections, and those that a drain still takes from the backlog beyond it.
    std::uint32_t max_slots = 1024;
    /// How long accepting stays paused when descriptors ran out and no connection of this worker closes.
    std::chrono::nanoseconds accept_retry = std::chrono::milliseconds(100);
    /// Asked whether anything goes on; null: nobody asks. Outlives the server.
    Census* census = nullptr;
};

/// A listening socket, which stays its owner's and may be shared with other workers.
struct ListeningSocket {
    int fd = -1;
    /// It was passed in and somebody else will go on accepting from it: a drain leaves them its backlog.
    bool has_successor = false;
};

/// What became of a worker's connections.
struct ServerOutcome {
    std::uint64_t answered = 0;  ///< final responses whose bytes were all handed to the kernel
    std::uint64_t cut = 0;       ///< connections closed by an abort although a request or an answer was under way
};

}  // namespace tinyhttpd::tcp
