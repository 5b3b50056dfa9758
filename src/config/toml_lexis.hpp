// SPDX-License-Identifier: MIT
// find_stray: a look over a TOML text before toml++ parses it, for read_toml(). Its only question is where a character
// stands that TOML does not allow there; it judges no grammar.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tinyhttpd::config {

struct TextPosition {
    std::size_t line = 1;
    std::size_t column = 1;  ///< in characters
    friend bool operator==(const TextPosition&, const TextPosition&) = default;
};

/// The first non-ASCII byte outside of strings and comments, if there is one. TOML 1.0 has none there, but toml++ 3.3 runs
/// into undefined behaviour on some (is_non_ascii_horizontal_whitespace reaches its "unreachable").
[[nodiscard]] std::optional<TextPosition> find_stray(std::string_view text);

}  // namespace tinyhttpd::config
