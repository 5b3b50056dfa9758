// SPDX-License-Identifier: MIT
// kqueue(2) over epoll(7), for real sockets on Linux: each filter of a descriptor reports by itself and in either order, EV_CLEAR
// is an edge, EV_EOF comes together with the last bytes, and a read event whose bytes were taken meanwhile is not reported.
#include "kqueue/simulated_kqueue.hpp"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

namespace tinyhttpd::kqueue_simulation {
namespace {

/// One descriptor as a kqueue watches it.
struct Watched {
    std::optional<struct kevent> read;
    std::optional<struct kevent> write;
};

struct Queue {
    std::map<int, Watched> watched;
    std::vector<struct kevent> changes;
    unsigned rounds = 0;
};

struct Kernel {
    std::mutex mutex;
    std::map<int, Queue> queues;
    std::vector<struct kevent> script;
    short refused_filter = 0;
    int refusal = 0;  ///< errno of the next change with that filter; 0: it is made
    std::optional<short> breaks_are_errors_of;
};

Kernel& kernel() {
    static Kernel the_kernel;
    return the_kernel;
}

int set_interest(int queue, int fd, const Watched& watched) {
    if (!watched.read && !watched.write) return ::epoll_ctl(queue, EPOLL_CTL_DEL, fd, nullptr);
    epoll_event event{};
    event.data.fd = fd;
    if (watched.read) event.events |= EPOLLIN | EPOLLRDHUP | ((watched.read->flags & EV_CLEAR) != 0 ? EPOLLET : 0U);
    if (watched.write) event.events |= EPOLLOUT | ((watched.write->flags & EV_CLEAR) != 0 ? EPOLLET : 0U);
    if (::epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) == 0) return 0;
    return errno == EEXIST ? ::epoll_ctl(queue, EPOLL_CTL_MOD, fd, &event) : -1;
}

int apply(int queue, Queue& state, const struct kevent& change) {
    state.changes.push_back(change);
    if (kernel().refusal != 0 && change.filter == kernel().refused_filter) return errno = std::exchange(kernel().refusal, 0), -1;
    const int fd = static_cast<int>(change.ident);
    Watched& watched = state.watched[fd];
    auto& note = change.filter == EVFILT_READ ? watched.read : watched.write;
    if ((change.flags & EV_DELETE) != 0) {
        if (!note) return errno = ENOENT, -1;
        note.reset();
    } else {
        // A closed descriptor has left its kqueue: whoever has its number now begins anew.
        if (epoll_event probe{}; ::epoll_ctl(queue, EPOLL_CTL_MOD, fd, &probe) != 0 && errno == ENOENT) watched = {};
        (change.filter == EVFILT_READ ? watched.read : watched.write) = change;
    }
    return set_interest(queue, fd, watched);
}

bool listens(int fd) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value != 0;
}

/// The events of one descriptor, at most two.
std::size_t report(int fd, std::uint32_t ready, const Watched& watched, bool write_first, std::span<struct kevent, 2> into) {
    if (const auto filter = kernel().breaks_are_errors_of; filter && (ready & (EPOLLHUP | EPOLLERR)) != 0) {
        const auto& note = *filter == EVFILT_READ ? watched.read : watched.write;
        if (!note) return 0;
        into[0] = *note;
        into[0].flags = EV_ERROR;
        into[0].data = ECONNRESET;
        return 1;
    }
    std::size_t count = 0;
    const auto read = [&] {
        if (!watched.read || (ready & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
        int bytes = 0;
        ::ioctl(fd, FIONREAD, &bytes);
        const bool ended = (ready & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        if (bytes == 0 && !ended && !listens(fd)) return;
        into[count] = *watched.read;
        into[count].flags = static_cast<std::uint16_t>(EV_CLEAR | (ended ? EV_EOF : 0));
        into[count++].data = bytes;
    };
    const auto write = [&] {
        if (!watched.write || (ready & (EPOLLOUT | EPOLLHUP | EPOLLERR)) == 0) return;
        into[count] = *watched.write;
        into[count++].flags = static_cast<std::uint16_t>(EV_CLEAR | ((ready & (EPOLLHUP | EPOLLERR)) != 0 ? EV_EOF : 0));
    };
    if (write_first) write();
    read();
    if (!write_first) write();
    return count;
}

}  // namespace

std::vector<struct kevent> changes(int queue) {
    const std::scoped_lock lock(kernel().mutex);
    return kernel().queues[queue].changes;
}

void script(std::vector<struct kevent> events) {
    const std::scoped_lock lock(kernel().mutex);
    kernel().script = std::move(events);
}

void refuse(short filter, int error) {
    const std::scoped_lock lock(kernel().mutex);
    kernel().refused_filter = filter;
    kernel().refusal = error;
}

void tell_breaks_as_errors(std::optional<short> filter) {
    const std::scoped_lock lock(kernel().mutex);
    kernel().breaks_are_errors_of = filter;
}

}  // namespace tinyhttpd::kqueue_simulation

using namespace tinyhttpd::kqueue_simulation;

int kqueue() {
    const int queue = ::epoll_create1(0);
    const std::scoped_lock lock(kernel().mutex);
    kernel().queues[queue] = {};
    return queue;
}

int kevent(int queue, const struct kevent* changes, int change_count, struct kevent* events, int event_count, const timespec* timeout) {
    {
        const std::scoped_lock lock(kernel().mutex);
        for (int i = 0; i < change_count; ++i) {
            if (apply(queue, kernel().queues[queue], changes[i]) != 0) return -1;
        }
        if (event_count > 0 && !kernel().script.empty()) {
            const auto scripted = std::exchange(kernel().script, {});
            std::copy(scripted.begin(), scripted.end(), events);
            return static_cast<int>(scripted.size());
        }
    }
    if (event_count == 0) return 0;

    std::array<epoll_event, 64> ready;
    const int room = std::min(static_cast<int>(ready.size()), event_count / 2);
    const int milliseconds = timeout == nullptr ? -1 : static_cast<int>(timeout->tv_sec * 1000 + timeout->tv_nsec / 1'000'000);
    const int ready_count = ::epoll_wait(queue, ready.data(), room, milliseconds);
    if (ready_count < 0) return -1;

    const std::scoped_lock lock(kernel().mutex);
    Queue& state = kernel().queues[queue];
    const bool write_first = ++state.rounds % 2 == 0;
    int count = 0;
    for (const epoll_event& one : std::span(ready).first(static_cast<std::size_t>(ready_count))) {
        const int fd = one.data.fd;
        const std::span<struct kevent, 2> two(events + count, 2);
        count += static_cast<int>(report(fd, one.events, state.watched[fd], write_first, two));
    }
    return count;
}
