// SPDX-License-Identifier: MIT
// How many processors this process may use: what `--workers auto` means. Read once at start.
#pragma once

#include <cstdint>
#include <string>

namespace tinyhttpd {

/// The smaller of the CPUs in the affinity mask and the CPU quota of the cgroup (rounded up), at least 1. `root` is put in front
/// of /proc and /sys, for tests.
[[nodiscard]] std::uint32_t usable_processors(const std::string& root = {});

}  // namespace tinyhttpd
