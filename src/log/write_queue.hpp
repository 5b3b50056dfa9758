// SPDX-License-Identifier: MIT
// WriteQueue: what lies between the workers' batches and the file of the access log: the blocks that lines are gathered in, the
// bounded number of them that may be on their way, and spdlog's pool of one thread that takes them there. Inside log/ only. The capture
// has a queue of its own, since its lines are never dropped and each is told of.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "log/access_log.hpp"
#include "log/diagnostics.hpp"
#include "log/log_file.hpp"

namespace spdlog {
class async_logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace tinyhttpd::log {

/// Lines on their way: a worker fills it, the log's thread writes it, and it is used again.
struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t capacity = 0;
    std::size_t size = 0;
    std::uint64_t lines = 0;
};

class WriteQueue {
public:
    using Instant = std::chrono::steady_clock::time_point;

    /// Handed over and not yet written, at most. At 100,000 lines of 90 bytes a second and the default buffer, 64 are what
    /// the workers produce in half a second, and at worst 4 MiB.
    static constexpr std::size_t blocks_in_flight_max = 64;

    [[nodiscard]] static Result<std::shared_ptr<WriteQueue>> open(const AccessLogOptions& options, Diagnostics& diagnostics);
    WriteQueue(LogFile file, Overflow overflow, Diagnostics& diagnostics);
    ~WriteQueue();

    /// An empty block of at least `bytes`, lent until hand_over(). Null when memory has run out. Any thread.
    [[nodiscard]] Block* take(std::size_t bytes) noexcept;
    /// Counts a line for which there was no block. Any thread.
    void lose_line(Instant now) noexcept;
    /// Gives a block back: its lines will be written, or are counted as lost. Waits only when Overflow::block says so. Any thread.
    void hand_over(Block* block, Instant now);
    /// A chance to report what was held back. Any thread.
    void tick(Instant now);

    // As in AccessLog.
    void reopen();
    void abandon();
    void finish(std::function<void()> finished);
    [[nodiscard]] bool finished();
    std::uint64_t close(std::chrono::milliseconds patience);

private:
    class Sink;

    [[nodiscard]] Result<void> start(const std::shared_ptr<WriteQueue>& self);
    void post(Block* block);
    void recycle(Block* block);
    void write(Block& block) noexcept;
    void reopen_now() noexcept;
    void report_failure(const LogFile::Written& written) noexcept;
    void done();

    LogFile file_;  // the log's thread alone, once it runs
    const std::string dropped_text_;
    std::atomic<bool> stop_ = false;  // close() has lost its patience: what is not written is lost

    std::mutex mutex_;  // all below
    std::condition_variable changed_;
    Diagnostics& diagnostics_;
    RepeatedReport dropped_;
    RepeatedReport failed_;
    Overflow overflow_;
    bool closed_ = false;    // nothing new is taken
    bool detached_ = false;  // the log's thread hangs in a system call and was left behind: it must not report any more
    bool reopen_posted_ = false;
    std::function<void()> finished_;  // called when the last of what was posted is done
    std::size_t in_flight_ = 0;       // posted and not done: blocks, and the reopening
    std::uint64_t lines_in_flight_ = 0;
    std::uint64_t lost_lines_ = 0;
    std::vector<std::unique_ptr<Block>> blocks_;
    std::vector<Block*> free_;
    std::shared_ptr<spdlog::details::thread_pool> pool_;
    std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace tinyhttpd::log
