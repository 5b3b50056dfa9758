// SPDX-License-Identifier: MIT
#include "io/epoll_poller.hpp"

#include <linux/time_types.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/verify.hpp"

namespace tinyhttpd::io {

namespace {

Result<void> add(int epoll, int fd, std::uint32_t events, Tag tag) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) return fail("watch a descriptor with epoll");
    return {};
}

}  // namespace

Result<EpollPoller> EpollPoller::create() {
    EpollPoller poller;
    poller.epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!poller.epoll_) return fail("create an epoll instance");
    poller.waker_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!poller.waker_) return fail("create an eventfd");
    // By edges: each write is told of, whatever the counter is, so that nobody has to read it.
    TRY_VOID(add(poller.epoll_.get(), poller.waker_.get(), EPOLLIN | EPOLLET, waker_tag));
    return poller;
}

Result<void> EpollPoller::add_connection(int fd, Tag tag) {
    return add(epoll_.get(), fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, tag);
}

Result<void> EpollPoller::add_listener(int fd, Tag tag) {
    return add(epoll_.get(), fd, EPOLLIN | EPOLLEXCLUSIVE, tag);
}

void EpollPoller::remove_listener(int fd) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

// By syscall(2): epoll_wait(3) of glibc is a cancellation point, as recv(3) is (socket_calls.cpp).
std::size_t EpollPoller::wait(std::chrono::nanoseconds timeout) {
    long count = -1;
    if (waits_exactly_) {
        constexpr std::int64_t ns_per_second = 1'000'000'000;
        const __kernel_timespec time{timeout.count() / ns_per_second, timeout.count() % ns_per_second};
        count = ::syscall(SYS_epoll_pwait2, epoll_.get(), events_.data(), events_per_wait, &time, nullptr, 0);
        // Before Linux 5.11, or a filter of system calls (seccomp) that was made then.
        if (count < 0 && (errno == ENOSYS || errno == EPERM)) waits_exactly_ = false;
    }
    if (!waits_exactly_) {
        const int ms = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(timeout).count());
        count = ::syscall(SYS_epoll_pwait, epoll_.get(), events_.data(), events_per_wait, ms, nullptr, 0);
    }
    VERIFY(count >= 0 || errno == EINTR);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void EpollPoller::wake() const {
    const int saved = errno;  // a signal handler may be the caller
    const std::uint64_t one = 1;
    // The counter has room for 584 years of a write each nanosecond.
    [[maybe_unused]] const ssize_t written = ::write(waker_.get(), &one, sizeof one);
    errno = saved;
}

}  // namespace tinyhttpd::io
