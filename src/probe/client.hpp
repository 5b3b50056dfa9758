// SPDX-License-Identifier: MIT
// ask_once: one attempt of a probe: connect, one request, the answer, all within a deadline. probe.cpp decides what the answer is
// worth and whether to try again.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

#include "probe/target.hpp"

namespace tinyhttpd::probe {

struct Answer {
    int status = 0;
    std::string body;  ///< at most ResponseReader::body_max bytes of it
};

/// Sends `request` to `target` and reads the answer. The words of the error follow on "probe URL: ": "connection refused", "timed out",
/// what is wrong with the answer.
[[nodiscard]] std::expected<Answer, std::string> ask_once(const Target& target, std::string_view request,
                                                          std::chrono::microseconds timeout);

}  // namespace tinyhttpd::probe
