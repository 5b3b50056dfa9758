// SPDX-License-Identifier: MIT
// KqueuePoller: the macOS and BSD half of the kqueue engine. Which descriptors are ready, nothing else; readiness_engine.hpp
// turns readiness into completions. A connection is registered once for each direction, edge-triggered (EV_CLEAR).
#pragma once

#include <sys/types.h>

#include <sys/event.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "io/readiness.hpp"

namespace tinyhttpd::io {

class KqueuePoller {
public:
    static constexpr std::string_view name = "kqueue";

    [[nodiscard]] static Result<KqueuePoller> create();

    [[nodiscard]] Result<void> add_connection(int fd, Tag tag);
    /// Level-triggered. kqueue(2) has no exclusive wake-up: all workers on one socket hear of each connection.
    [[nodiscard]] Result<void> add_listener(int fd, Tag tag);
    void remove_listener(int fd);

    /// Waits at most `timeout_ms` (-1: for ever) and returns how many entries readiness() then has. EINTR counts as none.
    [[nodiscard]] std::size_t wait(int timeout_ms);
    [[nodiscard]] Readiness readiness(std::size_t index) const {
        const struct kevent& event = events_[index];
        const bool read = event.filter == EVFILT_READ;
        // kqueue(2): EV_EOF comes with the last bytes, which are read first. For the other filter it means no more than that
        // sending is over, which our own shutdown() brings about as well; a connection that broke shows in both.
        return {reinterpret_cast<Tag>(event.udata), read, !read, read && (event.flags & EV_EOF) != 0};
    }
    /// Makes wait() report waker_tag. Async-signal-safe, from any thread.
    void wake() const;
    void wake_seen() const;

private:
    Fd kqueue_;
    Fd waker_;    ///< a pipe rather than EVFILT_USER, which not all BSDs have
    Fd wake_up_;  ///< its writing end
    static constexpr std::size_t events_per_wait = 256;
    std::vector<struct kevent> events_ = std::vector<struct kevent>(events_per_wait);
};
static_assert(Poller<KqueuePoller>);

}  // namespace tinyhttpd::io
