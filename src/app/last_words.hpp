// SPDX-License-Identifier: MIT
// What the program says on standard error when it has served: who was cut off, why the exit status is 4, and on a terminal what it did.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "app/lifecycle.hpp"
#include "log/diagnostics.hpp"

namespace tinyhttpd {

struct Served {
    ExitStatus status = ExitStatus::clean;
    std::uint64_t answered = 0;
    std::uint64_t cut = 0;
    std::uint64_t max_requests = 0;
    std::chrono::milliseconds time{0};
    bool on_terminal = false;  ///< somebody watches: say what there was
};

void say_last_words(log::Diagnostics& diagnostics, const Served& served);

/// "12,345 requests", "1 request".
[[nodiscard]] std::string counted_requests(std::uint64_t count);

/// The two largest units: "2 h 5 m", "3 m 2 s", "42 s", "1.5 s". Cut off, not rounded.
[[nodiscard]] std::string time_text(std::chrono::milliseconds time);

}  // namespace tinyhttpd
