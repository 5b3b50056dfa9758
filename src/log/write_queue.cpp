// SPDX-License-Identifier: MIT
// WriteQueue over spdlog's thread pool. A message carries the address of a block, not a copy of its text: handing over costs
// neither an allocation nor 64 kB of copying. A message without an address asks for the reopening.
#include "log/write_queue.hpp"

#include <pthread.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>

#include <array>
#include <csignal>
#include <cstring>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "base/verify.hpp"

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

Result<std::shared_ptr<WriteQueue>> WriteQueue::open(const AccessLogOptions& options, Diagnostics& diagnostics) {
    TRY(auto file, LogFile::open(options.path));
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
    // The new thread inherits the mask: signals are for main.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    VERIFY(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    Result<void> result;
    try {
        // Room for the reopening and for the pool's own farewell: posting never waits, and never overruns.
        pool_ = std::make_shared<spdlog::details::thread_pool>(blocks_in_flight_max + 2, 1);
    } catch (const std::system_error& error) {  // std::thread: EAGAIN, a limit on processes
        result = fail("start the access log's thread", {}, error.code().value());
    }
    VERIFY(pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
    if (result)
        logger_ = std::make_shared<spdlog::async_logger>(std::string(), std::make_shared<Sink>(self), pool_,
                                                         spdlog::async_overflow_policy::block);
    return result;
}

Block* WriteQueue::take(std::size_t bytes) {
    Block* const block = free_block();
    if (block == nullptr) return nullptr;
    if (block->capacity < bytes) {
        std::unique_ptr<char[]> memory(new (std::nothrow) char[bytes]);
        if (!memory) {
            const std::lock_guard lock(mutex_);
            recycle(block);
            return nullptr;
        }
        block->bytes = std::move(memory);
        block->capacity = bytes;
    }
    block->size = 0;
    block->lines = 0;
    return block;
}

Block* WriteQueue::free_block() {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
        Block* const block = free_.back();
        free_.pop_back();
        return block;
    }
    try {
        free_.reserve(blocks_.size() + 1);
        return blocks_.emplace_back(std::make_unique<Block>()).get();
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void WriteQueue::lose(std::uint64_t lines, Instant now) {
    const std::lock_guard lock(mutex_);
    lost_lines_ += lines;
    if (!closed_) dropped_.add(now, dropped_text_, lines);
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

std::uint64_t WriteQueue::close(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    closed_ = true;
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
    // The pool's destructor joins its thread; the logger, which leads back to this, goes after it.
    auto last = [pool = std::move(pool), logger = std::move(logger)]() mutable { pool.reset(); };
    if (detached_)
        std::thread(std::move(last)).detach();
    else
        last();
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
void WriteQueue::write(Block& block) {
    const LogFile::Written written = file_.write({block.bytes.get(), block.size}, stop_);
    const std::lock_guard lock(mutex_);
    if (!detached_) {
        lines_in_flight_ -= block.lines;
        lost_lines_ += written.lost_lines;
        if (written.error != 0)
            failed_.add(std::chrono::steady_clock::now(), Error{"write the access log", file_.name(), written.error}.text(),
                        written.lost_lines);
    }
    --in_flight_;
    recycle(&block);
    changed_.notify_all();
}

/// On the log's thread.
void WriteQueue::reopen_now() {
    {
        const std::lock_guard lock(mutex_);
        reopen_posted_ = false;  // a request from here on may mean a newer file than the one opened now
    }
    const auto reopened = file_.reopen();
    const std::lock_guard lock(mutex_);
    if (!reopened && !detached_) diagnostics_.error(reopened.error());
    --in_flight_;
    changed_.notify_all();
}

}  // namespace tinyhttpd::log
