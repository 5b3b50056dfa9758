// SPDX-License-Identifier: MIT
// Health: whether the program is to say that it lives and that it is ready. A clock, a file, a signal and the drain flip it; the
// network only reads it. The main thread writes, workers read, each with a relaxed load and a comparison.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tinyhttpd::site {

struct HealthOptions {
    std::chrono::nanoseconds ready_after{};                        ///< from the start; not ready before
    std::optional<std::chrono::nanoseconds> unhealthy_after = {};  ///< from the start; never without one
    std::optional<std::string> down_file = {};                     ///< not ready while this file exists
};

/// What the main thread does to the health of the program, whatever site is answered.
class HealthSwitch {
public:
    using Instant = std::chrono::steady_clock::time_point;

    /// `unready`: begins not ready.
    explicit HealthSwitch(bool unready = false, Instant start = std::chrono::steady_clock::now()) : start_(start), is_down_(unready) {}

    /// The signal: ready becomes not ready and the other way round. Returns whether it is ready now, as far as the signal goes.
    bool flip() {
        const bool was_down = is_down();
        is_down_.store(!was_down, std::memory_order_relaxed);
        return was_down;
    }
    /// As at start, whatever the signal has done since.
    void set_unready(bool unready) { is_down_.store(unready, std::memory_order_relaxed); }
    void stop() { is_stopping_.store(true, std::memory_order_relaxed); }

    [[nodiscard]] Instant start() const { return start_; }
    [[nodiscard]] bool is_down() const { return is_down_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool is_stopping() const { return is_stopping_.load(std::memory_order_relaxed); }

private:
    Instant start_;
    std::atomic<bool> is_down_;
    std::atomic<bool> is_stopping_ = false;
};

class Health {
public:
    using Instant = HealthSwitch::Instant;

    enum class Readiness : std::uint8_t { ready, starting, down_file, signal, stopping };

    Health(HealthOptions options, std::shared_ptr<const HealthSwitch> flipped);

    [[nodiscard]] bool is_healthy(Instant now) const {
        return !options_.unhealthy_after || now - switch_->start() < *options_.unhealthy_after;
    }
    /// With a down file: looks whether it exists, at most ten times a second for all workers together.
    [[nodiscard]] Readiness readiness(Instant now) const;

private:
    [[nodiscard]] bool down_file_exists(Instant now) const;

    HealthOptions options_;
    std::shared_ptr<const HealthSwitch> switch_;
    mutable std::atomic<std::int64_t> looked_at_;  ///< for the down file: ticks of Instant
    mutable std::atomic<bool> was_there_ = false;  ///< when it was looked for
};

}  // namespace tinyhttpd::site
