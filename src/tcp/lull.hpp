// SPDX-License-Identifier: MIT
// Lull: when a worker may conclude something from what has not arrived. Bytes that came in time may still wait in the kernel, the
// longer the later a turn of the loop begins (SIGSTOP, a busy machine): nothing expires, is swept or makes room before the kernel
// was asked once more and had nothing, or has been asked for so long that whatever had arrived must have been among the events.
#pragma once

#include <chrono>
#include <optional>

#include "io/engine.hpp"

namespace tinyhttpd::tcp {

class Lull {
public:
    /// Under a load that never pauses, "all that has arrived" needs an end.
    static constexpr std::chrono::milliseconds longest_wait{100};

    /// To be asked once per turn while something waits for it, behind the turn's events (`nothing_arrived`: there were none); each
    /// turn then polls. Not by the first: epoll_wait(2) that was interrupted, by SIGSTOP and SIGCONT, has looked at nothing.
    [[nodiscard]] bool has_come(bool nothing_arrived, io::Instant now) {
        // A turn that is late itself (SIGSTOP between two polls), or the first in a while, begins anew.
        if (!polling_from_ || now - asked_ >= longest_wait) {
            polling_from_ = asked_ = now;
            return false;
        }
        asked_ = now;
        if (!nothing_arrived && now - *polling_from_ < longest_wait) return false;
        polling_from_.reset();
        return true;
    }
    /// Nothing waits for it any more.
    void forget() { polling_from_.reset(); }

private:
    std::optional<io::Instant> polling_from_;
    io::Instant asked_{};  ///< the last time
};

}  // namespace tinyhttpd::tcp
