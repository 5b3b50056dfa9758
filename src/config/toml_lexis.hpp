// SPDX-License-Identifier: MIT
// find_stray: a look over a TOML text before toml++ parses it, for read_toml(). Its only question is what toml++ must not see; it
// judges no grammar.
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

struct Stray {
    TextPosition position;
    std::string_view what;  ///< is wrong with it
    friend bool operator==(const Stray&, const Stray&) = default;
};

/// What toml++ 3.3 need not see, if there is any: a non-ASCII byte outside of strings and comments, as in pasted quotes, which it
/// would find a less helpful word for; and a key of more parts than its recursion has stack for.
[[nodiscard]] std::optional<Stray> find_stray(std::string_view text);

}  // namespace tinyhttpd::config
