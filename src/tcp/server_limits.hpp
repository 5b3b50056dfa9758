// SPDX-License-Identifier: MIT
// The numbers a server is given and those it gives back, and the stages of its life.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tinyhttpd::tcp {

struct ServerLimits {
    /// Most input that a connection may keep: the longest head, one receive that was not consumed, and one that came meanwhile.
    std::size_t saved_input = 24 * 1024;
    std::chrono::nanoseconds head_timeout = std::chrono::seconds(10);
    std::chrono::nanoseconds idle_timeout = std::chrono::seconds(75);
    std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);
    /// A body may take this many times head_timeout in all, and head_timeout without progress.
    int body_timeout_factor = 30;
    /// RFC 9112 §9.6: how long and how much is read after the last answer, so that a reset cannot destroy it on its way.
    std::chrono::nanoseconds linger_timeout = std::chrono::seconds(2);
    std::uint64_t linger_bytes = 1024 * 1024;
    /// Slots there may be: the limit on connections, and those that a drain still takes from the backlog beyond it.
    std::uint32_t max_slots = 1024;
    /// How long accepting stays paused when descriptors ran out and no connection of this worker closes.
    std::chrono::nanoseconds accept_retry = std::chrono::milliseconds(100);
};

enum class ServerStage : std::uint8_t {
    serving,
    emptying,  ///< ordered to drain: whatever has already arrived is taken in first, connections in the backlog too
    draining,  ///< accepting has ended; only connections with a request under way are left
    aborted,
};

/// What became of a worker's connections.
struct ServerOutcome {
    std::uint64_t answered = 0;  ///< final responses whose bytes were all handed to the kernel
    std::uint64_t cut = 0;       ///< connections closed by an abort although a request or an answer was under way
};

}  // namespace tinyhttpd::tcp
