// SPDX-License-Identifier: MIT
// Fd: a file descriptor with one owner. Closing never reports an error: a caller who must know (a log flush) calls
// close(2) itself on release().
#pragma once

#include <unistd.h>

#include <utility>

namespace tinyhttpd {

class Fd {
public:
    Fd() = default;
    /// Takes ownership; -1 means none.
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    void reset() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
};

}  // namespace tinyhttpd
