// SPDX-License-Identifier: MIT
#include "os/port_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

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
    return PortFile(OwnedPath(path, facts));
}

}  // namespace tinyhttpd
