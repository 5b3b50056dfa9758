// SPDX-License-Identifier: MIT
// Expectation: one --expect as a plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tinyhttpd::config {

struct Expectation {
    std::uint64_t count_min = 1;
    std::optional<std::uint64_t> count_max = {};  ///< none: any number from count_min
    std::string method = "*";                     ///< "*": any
    std::string path = "*";                       ///< exact, or a prefix when it ends in "*"
    friend bool operator==(const Expectation&, const Expectation&) = default;
};

}  // namespace tinyhttpd::config
