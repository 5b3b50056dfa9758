// SPDX-License-Identifier: MIT
// edit_distance: how far two names are from each other, for messages that guess what was meant.
#pragma once

#include <cstddef>
#include <string_view>

namespace tinyhttpd {

/// How many bytes have to be put in, taken out, replaced or swapped with their neighbour to make `a` of `b`, no byte twice.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace tinyhttpd
