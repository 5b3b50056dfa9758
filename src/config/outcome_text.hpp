// SPDX-License-Identifier: MIT
// The small grammars of what becomes of a request: --sequence, --fault and --delay. Each reads a whole list or refuses it in one
// sentence that says what would be right.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace tinyhttpd::config {

/// Of all requests.
inline constexpr std::uint32_t whole = 1'000'000;

/// `503x2,ok`: outcomes in order, each once or as often as it says.
[[nodiscard]] std::expected<std::vector<SequenceStep>, std::string> parse_sequence(std::string_view text);
/// `503:5%,reset:0.5%`: at most 100 % together. What has 0 % is left out.
[[nodiscard]] std::expected<std::vector<FaultShare>, std::string> parse_faults(std::string_view text);
/// `100ms`, `50ms-2s`, `80ms~400ms`, several with weights: `100ms,2s:1%`. One without a weight takes what the others leave, and comes last.
/// What has no share is left out.
[[nodiscard]] std::expected<std::vector<Delay>, std::string> parse_delays(std::string_view text);

}  // namespace tinyhttpd::config
