// SPDX-License-Identifier: MIT
// FakeSchedule: runs several servers of one FakeNetwork interleaved in one thread and in virtual time, as threads on too few
// processors would be: who has a reason for a turn may get it in any order, and the clock moves on only when nobody has.
// It gives no orders and judges nothing: that is the test's.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/verify.hpp"
#include "support/fake_engine.hpp"

namespace tinyhttpd::support {

template <class Server>
class FakeSchedule {
public:
    explicit FakeSchedule(FakeNetwork& network) : network_(network) {}

    /// Engine and server live until `ended` is called, once the server is done.
    void add(FakeEngine& engine, Server& server, std::function<void()> ended) { workers_.push_back({&engine, &server, std::move(ended)}); }

    [[nodiscard]] bool all_ended() const { return workers_.empty(); }

    /// SIGSTOP now, SIGCONT at `until`: the world goes on and nobody gets a turn.
    void stop(Instant until) {
        stopped_until_ = until;
        for (const Worker& worker : workers_) worker.engine->interrupt();
    }

    /// One turn of a worker that has a reason for it or, when none has, the clock moves on: to `limit` at most.
    void step(Instant limit) {
        network_.run_due();
        const bool is_stopped = network_.now() < stopped_until_;
        if (!is_stopped && take_turn()) return;
        Instant next = is_stopped ? std::min(limit, stopped_until_) : limit;
        if (const auto due = network_.next_due()) next = std::min(next, *due);
        for (const Worker& worker : workers_) {
            if (is_stopped) break;
            const std::optional<Instant> due = is_off(worker) ? worker.off_until : worker.server->due();
            if (due) next = std::min(next, *due);
        }
        VERIFY(next != Instant::max());  // or all wait for ever for nothing
        network_.advance_to(next);
    }
    void run_until(Instant when) {
        while (network_.now() < when) step(when);
    }

private:
    static constexpr std::chrono::duration<std::uint64_t, std::micro> longest_off{5000};

    struct Worker {
        FakeEngine* engine;
        Server* server;
        std::function<void()> ended;
        Instant off_until = Instant::min();  ///< its thread is not on a processor
    };

    [[nodiscard]] bool is_off(const Worker& worker) const { return network_.now() < worker.off_until; }

    bool take_turn() {
        network_.random.shuffle(workers_);
        const auto worker = std::ranges::find_if(workers_, [this](const Worker& w) {
            if (is_off(w)) return false;
            const std::optional<Instant> due = w.server->due();
            return (due && *due <= network_.now()) || w.engine->has_something();
        });
        if (worker == workers_.end()) return false;
        worker->server->turn();
        if (network_.random.chance(network_.knobs.descheduled))
            worker->off_until = network_.now() + Microseconds(network_.random.between(1, longest_off.count()));
        if (worker->server->done()) {
            const auto ended = std::move(worker->ended);
            workers_.erase(worker);
            ended();
        }
        return true;
    }

    FakeNetwork& network_;
    std::vector<Worker> workers_;
    Instant stopped_until_ = Instant::min();
};

}  // namespace tinyhttpd::support
