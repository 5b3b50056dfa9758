// SPDX-License-Identifier: MIT
// Census: what the main thread asks all workers now and then when it wants to know whether anything is going on (--exit-idle).
// Each answers when it is woken, from what it has anyway; a server that nobody asks counts nothing for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

namespace tinyhttpd::tcp {

class Census {
public:
    explicit Census(std::uint32_t workers) : workers_(workers), seats_(std::make_unique<Seat[]>(workers)) {}

    // -- the main thread
    /// The workers are to be woken after it.
    void ask() { asked_.fetch_add(1, std::memory_order_release); }

    struct Result {
        std::uint64_t answered = 0;  ///< requests, since the start
        bool is_busy = false;        ///< one has begun or is under way
        friend bool operator==(const Result&, const Result&) = default;
    };
    /// What all said to the last question; none: somebody has not answered it yet.
    [[nodiscard]] std::optional<Result> result() const {
        Result sum;
        for (std::uint32_t seat = 0; seat < workers_; ++seat) {
            if (seats_[seat].told.load(std::memory_order_acquire) != asked_.load(std::memory_order_relaxed)) return std::nullopt;
            sum.answered += seats_[seat].answered.load(std::memory_order_relaxed);
            sum.is_busy = sum.is_busy || seats_[seat].is_busy.load(std::memory_order_relaxed);
        }
        return sum;
    }

    // -- the worker that sits at `seat`
    [[nodiscard]] bool is_asked(std::uint32_t seat) const {
        return seats_[seat].told.load(std::memory_order_relaxed) != asked_.load(std::memory_order_acquire);
    }
    void tell(std::uint32_t seat, Result result) {
        seats_[seat].answered.store(result.answered, std::memory_order_relaxed);
        seats_[seat].is_busy.store(result.is_busy, std::memory_order_relaxed);
        seats_[seat].told.store(asked_.load(std::memory_order_acquire), std::memory_order_release);
    }

private:
    struct alignas(64) Seat {
        std::atomic<std::uint64_t> answered = 0;
        std::atomic<bool> is_busy = false;
        std::atomic<std::uint32_t> told = 0;
    };
    std::uint32_t workers_;
    std::unique_ptr<Seat[]> seats_;
    std::atomic<std::uint32_t> asked_ = 0;
};

}  // namespace tinyhttpd::tcp
