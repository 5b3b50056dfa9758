// SPDX-License-Identifier: MIT
// Diagnostics: what the program has to say about itself, one `tinyhttpd: error: …` line each on standard error. main makes
// one and passes it on; every thread may use it. While the program starts, a line is written before report() returns; once it serves,
// no report ever waits for whoever reads standard error. Standard output, the access log and the capture are not its business.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tinyhttpd::log {

/// From the most to the least important: a level shows itself and those before it.
enum class Level : std::uint8_t { error, warn, info, debug };

class Diagnostics {
public:
    /// Writes to `descriptor`, which outlives this. Colour only when it is a terminal and NO_COLOR (https://no-color.org) is unset or
    /// empty.
    explicit Diagnostics(Level level = Level::info, int descriptor = 2);
    /// Does not wait for what is not written yet.
    ~Diagnostics();
    Diagnostics(const Diagnostics&) = delete;
    Diagnostics& operator=(const Diagnostics&) = delete;

    void set_level(Level level);

    /// From now on report() never waits, on any thread: what a stalled reader leaves no room for is counted, and the count is reported
    /// when there is room again. Called before a second thread uses this.
    void never_wait();

    /// One line: `tinyhttpd: error: TEXT`. Control bytes in `text` come out as `\xHH`, so that one report is always one line.
    void report(Level level, std::string_view text) noexcept;
    [[nodiscard]] bool shows(Level level) const;

    void error(std::string_view text) { report(Level::error, text); }
    void error(const Error& error) { report(Level::error, error.text()); }
    void warn(std::string_view text) { report(Level::warn, text); }
    void info(std::string_view text) { report(Level::info, text); }
    void debug(std::string_view text) { report(Level::debug, text); }

    /// Whether no line waits for the reader of standard error.
    [[nodiscard]] bool all_written() const;
    /// `call` is called each time that this becomes true, on another thread; it must not block. An empty one ends that.
    void when_all_written(std::function<void()> call);
    /// Waits for it, but no longer than `patience`: before an exit, so that a reader who does not stall sees the last line.
    void wait(std::chrono::milliseconds patience);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Reports of one condition that may repeat thousands of times a second (no descriptors left, a full disk): at most one line a
/// second, with the count since the last one. While standard error is stalled it is silent and counts on. Never throws: a worker calls it
/// when memory has run out.
class RepeatedReport {
public:
    using Instant = std::chrono::steady_clock::time_point;

    /// `unit` is what is counted, in the singular: "time", "line". `diagnostics` outlives this.
    RepeatedReport(Diagnostics& diagnostics, Level level, std::string unit);

    /// It happened `count` times more: `TEXT (COUNT times)` at once when the last line is a second old, else later. Any thread.
    void add(Instant now, std::string_view text, std::uint64_t count = 1) noexcept;
    /// Reports what add() held back, when its second is over. Any thread.
    void tick(Instant now) noexcept;
    /// Reports what add() held back, at once: for the end of the program.
    void flush() noexcept;

private:
    void write() noexcept;

    Diagnostics& diagnostics_;
    const Level level_;
    const std::string unit_;
    std::mutex mutex_;
    std::string text_;
    std::uint64_t pending_ = 0;
    Instant next_ = Instant::min();
};

}  // namespace tinyhttpd::log
