// SPDX-License-Identifier: MIT
// probe: asks a server whether it is healthy, as often as it was told to. For HEALTHCHECK lines and scripts that wait for a server
// of any make. Called by probe_command.cpp; prints nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

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

/// Why what one attempt came to is not healthy; nothing: it is.
[[nodiscard]] std::optional<std::string> judge(const std::expected<Answer, std::string>& answer, const Expectation& expected);

/// Tries at once, and again after pauses that grow from 50 ms to 1 s. Nothing: an attempt found the server healthy; otherwise why
/// the last one did not.
[[nodiscard]] std::optional<std::string> probe(const Target& target, const Expectation& expected);

}  // namespace tinyhttpd::probe
