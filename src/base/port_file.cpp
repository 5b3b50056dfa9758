// SPDX-License-Identifier: MIT
#include "base/port_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/fd.hpp"

namespace tinyhttpd {

Result<PortFile> PortFile::write(const std::string& path, std::uint16_t port) {
    const std::string temporary = path + ".tmp" + std::to_string(::getpid());
    Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return fail("write the port file", path);
    const std::string text = std::to_string(port) + "\n";
    struct stat facts{};
    ::fstat(file.get(), &facts);
    errno = ENOSPC;  // what a short write of a few bytes means
    const bool written = ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!written || ::close(file.release()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
        const int code = errno;
        ::unlink(temporary.c_str());
        return fail("write the port file", path, code);
    }
    return PortFile(path, facts.st_dev, facts.st_ino);
}

PortFile::PortFile(PortFile&& other) noexcept : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

PortFile& PortFile::operator=(PortFile&& other) noexcept {
    // The other one removes what was ours.
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    return *this;
}

PortFile::~PortFile() {
    struct stat facts{};
    if (path_.empty() || ::lstat(path_.c_str(), &facts) != 0 || facts.st_dev != device_ || facts.st_ino != inode_) return;
    ::unlink(path_.c_str());
}

}  // namespace tinyhttpd
