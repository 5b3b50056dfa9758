// SPDX-License-Identifier: MIT
// One connection as tcp::Server keeps it: a slot that is used again and again, small because 10,000 idle ones must be cheap.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/block_pool.hpp"
#include "base/protocol.hpp"
#include "io/engine.hpp"
#include "tcp/deadlines.hpp"

namespace tinyhttpd::tcp {

enum class ConnectionState : std::uint8_t {
    free,       ///< the slot is not in use
    receiving,  ///< waiting for input
    sending,    ///< a batch is on its way; receiving is paused
    lingering,  ///< the last answer is out and FIN sent: what still comes is discarded, until the peer's FIN or a bound
    closing,    ///< the engine was told to close; the slot is free again when it says `closed`
};

template <class Session>
struct Connection {
    DeadlineLink deadline;
    std::uint32_t generation = 0;
    ConnectionState state = ConnectionState::free;
    Next after_send = Next::receive;  ///< what happens when the running send has completed
    Lease lease = no_lease;           ///< of the running send
    std::uint32_t answers = 0;        ///< final responses in the running send
    std::uint32_t saved_size = 0;     ///< bytes in `saved`
    BlockPool::Block saved;           ///< input that was not consumed; null when there is none
    io::Instant body_began;           ///< when the content that is being skipped began
    std::uint64_t progress = 0;       ///< sending: bytes sent at the last look; lingering: bytes discarded
    Session session;
};

}  // namespace tinyhttpd::tcp
