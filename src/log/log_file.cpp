// SPDX-License-Identifier: MIT
// LogFile over open(2), writev(2) and poll(2).
#include "log/log_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/verify.hpp"

namespace tinyhttpd::log {
namespace {

int open_for_appending(const std::string& path, unsigned mode) {
    return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
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

ssize_t write_some(int descriptor, std::span<const std::string_view> slices) {
    std::array<iovec, LogFile::texts_max + 1> vectors;
    for (std::size_t i = 0; i < slices.size(); ++i) vectors[i] = {const_cast<char*>(slices[i].data()), slices[i].size()};
    return ::writev(descriptor, vectors.data(), static_cast<int>(slices.size()));
}

/// Takes `size` bytes off the front of `slices`, none of which is empty. Returns the last of them. Requires size > 0.
char take_front(std::span<std::string_view>& slices, std::size_t size) {
    while (size > slices.front().size()) {
        size -= slices.front().size();
        slices = slices.subspan(1);
    }
    const char last = slices.front()[size - 1];
    slices.front().remove_prefix(size);
    if (slices.front().empty()) slices = slices.subspan(1);
    return last;
}

}  // namespace

Result<LogFile> LogFile::open(std::string path, const Purpose& purpose) {
    if (const int stream = stream_of(path); stream != -1)
        return LogFile(purpose, stream == STDOUT_FILENO ? "standard output" : "standard error", Fd(), stream);
    Fd file(open_for_appending(path, purpose.mode));
    if (!file) {
        const int code = errno;
        std::string remedy = remedy_for(path, code);
        return fail(purpose.open, std::move(path), code, std::move(remedy));
    }
    const int descriptor = file.get();
    return LogFile(purpose, std::move(path), std::move(file), descriptor);
}

Result<void> LogFile::reopen() {
    if (!owned_) return {};
    Fd file(open_for_appending(name_, purpose_.mode));
    if (!file) return fail(purpose_.reopen, name_, errno, "the old file stays in use");
    owned_ = std::move(file);
    descriptor_ = owned_.get();
    torn_ = false;
    return {};
}

LogFile::Written LogFile::write(std::span<const std::string_view> texts, const std::atomic<bool>& stop) {
    VERIFY(texts.size() <= texts_max);
    std::array<std::string_view, texts_max + 1> slices;
    std::size_t count = 0;
    // A torn line is owed its newline: that stands in front, so that it and the first of these are not read as one.
    static constexpr std::string_view newline = "\n";
    if (torn_) slices[count++] = newline;
    for (const std::string_view text : texts) slices[count++] = text;

    std::span<std::string_view> rest(slices.data(), count);
    int error = 0;
    while (!rest.empty() && !stop.load(std::memory_order_relaxed)) {
        const ssize_t result = write_some(descriptor_, rest);
        if (result > 0) {
            torn_ = take_front(rest, static_cast<std::size_t>(result)) != '\n';
        } else if (result == 0 || errno == EAGAIN) {
            // poll(2) also returns when the reader has gone, and then writev(2) says so. The timeout is for `stop`.
            constexpr int look_up_ms = 50;
            pollfd room{.fd = descriptor_, .events = POLLOUT, .revents = 0};
            static_cast<void>(::poll(&room, 1, look_up_ms));
        } else if (errno != EINTR) {
            error = errno;
            break;
        }
    }
    if (!rest.empty() && rest.front().data() == newline.data()) rest = rest.subspan(1);
    Written written{.lost_lines = 0, .error = error};
    for (const std::string_view text : rest) written.lost_lines += static_cast<std::size_t>(std::ranges::count(text, '\n'));
    return written;
}

}  // namespace tinyhttpd::log
