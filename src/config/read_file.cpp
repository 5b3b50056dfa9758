// SPDX-License-Identifier: MIT
// Plain open(2) and read(2): errno is the whole error, and a pipe is read like a file.
#include "config/read_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/fd.hpp"

namespace tinyhttpd::config {

namespace {

Result<std::string> read_to_end(int fd, const std::string& path, std::string_view purpose) {
    constexpr std::size_t chunk = 64 * 1024;
    std::string content;
    // A file of 100 MB is read into one allocation of its size; the extra byte lets the read at its end return 0.
    struct stat facts{};
    std::size_t room = chunk;
    if (::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0) room = static_cast<std::size_t>(facts.st_size) + 1;
    std::size_t size = 0;
    while (true) {
        if (content.size() == size) content.resize(size + room);
        const ssize_t count = ::read(fd, content.data() + size, content.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail(purpose, path == "-" ? "standard input" : path);
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
        room = std::max(chunk, size);
    }
    content.resize(size);
    return content;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::string_view purpose) {
    if (path == "-") return read_to_end(STDIN_FILENO, path, purpose);
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail(purpose, path);
    return read_to_end(fd.get(), path, purpose);
}

}  // namespace tinyhttpd::config
