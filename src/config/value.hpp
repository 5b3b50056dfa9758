// SPDX-License-Identifier: MIT
// parse_value: the text of any option to its value, by the option's type, with its range checked. Where the text came
// from does not matter here; the caller puts the place in front of the refusal.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "config/option_table.hpp"

namespace tinyhttpd::config {

/// Reads `text` into `value`; a list grows by one. Returns one sentence that says what would have been right, or nothing
/// when the text was. Requires that the option is no action.
[[nodiscard]] std::optional<std::string> parse_value(const Option& option, std::string_view text, Value& value);

/// Where in such a text the name of a file begins that is read; npos: it holds none.
[[nodiscard]] std::size_t input_file_in(const Option& option, std::string_view text);

/// `text` with its control bytes as \n and \x1b, so that a line about it is one line and moves no cursor.
[[nodiscard]] std::string escaped(std::string_view text);
/// The same, cut when it is long.
[[nodiscard]] std::string excerpt(std::string_view text);
/// An excerpt as an error message shows it: quoted when it is empty or holds spaces or quotes.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace tinyhttpd::config
