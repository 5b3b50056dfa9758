// SPDX-License-Identifier: MIT
// LogFile: the descriptor behind the access log or the capture: how whole lines get into it, and how many did not. Used by one thread
// alone, which writes nothing else. It reports nothing: its caller does.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace tinyhttpd::log {

class LogFile {
public:
    /// Whose file it is.
    struct Purpose {
        std::string_view open;    ///< reads after "cannot"
        std::string_view reopen;  ///< so does this
        unsigned mode;            ///< of a file that is created
    };
    static constexpr Purpose access_log = {"open the access log", "reopen the access log", 0640};
    static constexpr Purpose capture = {"open the capture", "reopen the capture", 0600};

    /// Texts that write() takes at once, at most.
    static constexpr std::size_t texts_max = 64;

    struct Written {
        std::size_t lost_lines = 0;
        int error = 0;  ///< the errno that lost them
    };

    /// "-", "stdout" and "/dev/stdout" are standard output, "stderr" and "/dev/stderr" standard error: borrowed, as they are. Else a path,
    /// opened for appending, without blocking (a FIFO that nobody reads is an error, and one that is full is waited for in write()).
    [[nodiscard]] static Result<LogFile> open(std::string path, const Purpose& purpose);

    /// Opens the path anew; on an error the old descriptor stays. Does nothing for a standard stream.
    [[nodiscard]] Result<void> reopen();

    /// Writes `texts`, each of one or more lines with their newlines, in one writev(2) if the kernel takes them so. Waits while a
    /// non-blocking descriptor is full, until `stop` is set: then the rest is lost with error 0. Lost lines are the last ones; the first of
    /// them may be there in part, and is ended before the next that is written.
    [[nodiscard]] Written write(std::span<const std::string_view> texts, const std::atomic<bool>& stop);
    [[nodiscard]] Written write(std::string_view text, const std::atomic<bool>& stop) { return write(std::span(&text, 1), stop); }

    /// Lets go of the descriptor, unless it is borrowed, so that a reader sees the end. Nothing is written any more.
    void close() { owned_.reset(); }

    /// The path, or the name of the stream, for a message.
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    LogFile(const Purpose& purpose, std::string name, Fd owned, int descriptor)
        : purpose_(purpose), name_(std::move(name)), owned_(std::move(owned)), descriptor_(descriptor) {}

    Purpose purpose_;
    std::string name_;
    Fd owned_;           // none for a standard stream
    int descriptor_;     // what is written to
    bool torn_ = false;  // the file ends inside a line, whose rest is lost
};

}  // namespace tinyhttpd::log
