// SPDX-License-Identifier: MIT
// probe: asks a server whether it is healthy, as often as it was told to. For HEALTHCHECK lines and scripts that wait for a server
// of any make. Called by probe_command.cpp; prints nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "probe/client.hpp"
#include "probe/target.hpp"

namespace tinyhttpd::probe {

/// What counts as healthy, and how long to go on.
struct Expectation {
    int status_min = 200;
    int status_max = 399;
    std::optional<std::string> body;       ///< a text that the content has to hold
    std::chrono::microseconds timeout{0};  ///< of each attempt
    std::optional<std::uint64_t> retries;  ///< attempts after the first; none: as many as `wait` has time for
    std::chrono::microseconds wait{0};     ///< no attempt begins later than this after the first
};

/// What becomes of several attempts.
struct Verdict {
    std::optional<std::string> why;  ///< why the last one was not healthy; nothing: it was
    std::uint64_t attempts = 0;
    std::chrono::steady_clock::duration took{0};  ///< from the first attempt to the end of the last one
};

/// Why what one attempt came to is not healthy; nothing: it is.
[[nodiscard]] std::optional<std::string> judge(const std::expected<Answer, std::string>& answer, const Expectation& expected);

/// Sends `request` at once, and again after pauses that grow from 50 ms to 1 s, until an attempt finds the server healthy.
[[nodiscard]] Verdict probe(const Target& target, std::string_view request, const Expectation& expected);

/// ` (after 3 attempts in 1.2 s)`, so that whoever reads why knows that it was waited for; empty after a single attempt.
[[nodiscard]] std::string patience_text(const Verdict& verdict);

}  // namespace tinyhttpd::probe
