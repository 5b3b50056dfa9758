// SPDX-License-Identifier: MIT
// Lifecycle: what the main thread does while the workers serve. It turns signals, limits and time into orders for the crew,
// and what became of them into the exit status. It moves no bytes and touches no connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "app/idle_watch.hpp"
#include "base/quota.hpp"
#include "os/signals.hpp"
#include "tcp/census.hpp"
#include "tcp/worker_pool.hpp"

namespace tinyhttpd {

/// The exit statuses of the interface.
enum class ExitStatus : int {
    clean = 0,
    cannot_run = 1,
    usage = 2,
    forced = 3,     ///< a second signal, at any time, or the drain timed out with connections cut
    time_over = 4,  ///< --max-time came before --max-requests
    unmet = 5,      ///< what was expected has not come
};

struct LifecycleOptions {
    std::chrono::microseconds max_time{0};  ///< 0: no limit
    std::chrono::microseconds shutdown_delay{0};
    std::chrono::microseconds shutdown_timeout{0};
    const Quota* quota = nullptr;            ///< null: no limit
    std::chrono::microseconds exit_idle{0};  ///< 0: never
    tcp::Census* census = nullptr;           ///< of the workers; not null with exit_idle
};

/// What else has to happen at certain moments, given by main().
struct LifecycleHooks {
    std::function<void()> reopen_log;       ///< HUP, USR1
    std::function<void()> reload;           ///< HUP, unless a reason to stop has come
    std::function<void()> flip_readiness;   ///< USR2
    std::function<void()> stopping;         ///< the first reason to stop has come
    std::function<void()> turn_away;        ///< the drain begins: whoever has not connected yet comes too late
    std::function<void()> close_listeners;  ///< no worker accepts any more
    std::function<void()> aborting;         ///< nothing may be waited for any more
};

class Lifecycle {
public:
    Lifecycle(Signals& signals, tcp::WorkerPool& pool, const LifecycleOptions& options, LifecycleHooks hooks);

    /// Returns when all workers have. What they did: answers, and connections that a stop by force closed although a request or an
    /// answer was under way.
    tcp::ServerOutcome run();

    /// After run(): waits until `done()`, which is asked whenever the Signals have a report, for what is left of the shutdown timeout, and
    /// no longer than `most`. After a second signal hardly at all.
    void wait_until(const std::function<bool()>& done, std::chrono::milliseconds most = std::chrono::hours(24));

    /// After run(), and after each wait.
    [[nodiscard]] ExitStatus status() const { return status_; }

private:
    enum class Stage : std::uint8_t { serving, announcing, draining, aborting };
    using Clock = std::chrono::steady_clock;

    /// Waits for one signal or report, and acts on it. False: `until` came first.
    bool step(std::optional<Clock::time_point> until);
    void on_signal(int number);
    /// When there is something to do even if nothing is reported.
    [[nodiscard]] std::optional<Clock::time_point> due() const;
    void on_time();
    void on_deadline();
    void stop(ExitStatus status, std::chrono::microseconds delay);
    void drain();
    void abort();
    void set_deadline(std::chrono::microseconds from_now) { deadline_ = Clock::now() + from_now; }

    Signals& signals_;
    tcp::WorkerPool& pool_;
    LifecycleOptions options_;
    LifecycleHooks hooks_;
    Stage stage_ = Stage::serving;
    ExitStatus status_ = ExitStatus::clean;
    std::optional<Clock::time_point> deadline_;  ///< of the current stage
    std::optional<IdleWatch> idle_watch_;        ///< none: it does not matter
    Clock::time_point drained_until_ = {};       ///< the deadline of the drain: what follows it shares its time
    bool told_to_stop_ = false;                  ///< by a signal; a drain may have begun without one
    bool listening_ = true;
};

}  // namespace tinyhttpd
