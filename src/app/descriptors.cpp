// SPDX-License-Identifier: MIT
#include "app/descriptors.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace tinyhttpd {

void open_standard_descriptors() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        // open(2) takes the lowest free number, which is this one: those below are open by now. Reading from a standard input that was
        // closed stays an error.
        if (::fcntl(fd, F_GETFD) == -1) static_cast<void>(::open("/dev/null", O_WRONLY));
    }
}

namespace {

// <sys/resource.h>: rlim_t is signed on FreeBSD, where RLIM_INFINITY is the largest of its values, and unsigned elsewhere.
std::uint64_t count_of(rlim_t limit) {
    return static_cast<std::uint64_t>(limit);
}

}  // namespace

std::uint64_t current_descriptor_limit() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? count_of(limit.rlim_cur) : 1024;
}

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return current_descriptor_limit();
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return count_of(limit.rlim_cur);
#ifdef OPEN_MAX
    // macOS: the hard limit may be higher than what is allowed.
    limit.rlim_cur = std::min<rlim_t>(OPEN_MAX, limit.rlim_max);
    if (limit.rlim_cur > before && ::setrlimit(RLIMIT_NOFILE, &limit) == 0) return count_of(limit.rlim_cur);
#endif
    return count_of(before);
}

namespace {

/// What is left for connections, among them those that have been accepted although there is no room.
std::uint64_t left_for_connections(std::uint64_t descriptor_limit, std::uint32_t workers, std::size_t listeners) {
    // Standard streams, log, pipe, the file a reopen opens before it closes the old: 16. A worker: its engine, and
    // for waking it an eventfd or, with kqueue, both ends of a pipe.
    constexpr std::uint64_t process = 16;
    constexpr std::uint64_t each_worker = 3;
    const std::uint64_t reserve = process + each_worker * workers + listeners;
    return descriptor_limit > reserve ? descriptor_limit - reserve : 0;
}

}  // namespace

std::uint32_t accepts_at_once(std::uint64_t descriptor_limit, std::uint32_t workers, std::size_t listeners) {
    // Enough that looking costs little for each; but at most a sixteenth of the descriptors, where those are few.
    constexpr std::uint64_t most = 16;
    constexpr std::uint64_t share = 16;
    const std::uint64_t all_accepting = std::max<std::uint64_t>(workers * listeners, 1);
    return static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(left_for_connections(descriptor_limit, workers, listeners) / share / all_accepting, 1, most));
}

std::uint32_t connections_under(std::uint64_t descriptor_limit, std::uint32_t workers, std::size_t listeners) {
    // Beyond this the memory for slots, not descriptors, is the limit to think about; it can be set by hand.
    constexpr std::uint64_t most = 1'000'000;
    const std::uint64_t left = left_for_connections(descriptor_limit, workers, listeners);
    const std::uint64_t beyond = accepts_at_once(descriptor_limit, workers, listeners) * workers * listeners;
    return static_cast<std::uint32_t>(left > beyond ? std::min(left - beyond, most) : 1);
}

Result<Fd> take_passed_in(int number, const std::string& subject) {
    const int flags = ::fcntl(number, F_GETFD);
    if (flags == -1 || (flags & FD_CLOEXEC) != 0) return fail("write to", subject, EBADF, "whoever starts the program has to open it");
    ::fcntl(number, F_SETFD, FD_CLOEXEC);
    return Fd(number);
}

}  // namespace tinyhttpd
