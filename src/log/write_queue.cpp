// SPDX-License-Identifier: MIT
// WriteQueue over spdlog's thread pool. A message carries the address of a block, not a copy of its text: handing over costs
// neither an allocation nor 64 kB of copying. A message without an address asks for the reopening.
#include "log/write_queue.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>

#include <array>
#include <cstring>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "base/verify.hpp"
#include "log/signals_blocked.hpp"

namespace tinyhttpd::log {

/// Where spdlog's thread meets the file. Its share of the queue keeps that alive for a thread that outlives the log.
class WriteQueue::Sink final : public spdlog::sinks::sink {
public:
    explicit Sink(std::shared_ptr<WriteQueue> queue) : queue_(std::move(queue)) {}

    void log(const spdlog::details::log_msg& message) override {
        Block* block = nullptr;
        VERIFY(message.payload.size() == sizeof block);
        std::memcpy(&block, message.payload.data(), sizeof block);
        if (block != nullptr)
            queue_->write(*block);
        else
            queue_->reopen_now();
    }
    void flush() override {}
    void set_pattern(const std::string& /*pattern*/) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}

private:
    std::shared_ptr<WriteQueue> queue_;
};

namespace {

/// For a thread that hangs in a system call: whatever it uses stays until it returns, or the process ends. The pool's destructor joins it,
/// which is for yet another thread; where none can be had (a limit on processes) they stay for good.
void leave_behind(std::shared_ptr<spdlog::details::thread_pool> pool, std::shared_ptr<spdlog::async_logger> logger) {
    auto* kept = new std::pair(std::move(logger), std::move(pool));  // destroyed from the last to the first
    try {
        std::thread([kept] { delete kept; }).detach();
    } catch (const std::system_error&) {
    }
}

}  // namespace

Result<std::shared_ptr<WriteQueue>> WriteQueue::open(const AccessLogOptions& options, Diagnostics& diagnostics) {
    TRY(auto file, LogFile::open(options.path, LogFile::access_log));
    auto queue = std::make_shared<WriteQueue>(std::move(file), options.overflow, diagnostics);
    TRY_VOID(queue->start(queue));
    return queue;
}

WriteQueue::WriteQueue(LogFile file, Overflow overflow, Diagnostics& diagnostics)
    : file_(std::move(file)),
      dropped_text_("the access log " + file_.name() + " cannot keep up: lines were dropped"),
      diagnostics_(diagnostics),
      dropped_(diagnostics, Level::warn, "line"),
      failed_(diagnostics, Level::error, "line"),
      overflow_(overflow) {}

WriteQueue::~WriteQueue() = default;

Result<void> WriteQueue::start(const std::shared_ptr<WriteQueue>& self) {
    try {
        const SignalsBlocked blocked;
        // Room for the reopening and for the pool's own farewell: posting never waits, and never overruns.
        pool_ = std::make_shared<spdlog::details::thread_pool>(blocks_in_flight_max + 2, 1);
    } catch (const std::system_error& error) {  // std::thread: EAGAIN, a limit on processes
        return fail("start the access log's thread", {}, error.code().value());
    }
    logger_ =
        std::make_shared<spdlog::async_logger>(std::string(), std::make_shared<Sink>(self), pool_, spdlog::async_overflow_policy::block);
    // spdlog's own handler writes to standard error, and would wait there. Nothing in the sink throws.
    logger_->set_error_handler([](const std::string&) {});
    return {};
}

Block* WriteQueue::take(std::size_t bytes) noexcept {
    Block* block = nullptr;
    try {
        {
            const std::lock_guard lock(mutex_);
            if (free_.empty()) {
                free_.reserve(blocks_.size() + 1);  // recycle() allocates nothing
                blocks_.push_back(std::make_unique<Block>());
                block = blocks_.back().get();
            } else {
                block = free_.back();
                free_.pop_back();
            }
        }
        if (block->capacity < bytes) {
            block->bytes = std::make_unique_for_overwrite<char[]>(bytes);
            block->capacity = bytes;
        }
    } catch (const std::bad_alloc&) {
        const std::lock_guard lock(mutex_);
        if (block != nullptr) recycle(block);
        return nullptr;
    }
    block->size = 0;
    block->lines = 0;
    return block;
}

void WriteQueue::lose_line(Instant now) noexcept {
    const std::lock_guard lock(mutex_);
    ++lost_lines_;
    if (!closed_) dropped_.add(now, dropped_text_, 1);
}

void WriteQueue::hand_over(Block* block, Instant now) {
    std::unique_lock lock(mutex_);
    const auto has_room = [this] { return in_flight_ < blocks_in_flight_max; };
    changed_.wait(lock, [&] { return has_room() || overflow_ == Overflow::drop || closed_; });
    if (closed_ || !has_room()) {
        lost_lines_ += block->lines;
        if (!closed_) dropped_.add(now, dropped_text_, block->lines);
        recycle(block);
        return;
    }
    lines_in_flight_ += block->lines;
    post(block);
}

void WriteQueue::tick(Instant now) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    dropped_.tick(now);
    failed_.tick(now);
}

void WriteQueue::reopen() {
    const std::lock_guard lock(mutex_);
    if (closed_ || reopen_posted_) return;  // one that has not begun yet will do
    reopen_posted_ = true;
    post(nullptr);
}

void WriteQueue::abandon() {
    const std::lock_guard lock(mutex_);
    overflow_ = Overflow::drop;
    changed_.notify_all();
}

void WriteQueue::finish(std::function<void()> finished) {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    finished_ = std::move(finished);
    changed_.notify_all();
}

bool WriteQueue::finished() {
    const std::lock_guard lock(mutex_);
    return in_flight_ == 0;
}

std::uint64_t WriteQueue::close(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    closed_ = true;
    finished_ = nullptr;
    changed_.notify_all();
    const auto drained = [this] { return in_flight_ == 0; };
    if (!changed_.wait_for(lock, patience, drained)) {
        // The thread looks up from a full pipe soon, and counts what it had left. It cannot from a blocking write(2) to a reader
        // that stalls, which nobody can end: then the process goes without it.
        stop_.store(true, std::memory_order_relaxed);
        detached_ = !changed_.wait_for(lock, std::chrono::milliseconds(200), drained);
        if (detached_) lost_lines_ += lines_in_flight_;
    }
    const std::uint64_t lost = lost_lines_;
    if (lost > 0)
        diagnostics_.warn("the access log " + file_.name() + " lost " + std::to_string(lost) + (lost == 1 ? " line" : " lines") +
                          " in all");
    auto pool = std::move(pool_);
    auto logger = std::move(logger_);
    lock.unlock();
    if (detached_) {
        leave_behind(std::move(pool), std::move(logger));
    } else {
        pool.reset();  // joins the thread; the logger, which leads back to this, goes after it
    }
    return lost;
}

/// Requires mutex_. Never waits: there are never more messages than the pool has room for.
void WriteQueue::post(Block* block) {
    ++in_flight_;
    std::array<char, sizeof block> address;
    std::memcpy(address.data(), &block, sizeof block);
    logger_->log(spdlog::level::info, spdlog::string_view_t(address.data(), address.size()));
}

/// Requires mutex_.
void WriteQueue::recycle(Block* block) {
    free_.push_back(block);
}

/// On the log's thread.
void WriteQueue::write(Block& block) noexcept {
    const LogFile::Written written = file_.write(std::string_view(block.bytes.get(), block.size), stop_);
    const std::lock_guard lock(mutex_);
    if (!detached_) {
        lines_in_flight_ -= block.lines;
        lost_lines_ += written.lost_lines;
        if (written.error != 0) report_failure(written);
    }
    recycle(&block);
    done();
}

/// Requires mutex_. On the log's thread.
void WriteQueue::report_failure(const LogFile::Written& written) noexcept {
    const auto now = std::chrono::steady_clock::now();
    try {
        failed_.add(now, Error{"write the access log", file_.name(), written.error}.text(), written.lost_lines);
    } catch (const std::bad_alloc&) {
        failed_.add(now, "cannot write the access log", written.lost_lines);
    }
}

/// On the log's thread.
void WriteQueue::reopen_now() noexcept {
    {
        const std::lock_guard lock(mutex_);
        reopen_posted_ = false;  // a request from here on may mean a newer file than the one opened now
    }
    const auto reopened = file_.reopen();
    const std::lock_guard lock(mutex_);
    if (!reopened && !detached_) diagnostics_.error(reopened.error());
    done();
}

/// Requires mutex_. On the log's thread: something that was posted is.
void WriteQueue::done() {
    --in_flight_;
    changed_.notify_all();
    if (in_flight_ == 0 && finished_) finished_();
}

}  // namespace tinyhttpd::log
