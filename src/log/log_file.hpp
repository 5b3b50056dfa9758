// SPDX-License-Identifier: MIT
// LogFile: the descriptor behind the access log: how whole lines get into it, and how many did not. Used by the log's thread
// alone. It reports nothing: its caller does.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace tinyhttpd::log {

class LogFile {
public:
    struct Written {
        std::size_t lost_lines = 0;
        int error = 0;  ///< the errno that lost them
    };

    /// "-", "stdout" and "/dev/stdout" are standard output, "stderr" and "/dev/stderr" standard error: borrowed, as they are. Else a path,
    /// opened for appending, without blocking (a FIFO that nobody reads is an error, and one that is full is waited for in write()).
    [[nodiscard]] static Result<LogFile> open(std::string path);

    /// Opens the path anew; on an error the old descriptor stays. Does nothing for a standard stream.
    [[nodiscard]] Result<void> reopen();

    /// Writes `lines`, each ended by a newline, in one write(2) if the kernel takes them so. Waits while a non-blocking
    /// descriptor is full, until `stop` is set: then the rest is lost with error 0.
    [[nodiscard]] Written write(std::string_view lines, const std::atomic<bool>& stop);

    /// The path, or the name of the stream, for a message.
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    LogFile(std::string name, Fd owned, int descriptor) : name_(std::move(name)), owned_(std::move(owned)), descriptor_(descriptor) {}

    std::string name_;
    Fd owned_;           // none for a standard stream
    int descriptor_;     // what is written to
    bool torn_ = false;  // the file ends inside a line, whose rest is lost
};

}  // namespace tinyhttpd::log
