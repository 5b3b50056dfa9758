// SPDX-License-Identifier: MIT
// Counts what this thread takes from operator new, for the tests that hold a path to none.
#pragma once

#include <cstdint>

namespace tinyhttpd::testing {

/// Calls of operator new by this thread so far.
[[nodiscard]] std::uint64_t allocations_of_this_thread();

}  // namespace tinyhttpd::testing
