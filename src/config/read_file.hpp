// SPDX-License-Identifier: MIT
// read_file: the whole content of a file that is read once at start (the configuration, a body).
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tinyhttpd::config {

/// Reads `path` to its end, whatever it is (a pipe too); "-" is standard input. `purpose` reads after "cannot" in the
/// error: "read the body from".
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::string_view purpose);

}  // namespace tinyhttpd::config
