// SPDX-License-Identifier: MIT
// A number that nobody can foretell, for what is to differ from run to run. Not for secrets: without the system's it is the time.
#pragma once

#include <cstdint>

namespace tinyhttpd {

/// From getentropy(3). Not std::random_device, which asks the processor with cpuid what it can: under a hypervisor a hundredth of the
/// start.
[[nodiscard]] std::uint64_t random_number();

}  // namespace tinyhttpd
