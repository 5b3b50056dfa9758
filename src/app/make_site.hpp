// SPDX-License-Identifier: MIT
// From Config to the site that is answered: bodies are read, outcomes become answers. Once at start, and at each reload.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "config/config.hpp"
#include "site/site.hpp"

namespace tinyhttpd {

/// `seed`: when the configuration has none. The error is that of reading a body, or one that its content leads to.
[[nodiscard]] Result<std::shared_ptr<const site::Site>> make_site(const config::Config& config, std::uint64_t seed,
                                                                  std::shared_ptr<const site::HealthSwitch> health_switch);

}  // namespace tinyhttpd
