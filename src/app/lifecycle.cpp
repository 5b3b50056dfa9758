// SPDX-License-Identifier: MIT
#include "app/lifecycle.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace tinyhttpd {

Lifecycle::Lifecycle(Signals& signals, tcp::WorkerPool& pool, const LifecycleOptions& options, LifecycleHooks hooks)
    : signals_(signals), pool_(pool), options_(options), hooks_(std::move(hooks)) {
    if (options_.max_time.count() > 0) set_deadline(options_.max_time);
    if (options_.exit_idle.count() > 0) idle_watch_.emplace(*options_.census, options_.exit_idle, Clock::now());
}

tcp::ServerOutcome Lifecycle::run() {
    const tcp::Orders& orders = pool_.crew().orders;
    while (!orders.all_returned()) {
        if (!step(due())) on_time();
        if (options_.quota != nullptr && options_.quota->reached()) stop(ExitStatus::clean, std::chrono::microseconds::zero());
        if (orders.failure() != 0) stop(ExitStatus::cannot_run, std::chrono::microseconds::zero());
        if (listening_ && orders.accepting_ended()) {
            listening_ = false;
            hooks_.close_listeners();
        }
    }
    const tcp::ServerOutcome outcome = pool_.join();
    // A timed-out drain that cut nobody (its clients only held finished connections open) was clean after all, and one that reached the
    // quota was not too late.
    if (stage_ == Stage::aborting && outcome.cut > 0) status_ = ExitStatus::forced;
    if (status_ == ExitStatus::time_over && options_.quota->reached()) status_ = ExitStatus::clean;
    return outcome;
}

void Lifecycle::wait_until(const std::function<bool()>& done, std::chrono::milliseconds most) {
    // What can be had at once is waited for even when the time is up, or after a second signal.
    constexpr auto least = std::chrono::milliseconds(100);
    const auto begin = Clock::now();
    const auto until = std::max(begin + least, std::min<Clock::time_point>(begin + most, drained_until_));
    while (!done()) {
        if (!step(status_ == ExitStatus::forced ? begin + least : until)) return;
    }
}

bool Lifecycle::step(std::optional<Clock::time_point> until) {
    std::optional<std::chrono::nanoseconds> left;
    if (until) left = *until - Clock::now();
    const std::optional<int> signal = signals_.next(left);
    if (signal && *signal != 0) on_signal(*signal);
    return signal.has_value();
}

void Lifecycle::on_signal(int number) {
    switch (number) {
        case SIGHUP:
            hooks_.reopen_log();
            if (stage_ == Stage::serving) hooks_.reload();
            return;
        case SIGUSR1: return hooks_.reopen_log();
        case SIGUSR2: return hooks_.flip_readiness();
        case SIGTERM:
        case SIGINT:
            if (!std::exchange(told_to_stop_, true)) return stop(ExitStatus::clean, options_.shutdown_delay);
            status_ = ExitStatus::forced;
            return abort();
        default: return;
    }
}

std::optional<Lifecycle::Clock::time_point> Lifecycle::due() const {
    if (stage_ != Stage::serving || !idle_watch_) return deadline_;
    return deadline_ ? std::min(*deadline_, idle_watch_->due()) : idle_watch_->due();
}

void Lifecycle::on_time() {
    const auto now = Clock::now();
    if (deadline_ && *deadline_ <= now) return on_deadline();
    switch (idle_watch_->look(now)) {
        case IdleWatch::Finding::nothing: return;
        case IdleWatch::Finding::ask: return pool_.crew().mailbox.wake_all();
        case IdleWatch::Finding::idle: return stop(ExitStatus::clean, std::chrono::microseconds::zero());
    }
}

void Lifecycle::on_deadline() {
    switch (stage_) {
        case Stage::serving: {
            const bool short_of_quota = options_.quota != nullptr && !options_.quota->reached();
            return stop(short_of_quota ? ExitStatus::time_over : ExitStatus::clean, std::chrono::microseconds::zero());
        }
        case Stage::announcing: return drain();
        case Stage::draining: return abort();
        case Stage::aborting: return;
    }
}

void Lifecycle::stop(ExitStatus status, std::chrono::microseconds delay) {
    // Whoever reaches the last request while the stop is being announced has nothing left to wait for.
    if (stage_ == Stage::announcing && delay.count() == 0) return drain();
    if (stage_ != Stage::serving) return;
    status_ = status;
    hooks_.stopping();
    if (delay.count() == 0) return drain();
    stage_ = Stage::announcing;
    set_deadline(delay);
    pool_.crew().orders.direct(tcp::Order::announce);
}

void Lifecycle::drain() {
    stage_ = Stage::draining;
    set_deadline(options_.shutdown_timeout);
    drained_until_ = *deadline_;
    hooks_.turn_away();
    pool_.crew().orders.direct(tcp::Order::drain);
}

void Lifecycle::abort() {
    if (stage_ == Stage::aborting) return;
    stage_ = Stage::aborting;
    deadline_.reset();
    hooks_.aborting();
    pool_.crew().orders.direct(tcp::Order::abort);
}

}  // namespace tinyhttpd
