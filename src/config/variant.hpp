// SPDX-License-Identifier: MIT
// What --variant says, 'CODING: FILE', and whether the file is what that says. How a request comes to one is http/'s.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/config.hpp"

namespace tinyhttpd::config {

/// The error is one sentence that says what would have been right.
[[nodiscard]] std::expected<Variant, std::string> parse_variant(std::string_view text);

/// Where the name of the file begins in such a text; npos: there is none, or it is "-".
[[nodiscard]] std::size_t file_in_variant(std::string_view text);

/// Reads the file. It is an error, too, when it does not begin as its coding does.
[[nodiscard]] Result<std::string> read_variant(const Variant& variant);

}  // namespace tinyhttpd::config
