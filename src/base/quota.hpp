// SPDX-License-Identifier: MIT
// Quota: how --max-requests is exact although several workers answer at once. Only servers that were given a limit have
// one; without it no counter is shared between workers.
#pragma once

#include <atomic>
#include <cstdint>

namespace tinyhttpd {

/// A ticket is taken before an answer is rendered and settled when its bytes have been sent; an answer that could not be
/// delivered gives its ticket back. So never more than `limit` requests are answered, and exactly `limit` in the end.
class Quota {
public:
    explicit Quota(std::uint64_t limit) : limit_(limit), left_(static_cast<std::int64_t>(limit)) {}

    enum class Ticket : std::uint8_t { granted, last, none };

    /// `last` tells the caller that this answer should announce the close.
    [[nodiscard]] Ticket take() {
        std::int64_t left = left_.load(std::memory_order_relaxed);
        while (left > 0) {
            if (left_.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) return left == 1 ? Ticket::last : Ticket::granted;
        }
        return Ticket::none;
    }
    /// Returns true for the one call that completes the limit.
    [[nodiscard]] bool settle(std::uint32_t answers) {
        const std::uint64_t before = sent_.fetch_add(answers, std::memory_order_acq_rel);
        return before < limit_ && before + answers >= limit_;
    }
    void give_back(std::uint32_t answers) { left_.fetch_add(answers, std::memory_order_relaxed); }
    /// No ticket is left: whoever asks now gets no answer, unless one is given back.
    [[nodiscard]] bool is_used_up() const { return left_.load(std::memory_order_relaxed) <= 0; }
    [[nodiscard]] bool reached() const { return sent_.load(std::memory_order_acquire) >= limit_; }

private:
    std::uint64_t limit_;
    std::atomic<std::int64_t> left_;
    std::atomic<std::uint64_t> sent_ = 0;
};

}  // namespace tinyhttpd
