// SPDX-License-Identifier: MIT
// EpollPoller: the Linux half of the epoll engine. Which descriptors are ready, nothing else; readiness_engine.hpp turns
// readiness into completions. A connection is registered once, edge-triggered, for both directions.
#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "io/engine.hpp"
#include "io/readiness.hpp"

namespace tinyhttpd::io {

class EpollPoller {
public:
    static constexpr std::string_view name = "epoll";

    [[nodiscard]] static Result<EpollPoller> create();

    [[nodiscard]] Result<void> add_connection(int fd, Tag tag);
    /// Level-triggered, and EPOLLEXCLUSIVE: of several workers on one socket the kernel wakes one that is waiting.
    [[nodiscard]] Result<void> add_listener(int fd, Tag tag);
    void remove_listener(int fd);

    /// Waits at most `timeout`, which is a day or less, and returns how many entries readiness() then has. EINTR counts as none.
    [[nodiscard]] std::size_t wait(std::chrono::nanoseconds timeout);
    [[nodiscard]] Readiness readiness(std::size_t index) const {
        const epoll_event& event = events_.data()[index];
        // epoll(7): EPOLLHUP and EPOLLERR may come alone or with the last bytes. Either way reading tells which: bytes, FIN or errno.
        constexpr std::uint32_t ended = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
        return {event.data.u64, (event.events & (EPOLLIN | ended)) != 0, (event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0,
                (event.events & ended) != 0};
    }
    /// Makes wait() report waker_tag. Async-signal-safe, from any thread.
    void wake() const;
    static void wake_seen() {}  // it is told by edges

private:
    Fd epoll_;
    Fd waker_;
    static constexpr std::size_t events_per_wait = 256;
    bool waits_exactly_ = true;  ///< epoll_pwait2(2) is there; otherwise to the millisecond
    std::vector<epoll_event> events_ = std::vector<epoll_event>(events_per_wait);
};

}  // namespace tinyhttpd::io
