// SPDX-License-Identifier: MIT
// The units of the configuration, the same in flags, environment and file: text to number, and number to the words of an
// error message. Each parser reads the whole text or refuses it in one sentence that says what would be right.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace tinyhttpd::config {

/// Digits only: no sign, no space, no leading plus.
[[nodiscard]] std::expected<std::uint64_t, std::string> parse_count(std::string_view text);
/// 512, 4k, 4KiB, 1M, 1MiB, 2G, 2GiB: powers of 1024 in either case.
[[nodiscard]] std::expected<std::uint64_t, std::string> parse_size(std::string_view text);
/// 250us, 100ms, 5s, 1m, 2h, or 0. Any other bare number is refused: programs disagree on what it would mean.
[[nodiscard]] std::expected<Duration, std::string> parse_duration(std::string_view text);
/// true and false, yes and no, on and off, 1 and 0.
[[nodiscard]] std::expected<bool, std::string> parse_boolean(std::string_view text);
/// Permission bits as chmod(1) takes them: 660 or 0660.
[[nodiscard]] std::expected<std::uint32_t, std::string> parse_mode(std::string_view text);

/// 16M for 16777216, 512 for 512.
[[nodiscard]] std::string size_text(std::uint64_t bytes);
/// 5s for 5000000 µs, in the largest unit that divides it.
[[nodiscard]] std::string duration_text(Duration duration);

}  // namespace tinyhttpd::config
