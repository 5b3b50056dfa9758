// SPDX-License-Identifier: MIT
// DirectoryLock: keeps the servers that put files into one directory, and take them away, from doing so at the same time: between a
// look at what is there and what is done about it nothing changes. flock(2) on the directory itself, so that no lock file is left
// behind, and a process that is killed holds nothing. Advisory: it binds this program only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/fd.hpp"

namespace tinyhttpd {

class DirectoryLock {
public:
    enum class State : std::uint8_t {
        held,         ///< until the object's end
        busy,         ///< somebody else has held it all the time
        unavailable,  ///< the directory cannot be read, or its file system has no such locks: go on as if there were nobody else
    };

    /// Locks the directory that holds `path`, and waits `patience` at most for others that do. That is bounded since anybody who may read
    /// a directory may lock it.
    DirectoryLock(const std::string& path, std::chrono::milliseconds patience);

    [[nodiscard]] State state() const { return state_; }

private:
    Fd directory_;
    State state_ = State::unavailable;
};

}  // namespace tinyhttpd
