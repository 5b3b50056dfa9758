// SPDX-License-Identifier: MIT
#include "os/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <thread>

namespace tinyhttpd {

namespace {

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

DirectoryLock::DirectoryLock(const std::string& path, std::chrono::milliseconds patience)
    : directory_(::open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    using Clock = std::chrono::steady_clock;
    if (!directory_) return;
    const Clock::time_point until = Clock::now() + patience;
    for (;;) {
        if (::flock(directory_.get(), LOCK_EX | LOCK_NB) == 0) {
            state_ = State::held;
            return;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) return;
        if (Clock::now() >= until) {
            state_ = State::busy;
            return;
        }
        // It is held for some system calls. A lock that is waited for cannot be waited for with a limit.
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

}  // namespace tinyhttpd
