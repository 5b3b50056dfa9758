// SPDX-License-Identifier: MIT
#include "io/kqueue_poller.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <span>

#include "base/verify.hpp"

namespace tinyhttpd::io {

namespace {

static_assert(sizeof(Tag) == sizeof(void*), "a tag travels as the user data of an event, which is a pointer");

// kevent(2): the number of its changes and of its events is an int, and on NetBSD a size_t.
template <class Number>
Number number_in(int (*)(int, const struct kevent*, Number, struct kevent*, Number, const timespec*));
using Number = decltype(number_in(&::kevent));

struct kevent change(int fd, decltype(kevent::filter) filter, unsigned flags, Tag tag) {
    struct kevent made{};
    made.ident = static_cast<decltype(made.ident)>(fd);
    made.filter = filter;
    made.flags = static_cast<decltype(made.flags)>(flags);
    made.udata = reinterpret_cast<decltype(made.udata)>(tag);
    return made;
}

Result<void> apply(int kqueue, std::span<const struct kevent> changes) {
    if (::kevent(kqueue, changes.data(), static_cast<Number>(changes.size()), nullptr, 0, nullptr) != 0)
        return fail("watch a descriptor with kqueue");
    return {};
}

}  // namespace

Result<KqueuePoller> KqueuePoller::create() {
    KqueuePoller poller;
    poller.kqueue_ = Fd(::kqueue());
    if (!poller.kqueue_) return fail("create a kqueue");
    int ends[2];
    if (::pipe(ends) != 0) return fail("create a pipe");
    poller.waker_ = Fd(ends[0]);
    poller.wake_up_ = Fd(ends[1]);
    for (const int fd : {poller.kqueue_.get(), ends[0], ends[1]}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    for (const int end : ends) ::fcntl(end, F_SETFL, O_NONBLOCK);
    TRY_VOID(poller.add_listener(poller.waker_.get(), waker_tag));
    return poller;
}

Result<void> KqueuePoller::add_connection(int fd, Tag tag) {
    const struct kevent both[] = {change(fd, EVFILT_READ, EV_ADD | EV_CLEAR, tag), change(fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, tag)};
    return apply(kqueue_.get(), both);
}

Result<void> KqueuePoller::add_listener(int fd, Tag tag) {
    const struct kevent added = change(fd, EVFILT_READ, EV_ADD, tag);
    return apply(kqueue_.get(), std::span(&added, 1));
}

void KqueuePoller::remove_listener(int fd) {
    const struct kevent removed = change(fd, EVFILT_READ, EV_DELETE, 0);
    static_cast<void>(apply(kqueue_.get(), std::span(&removed, 1)));
}

std::size_t KqueuePoller::wait(std::chrono::nanoseconds timeout) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
    timespec time{};
    time.tv_sec = static_cast<decltype(time.tv_sec)>(seconds.count());
    time.tv_nsec = static_cast<decltype(time.tv_nsec)>((timeout - seconds).count());
    const int count = ::kevent(kqueue_.get(), nullptr, 0, events_.data(), static_cast<Number>(events_.size()), &time);
    VERIFY(count >= 0 || errno == EINTR);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void KqueuePoller::wake() const {
    const int saved = errno;  // a signal handler may be the caller
    // EAGAIN means that the pipe is full, so a wake-up is pending anyway.
    [[maybe_unused]] const ssize_t written = ::write(wake_up_.get(), "", 1);
    errno = saved;
}

void KqueuePoller::wake_seen() const {
    char bytes[4096];
    while (::read(waker_.get(), bytes, sizeof bytes) == static_cast<ssize_t>(sizeof bytes)) continue;
}

}  // namespace tinyhttpd::io
