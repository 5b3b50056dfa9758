// SPDX-License-Identifier: MIT
// KqueuePoller: the macOS and BSD half of the kqueue engine. Which descriptors are ready, nothing else; readiness_engine.hpp
// turns readiness into completions. A connection is registered once for each direction, edge-triggered (EV_CLEAR).
//
// Where the systems differ, by their manual pages (kqueue(2) of macOS 15, FreeBSD 15 and NetBSD 10), and what is made of it:
// - FreeBSD and NetBSD can close a new kqueue on exec (kqueuex, kqueue1), macOS cannot: fcntl(2) does it for all of them.
// - macOS reports out-of-band data by the read filter too (EV_OOBAND), so a read event may come with nothing that recv(2) yields:
//   the engine takes EAGAIN for no event.
// - FreeBSD refuses a kqueue beyond RLIMIT_KQUEUES with ENOMEM as well; everywhere a change may be refused with ENOMEM. No list of
//   events is given along with changes, so a refusal is -1 and errno, and the changes before it in the list have been made; close()
//   removes those.
// - `filter` and `flags` are short on macOS and FreeBSD and 32 bits on NetBSD, which also counts events in size_t, and where `udata`
//   was an intptr_t before version 10: types are taken from the declarations.
// - None wakes only one of several kqueues that watch a socket, and EVFILT_USER is younger than some systems in use: a pipe wakes.
#pragma once

#include <sys/types.h>

#include <sys/event.h>

#include <chrono>
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
    /// Level-triggered. All workers on one socket hear of each connection.
    [[nodiscard]] Result<void> add_listener(int fd, Tag tag);
    void remove_listener(int fd);

    /// Waits at most `timeout`, which is a day or less, and returns how many entries readiness() then has. EINTR counts as none.
    [[nodiscard]] std::size_t wait(std::chrono::nanoseconds timeout);
    [[nodiscard]] Readiness readiness(std::size_t index) const {
        const struct kevent& event = events_[index];
        const auto tag = reinterpret_cast<Tag>(event.udata);
        // kqueue(2), RETURN VALUES: the filter itself failed, and nothing more is to be expected of it. The errno in `data` may or may
        // not be the connection's: trying both directions tells.
        if ((event.flags & EV_ERROR) != 0) return {tag, true, true, true};
        const bool read = event.filter == EVFILT_READ;
        // kqueue(2): EV_EOF comes with the last bytes, which are read first. For the other filter it means no more than that
        // sending is over, which our own shutdown() brings about as well; a connection that broke shows in both.
        return {tag, read, !read, read && (event.flags & EV_EOF) != 0};
    }
    /// Makes wait() report waker_tag. Async-signal-safe, from any thread.
    void wake() const;
    void wake_seen() const;

private:
    Fd kqueue_;
    Fd waker_;
    Fd wake_up_;  ///< the writing end of its pipe
    static constexpr std::size_t events_per_wait = 256;
    std::vector<struct kevent> events_ = std::vector<struct kevent>(events_per_wait);
};
static_assert(Poller<KqueuePoller>);

}  // namespace tinyhttpd::io
