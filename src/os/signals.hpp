// SPDX-License-Identifier: MIT
// Signals: turns signals, and reports of other threads, into bytes of a pipe that the main thread polls. Async-signal-safe
// by being no more than that. Behaves the same as PID 1, where a signal without a handler would be ignored.
#pragma once

#include <chrono>
#include <optional>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace tinyhttpd {

/// PIPE and XFSZ: a write(2) that fails, since its reader has gone or a file may not grow (setrlimit(2)), says so itself.
void ignore_signals_of_writes();

class Signals {
public:
    /// Handles TERM, INT, HUP, USR1 and USR2. Called before anything else: from here on none is lost. Until deliver() TERM and INT
    /// end the process at once with status 0: there is nothing to drain, and a read of standard input that never ends must not
    /// keep it. After it the second of them gives the program a second to end, whatever a system call may hold it up in: then
    /// it is over, with status 3. One object per process.
    [[nodiscard]] static Result<Signals> install();

    /// From now on signals are for next().
    static void deliver();

    /// The next signal's number, 0 for a report(), or nothing when `timeout` has passed (none: waits for ever). In the order they came;
    /// those of HUP, and of USR1, that come before one is taken are that one.
    [[nodiscard]] std::optional<int> next(std::optional<std::chrono::nanoseconds> timeout);

    /// Makes next() return 0. Any thread; never blocks.
    void report() const;

private:
    Fd read_;
    Fd write_;
};

}  // namespace tinyhttpd
