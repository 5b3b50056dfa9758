// SPDX-License-Identifier: MIT
// OwnedPath: a file that this program put into a directory and takes away again at its end, if it is still there: another program may
// have put its own in the same place meanwhile.
#pragma once

#include <sys/stat.h>

#include <string>
#include <utility>

namespace tinyhttpd {

class OwnedPath {
public:
    /// `facts` says which file is ours (stat(2): device and inode).
    OwnedPath(std::string path, const struct stat& facts) : path_(std::move(path)), device_(facts.st_dev), inode_(facts.st_ino) {}
    OwnedPath(OwnedPath&& other) noexcept : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}
    OwnedPath& operator=(OwnedPath&& other) noexcept {
        // The other one removes what was ours.
        std::swap(path_, other.path_);
        std::swap(device_, other.device_);
        std::swap(inode_, other.inode_);
        return *this;
    }
    /// Looks and removes under a DirectoryLock: a successor that replaces the file between the two keeps its own.
    ~OwnedPath();

private:
    std::string path_;
    dev_t device_;  // signed on macOS
    ino_t inode_;
};

}  // namespace tinyhttpd
