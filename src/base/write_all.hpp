// SPDX-License-Identifier: MIT
// write_all: a whole text into a descriptor, for whoever may wait until there is room for it. Nobody who serves may.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tinyhttpd {

/// The text, whole, however often the kernel takes less; waits for room, in a non-blocking descriptor too. The error calls it `subject`.
[[nodiscard]] Result<void> write_all(int fd, std::string_view text, const std::string& subject);

}  // namespace tinyhttpd
