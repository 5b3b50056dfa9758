// SPDX-License-Identifier: MIT
#include "os/owned_path.hpp"

#include <unistd.h>

#include <chrono>

#include "os/directory_lock.hpp"

namespace tinyhttpd {

OwnedPath::~OwnedPath() {
    if (path_.empty()) return;
    // A stop does not wait for whoever holds the lock for longer than its owners do.
    const DirectoryLock lock(path_, std::chrono::milliseconds(100));
    struct stat facts{};
    if (::lstat(path_.c_str(), &facts) != 0 || facts.st_dev != device_ || facts.st_ino != inode_) return;
    ::unlink(path_.c_str());
}

}  // namespace tinyhttpd
