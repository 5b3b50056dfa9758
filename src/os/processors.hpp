// SPDX-License-Identifier: MIT
// Which processors this process may use: what `--workers auto` and `--pin-workers` mean. Read once at start.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinyhttpd {

/// The smaller of the CPUs in the affinity mask and the CPU quota of the cgroup (rounded up), at least 1. `root` is put in front
/// of /proc and /sys, for tests.
[[nodiscard]] std::uint32_t usable_processors(const std::string& root = {});

/// The numbers of the CPUs in the affinity mask (sched_getaffinity(2)), ascending. Empty where the system has no such mask.
[[nodiscard]] std::vector<int> affinity_mask();

}  // namespace tinyhttpd
