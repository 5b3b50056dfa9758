// SPDX-License-Identifier: MIT
// AccessLog and LogBatch: thin ends of the WriteQueue, one for main and one for each worker.
#include "log/access_log.hpp"

#include <algorithm>
#include <utility>

#include "log/write_queue.hpp"

namespace tinyhttpd::log {

Result<std::unique_ptr<AccessLog>> AccessLog::open(AccessLogOptions options, Diagnostics& diagnostics) {
    TRY(auto queue, WriteQueue::open(options, diagnostics));
    return std::unique_ptr<AccessLog>(new AccessLog(std::move(options), std::move(queue)));
}

AccessLog::AccessLog(AccessLogOptions options, std::shared_ptr<WriteQueue> queue)
    : options_(std::move(options)), queue_(std::move(queue)) {}

AccessLog::~AccessLog() {
    if (!closed_) close(std::chrono::seconds(5));
}

void AccessLog::reopen() {
    queue_->reopen();
}

void AccessLog::abandon() {
    queue_->abandon();
}

void AccessLog::finish(std::function<void()> finished) {
    queue_->finish(std::move(finished));
}

bool AccessLog::finished() const {
    return queue_->finished();
}

std::uint64_t AccessLog::close(std::chrono::milliseconds patience) {
    closed_ = true;
    return queue_->close(patience);
}

LogBatch::LogBatch(const AccessLog& log)
    : queue_(log.queue_),
      clock_(log.options_.clock),
      flush_after_(log.options_.flush_after),
      buffer_bytes_(log.options_.buffer_bytes),
      format_(log.options_.format) {
    format_.set_time(clock_());
}

LogBatch::~LogBatch() {
    flush();
}

void LogBatch::tick(Instant now) {
    now_ = now;
    if (now >= next_second_) [[unlikely]]
        renew_time();
    if (block_ != nullptr && now - first_line_ >= flush_after_) flush();
}

void LogBatch::append(const Exchange& line) {
    const std::size_t bound = LineFormat::bound(line);
    if (block_ == nullptr || block_->capacity - block_->size < bound) [[unlikely]] {
        if (!make_room(bound)) return queue_->lose_line(now_);
    }
    Block& block = *block_;
    char* const begin = block.bytes.get();
    block.size = static_cast<std::size_t>(format_.write(begin + block.size, line) - begin);
    ++block.lines;
    if (block.size >= buffer_bytes_) [[unlikely]]
        flush();
}

std::optional<LogBatch::Instant> LogBatch::due() const {
    if (block_ == nullptr) return std::nullopt;
    return first_line_ + flush_after_;
}

void LogBatch::flush() {
    if (block_ != nullptr) queue_->hand_over(std::exchange(block_, nullptr), now_);
}

bool LogBatch::make_room(std::size_t bytes) {
    // Behind the size at which a batch is handed over there is room for an ordinary line, so that none is cut off too early,
    // and blocks are of one size unless a line is very long.
    constexpr std::size_t ordinary_line = 2048;
    flush();
    block_ = queue_->take(buffer_bytes_ + std::max(bytes, ordinary_line));
    first_line_ = now_;
    return block_ != nullptr;
}

void LogBatch::renew_time() {
    const auto time = clock_();
    format_.set_time(time);
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    next_second_ = now_ + std::chrono::ceil<std::chrono::steady_clock::duration>(second + std::chrono::seconds(1) - time);
    queue_->tick(now_);
}

}  // namespace tinyhttpd::log
