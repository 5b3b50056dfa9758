// SPDX-License-Identifier: MIT
// The text of one --expect, `[COUNT ]METHOD PATH`, to an Expectation and back. Each refusal is a sentence that says what would be right.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "config/expectation.hpp"

namespace tinyhttpd::config {

/// COUNT is `2`, `2+`, `1-3` or `0`, and `1+` when left out; METHOD a token or `*`; PATH as in routes. Spaces around and between them do
/// not matter.
[[nodiscard]] std::expected<Expectation, std::string> parse_expectation(std::string_view text);

/// "2 POST /orders", or "POST /orders" for the default count: what parse_expectation() makes an equal Expectation of.
[[nodiscard]] std::string expectation_text(const Expectation& expectation);

}  // namespace tinyhttpd::config
