// SPDX-License-Identifier: MIT
#include "os/port_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/fd.hpp"
#include "os/directory_lock.hpp"

namespace tinyhttpd {

namespace {

constexpr std::string_view purpose = "write the port file";

/// The number of the descriptor that a path stands for, if it is one that was passed in: what this program opens is closed on exec.
std::optional<int> passed_in_descriptor(std::string_view path) {
    if (path == "/dev/stdout") return STDOUT_FILENO;
    if (path == "/dev/stderr") return STDERR_FILENO;
    for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
        if (!path.starts_with(folder)) continue;
        int number = -1;
        const auto [end, failure] = std::from_chars(path.data() + folder.size(), path.data() + path.size(), number);
        if (failure != std::errc{} || end != path.data() + path.size() || number < 0) continue;
        if (const int flags = ::fcntl(number, F_GETFD); flags != -1 && (flags & FD_CLOEXEC) == 0) return number;
    }
    return std::nullopt;
}

/// Writes all of it, however long that takes. Opens `path` when there is no `file` yet: fifo(7), that waits for a reader.
void write_patiently(Fd file, const std::string& path, std::string_view text) {
    while (!file) {
        file = Fd(::open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC));
        if (!file && errno != EINTR) return;
    }
    while (!text.empty()) {
        const ssize_t count = ::write(file.get(), text.data(), text.size());
        if (count >= 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            pollfd entry{.fd = file.get(), .events = POLLOUT, .revents = 0};
            ::poll(&entry, 1, -1);
        } else if (errno != EINTR) {
            return;  // The reader has gone: nobody is left to tell.
        }
    }
}

Result<void> leave_to_thread(Fd file, const std::string& path, std::string_view text) {
    try {
        // Nobody joins it: it may wait for a reader that never comes, and ends with the process. It touches only what it was given.
        std::thread([file = std::move(file), path, text = std::string(text)]() mutable {
            write_patiently(std::move(file), path, text);
        }).detach();
    } catch (const std::system_error& error) {
        return fail(purpose, path, error.code().value());
    }
    return {};
}

/// Writes what can be written at once, here, so that an error is one of the start.
Result<void> write_to(Fd file, const std::string& path, std::string_view text) {
    pollfd entry{.fd = file.get(), .events = POLLOUT, .revents = 0};
    if (::poll(&entry, 1, 0) == 1) {
        const ssize_t count = ::write(file.get(), text.data(), text.size());
        if (count < 0 && errno != EAGAIN && errno != EINTR) return fail(purpose, path);
        if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
    }
    if (text.empty()) return {};
    return leave_to_thread(std::move(file), path, text);
}

Result<void> write_into(const std::string& path, std::string_view text) {
    Fd file(::open(path.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    const int code = errno;
    struct stat facts{};
    if ((file ? ::fstat(file.get(), &facts) : ::stat(path.c_str(), &facts)) != 0)
        return fail(purpose, path, 0, "it is a link to nothing; name the file itself");
    if (S_ISREG(facts.st_mode)) return fail(purpose, path, 0, "it is a link to a file; name the file itself");
    if (S_ISSOCK(facts.st_mode)) return fail(purpose, path, 0, "it is a socket");
    if (file) return write_to(std::move(file), path, text);
    if (S_ISFIFO(facts.st_mode) && code == ENXIO) return leave_to_thread({}, path, text);  // open(2): nobody reads it yet
    return fail(purpose, path, code);
}

/// A new file beside `path`, whose name is stored in `name`. What has the first names stays: another process of that number may have left
/// it there, or somebody a link to a file that they want overwritten.
Fd create_beside(const std::string& path, std::string& name) {
    constexpr int most_names = 100;
    const std::string stem = path + ".tmp" + std::to_string(::getpid());
    for (int i = 0;; ++i) {
        name = i == 0 ? stem : stem + '-' + std::to_string(i);
        Fd file(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
        if (file || errno != EEXIST || i == most_names) return file;
    }
}

Result<OwnedPath> replace(const std::string& path, std::string_view text) {
    std::string temporary;
    Fd file = create_beside(path, temporary);
    if (!file) return fail(purpose, path);
    const auto failed = [&] {
        const int code = errno;
        ::unlink(temporary.c_str());
        return fail(purpose, path, code);
    };
    struct stat facts{};
    ::fstat(file.get(), &facts);
    errno = ENOSPC;  // what a short write of a few bytes means
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return failed();
    if (::close(file.release()) != 0) return failed();
    // A server that ends may be looking whether the file is its own.
    const DirectoryLock lock(path, std::chrono::milliseconds(100));
    if (::rename(temporary.c_str(), path.c_str()) != 0) return failed();
    return OwnedPath(path, facts);
}

}  // namespace

Result<PortFile> PortFile::write(const std::string& path, std::uint16_t port) {
    const std::string text = std::to_string(port) + "\n";
    PortFile out;
    struct stat facts{};
    if (const auto number = passed_in_descriptor(path)) {
        Fd stream(::fcntl(*number, F_DUPFD_CLOEXEC, 3));
        if (!stream) return fail(purpose, path);
        TRY_VOID(write_to(std::move(stream), path, text));
    } else if (::lstat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode)) {
        TRY_VOID(write_into(path, text));
    } else {
        TRY(OwnedPath owned, replace(path, text));
        out.path_.emplace(std::move(owned));
    }
    return out;
}

}  // namespace tinyhttpd
