// SPDX-License-Identifier: MIT
// nearest: the name a user most likely meant. Used for unknown flags and keys, on the way to an error message only.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tinyhttpd::config {

/// The candidate closest to `given` by edit distance (a swap of neighbours counts once; a beginning of at least three
/// letters counts as close), or an empty view when none is near enough to be worth a suggestion.
[[nodiscard]] std::string_view nearest(std::string_view given, std::span<const std::string> candidates);

/// What peers call an option of ours, where the nearest name would mislead.
struct Tried {
    std::string_view name;    ///< of a flag without its dashes, or of a key
    std::string_view option;  ///< what it is called here
    std::string_view form;    ///< of its value, where that differs; may be empty
};

/// Null when no peer calls anything so.
[[nodiscard]] const Tried* tried_elsewhere(std::string_view name);

}  // namespace tinyhttpd::config
