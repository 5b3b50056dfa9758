// SPDX-License-Identifier: MIT
// From Config to the site that is answered: bodies are read, outcomes become answers. Once at start, and at each reload.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"
#include "site/site.hpp"

namespace tinyhttpd {

/// `seed`: when the configuration has none. The errors are all those of reading bodies, and those that their
/// content leads to.
[[nodiscard]] std::expected<std::shared_ptr<const site::Site>, std::vector<Error>> make_site(
    const config::Config& config, std::uint64_t seed, std::shared_ptr<const site::HealthSwitch> health_switch);

}  // namespace tinyhttpd
