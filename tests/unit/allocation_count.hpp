// SPDX-License-Identifier: MIT
// Counts what this thread takes from operator new, for the tests that hold a path to none, and lets it run out of memory, for those
// that hold a path to surviving that.
#pragma once

#include <cstdint>

namespace tinyhttpd::testing {

/// Calls of operator new by this thread so far.
[[nodiscard]] std::uint64_t allocations_of_this_thread();

/// While one exists, this thread's calls of operator new fail.
class OutOfMemory {
public:
    OutOfMemory();
    OutOfMemory(const OutOfMemory&) = delete;
    OutOfMemory& operator=(const OutOfMemory&) = delete;
    ~OutOfMemory();
};

}  // namespace tinyhttpd::testing
