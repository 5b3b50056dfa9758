// SPDX-License-Identifier: MIT
// The batched, asynchronous access log. main opens one AccessLog; every worker makes a LogBatch of it and appends a line for
// each answer. A full or aged batch goes whole to the log's own thread, which is the only one that writes. When the log is
// off, none of this exists. It does not watch signals: main calls reopen() for HUP and USR1, and has PIPE ignored.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "log/diagnostics.hpp"
#include "log/line_format.hpp"

namespace tinyhttpd::log {

struct Block;
class WriteQueue;

/// What becomes of a batch when the log's thread is too far behind to take it.
enum class Overflow : std::uint8_t {
    drop,   ///< its lines are counted, reported, and gone; a worker never waits
    block,  ///< the worker waits
};

struct AccessLogOptions {
    std::string path;  ///< as LogFile::open() takes it; a file is appended to
    Format format = Format::common;
    std::size_t buffer_bytes = 64UL * 1024;                           ///< a batch of this size is written
    std::chrono::microseconds flush_after = std::chrono::seconds(1);  ///< so is one whose first line is this old
    Overflow overflow = Overflow::drop;
    /// The time lines are stamped with: asked once a second by each worker, and replaced by tests.
    std::function<std::chrono::system_clock::time_point()> clock = std::chrono::system_clock::now;
};

class AccessLog {
public:
    /// Opens the file (created with mode 0640) and starts the log's thread. The error names the path: the server cannot start.
    /// `diagnostics` outlives the log.
    [[nodiscard]] static Result<std::unique_ptr<AccessLog>> open(AccessLogOptions options, Diagnostics& diagnostics);

    /// close(), with five seconds of patience, unless it has been called.
    ~AccessLog();
    AccessLog(const AccessLog&) = delete;
    AccessLog& operator=(const AccessLog&) = delete;

    /// Opens the path anew, later, on the log's thread: batches handed over before this go to the old file, later ones to the
    /// new. When that fails the old file is kept, and the failure reported. Never waits. Nothing to do for standard streams.
    void reopen();

    /// From now on no worker waits for the log, whatever `overflow` was: for a forced stop. Any thread.
    void abandon();

    /// Takes nothing new any more, and calls `finished` when all that was handed over is written, on the log's thread: for a caller that
    /// has other things to wait for besides. `finished` must not block, and is not called after close(). The workers have flushed or
    /// destroyed their batches before; what comes later is lost.
    void finish(std::function<void()> finished);
    /// Whether all that was handed over is written.
    [[nodiscard]] bool finished() const;

    /// As finish(), but waits itself, no longer than `patience` (and 200 ms, when a reader stalls), and stops the thread. Returns how many
    /// lines were lost over the whole life of the log, which it also reports when there are any; a batch left in a blocking write(2) counts
    /// whole, though the reader may have some of it. Once.
    std::uint64_t close(std::chrono::milliseconds patience);

private:
    friend class LogBatch;
    AccessLog(AccessLogOptions options, std::shared_ptr<WriteQueue> queue);

    AccessLogOptions options_;
    std::shared_ptr<WriteQueue> queue_;
    bool closed_ = false;
};

/// The lines one worker has not handed over yet. One thread at a time; takes no lock but to hand a batch over.
class LogBatch {
public:
    using Instant = std::chrono::steady_clock::time_point;

    /// May outlive `log`, but then its lines are lost.
    explicit LogBatch(const AccessLog& log);
    /// Hands over what is left.
    ~LogBatch();
    LogBatch(const LogBatch&) = delete;
    LogBatch& operator=(const LogBatch&) = delete;

    /// The time of this turn of the worker's loop: renews the time text when its second is over, and hands over an aged batch.
    /// Call it when the engine's wait is over and before the turn's first append().
    void tick(Instant now);

    /// Whether host, referer and user_agent come into a line.
    [[nodiscard]] bool shows_fields() const { return format_.shows_fields(); }

    /// Adds a line. Allocates nothing once the log has all the buffers it needs, and makes no system call, but to hand a
    /// full batch over. A line for which there is no memory is counted as lost.
    void append(const Exchange& line);

    /// When tick() is to be called at the latest; none when nothing waits.
    [[nodiscard]] std::optional<Instant> due() const;

    /// Hands over what there is.
    void flush();

private:
    [[nodiscard]] bool make_room(std::size_t bytes);
    void renew_time();

    const std::shared_ptr<WriteQueue> queue_;
    const std::function<std::chrono::system_clock::time_point()> clock_;
    const std::chrono::microseconds flush_after_;
    const std::size_t buffer_bytes_;
    LineFormat format_;
    Block* block_ = nullptr;  // owned by queue_; holds at least one line
    Instant now_ = {};
    Instant first_line_ = {};
    Instant next_second_ = Instant::min();
};

}  // namespace tinyhttpd::log
