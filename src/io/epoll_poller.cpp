// SPDX-License-Identifier: MIT
#include "io/epoll_poller.hpp"

#include <sys/eventfd.h>

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
    TRY_VOID(add(poller.epoll_.get(), poller.waker_.get(), EPOLLIN, waker_tag));
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

std::size_t EpollPoller::wait(int timeout_ms) {
    const int count = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
    VERIFY(count >= 0 || errno == EINTR);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void EpollPoller::wake() const {
    const int saved = errno;  // a signal handler may be the caller
    const std::uint64_t one = 1;
    // EAGAIN means that the counter is full, so a wake-up is pending anyway.
    [[maybe_unused]] const ssize_t written = ::write(waker_.get(), &one, sizeof one);
    errno = saved;
}

void EpollPoller::wake_seen() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t read = ::read(waker_.get(), &count, sizeof count);
}

}  // namespace tinyhttpd::io
