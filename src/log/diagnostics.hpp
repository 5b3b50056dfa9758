// SPDX-License-Identifier: MIT
// Diagnostics: what the program has to say about itself, one `tinyhttpd: error: …` line each on standard error. main makes
// one and passes it on; every thread may use it. Standard output and the access log are not its business.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
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
    /// Writes to `stream`, which outlives this. Colour only when it is a terminal and NO_COLOR (https://no-color.org) is unset or
    /// empty.
    explicit Diagnostics(Level level = Level::info, std::FILE* stream = stderr);
    ~Diagnostics();
    Diagnostics(const Diagnostics&) = delete;
    Diagnostics& operator=(const Diagnostics&) = delete;

    void set_level(Level level);

    /// One line: `tinyhttpd: error: TEXT`. Control bytes in `text` come out as `\xHH`, so that one report is always one line.
    void report(Level level, std::string_view text);

    void error(std::string_view text) { report(Level::error, text); }
    void error(const Error& error) { report(Level::error, error.text()); }
    void warn(std::string_view text) { report(Level::warn, text); }
    void info(std::string_view text) { report(Level::info, text); }
    void debug(std::string_view text) { report(Level::debug, text); }

    /// Whether a line can be written now without waiting for a reader of the stream.
    [[nodiscard]] bool ready() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
    int descriptor_;
};

/// Reports of one condition that may repeat thousands of times a second (no descriptors left, a full disk): at most one line a
/// second, with the count since the last one. Never waits for standard error: what cannot be written now is counted on.
class RepeatedReport {
public:
    using Instant = std::chrono::steady_clock::time_point;

    /// `unit` is what is counted, in the singular: "time", "line". `diagnostics` outlives this.
    RepeatedReport(Diagnostics& diagnostics, Level level, std::string unit);

    /// It happened `count` times more: `TEXT (COUNT times)` at once when the last line is a second old, else later. Any thread.
    void add(Instant now, std::string_view text, std::uint64_t count = 1);
    /// Reports what add() held back, when its second is over. Any thread.
    void tick(Instant now);
    /// Reports what add() held back, at once: for the end of the program.
    void flush();

private:
    void write();

    Diagnostics& diagnostics_;
    const Level level_;
    const std::string unit_;
    std::mutex mutex_;
    std::string text_;
    std::uint64_t pending_ = 0;
    Instant next_ = Instant::min();
};

}  // namespace tinyhttpd::log
