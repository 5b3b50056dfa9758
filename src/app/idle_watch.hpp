// SPDX-License-Identifier: MIT
// IdleWatch: finds out when nothing has gone on for long enough (--exit-idle), by asking the workers now and then. It is told the time,
// and wakes nobody itself.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "tcp/census.hpp"

namespace tinyhttpd {

class IdleWatch {
public:
    using Instant = std::chrono::steady_clock::time_point;

    /// `census` outlives it. Idle from `now` on, as far as is known.
    IdleWatch(tcp::Census& census, std::chrono::nanoseconds limit, Instant now)
        : census_(census),
          limit_(limit),
          period_(std::clamp<std::chrono::nanoseconds>(limit / 8, answer_time, std::chrono::milliseconds(100))),
          since_(now),
          due_(now) {}

    enum class Finding : std::uint8_t { nothing, ask, idle };
    /// When look() is due.
    [[nodiscard]] Instant due() const { return due_; }
    /// Finding::ask: the workers are to be woken, who will answer soon.
    [[nodiscard]] Finding look(Instant now) {
        if (!is_asked_) {
            census_.ask();
            is_asked_ = true;
            asked_at_ = now;
            due_ = now + answer_time;
            return Finding::ask;
        }
        const auto result = census_.result();
        due_ = now + answer_time;
        if (!result) return Finding::nothing;
        is_asked_ = false;
        // The workers have answered a moment after the question, and what ends in between has gone on until then.
        if (result->answered != answered_ || was_busy_ || result->is_busy) since_ = now;
        answered_ = result->answered;
        was_busy_ = result->is_busy;
        if (asked_at_ - since_ >= limit_) return Finding::idle;
        due_ = std::min(now + period_, std::max(now, since_ + limit_));
        return Finding::nothing;
    }

private:
    static constexpr std::chrono::nanoseconds answer_time = std::chrono::milliseconds(1);

    tcp::Census& census_;
    std::chrono::nanoseconds limit_;
    std::chrono::nanoseconds period_;
    Instant since_;  ///< nothing has gone on
    Instant due_;
    Instant asked_at_{};
    bool is_asked_ = false;
    std::uint64_t answered_ = 0;
    bool was_busy_ = false;
};

}  // namespace tinyhttpd
