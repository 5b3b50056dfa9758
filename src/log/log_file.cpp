// SPDX-License-Identifier: MIT
// LogFile over open(2), write(2) and poll(2).
#include "log/log_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tinyhttpd::log {
namespace {

int open_for_appending(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

/// The stream that a path means; -1 for a file. The names in /dev are not opened: open(2) fails with ENXIO when the stream is a socket,
/// and with EACCES when it belongs to another user, as in a container that gives up root.
int stream_of(std::string_view path) {
    if (path == "-" || path == "stdout" || path == "/dev/stdout") return STDOUT_FILENO;
    if (path == "stderr" || path == "/dev/stderr") return STDERR_FILENO;
    return -1;
}

/// What ENXIO means, which is open(2)'s for both of them.
std::string remedy_for(const std::string& path, int code) {
    struct stat facts{};
    if (code != ENXIO || ::stat(path.c_str(), &facts) != 0) return {};
    if (S_ISSOCK(facts.st_mode)) return "it is a socket; '-' is standard output";
    if (S_ISFIFO(facts.st_mode)) return "nobody has the pipe open for reading";
    return {};
}

}  // namespace

Result<LogFile> LogFile::open(std::string path) {
    if (const int stream = stream_of(path); stream != -1)
        return LogFile(stream == STDOUT_FILENO ? "standard output" : "standard error", Fd(), stream);
    Fd file(open_for_appending(path));
    if (!file) {
        const int code = errno;
        std::string remedy = remedy_for(path, code);
        return fail("open the access log", std::move(path), code, std::move(remedy));
    }
    const int descriptor = file.get();
    return LogFile(std::move(path), std::move(file), descriptor);
}

Result<void> LogFile::reopen() {
    if (!owned_) return {};
    Fd file(open_for_appending(name_));
    if (!file) return fail("reopen the access log", name_, errno, "the old file stays in use");
    owned_ = std::move(file);
    descriptor_ = owned_.get();
    torn_ = false;
    return {};
}

LogFile::Written LogFile::write(std::string_view lines, const std::atomic<bool>& stop) {
    // A torn line is owed its newline: that stands in front of the batch, so that the two are not read as one line.
    bool owes_newline = torn_;
    std::string_view rest = owes_newline ? std::string_view("\n") : lines;
    int error = 0;
    while (!rest.empty() && !stop.load(std::memory_order_relaxed)) {
        const ssize_t result = ::write(descriptor_, rest.data(), rest.size());
        if (result > 0) {
            const auto count = static_cast<std::size_t>(result);
            torn_ = rest[count - 1] != '\n';
            rest.remove_prefix(count);
            if (owes_newline) rest = lines, owes_newline = false;
        } else if (result == 0 || errno == EAGAIN) {
            // poll(2) also returns when the reader has gone, and then write(2) says so. The timeout is for `stop`.
            constexpr int look_up_ms = 50;
            pollfd room{.fd = descriptor_, .events = POLLOUT, .revents = 0};
            static_cast<void>(::poll(&room, 1, look_up_ms));
        } else if (errno != EINTR) {
            error = errno;
            break;
        }
    }
    return {static_cast<std::size_t>(std::ranges::count(owes_newline ? lines : rest, '\n')), error};
}

}  // namespace tinyhttpd::log
