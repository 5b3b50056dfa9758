// SPDX-License-Identifier: MIT
// probe_command: `tinyhttpd probe`, from its configuration to its exit status.
#pragma once

#include "app/lifecycle.hpp"
#include "config/config.hpp"
#include "log/diagnostics.hpp"

namespace tinyhttpd {

/// Healthy: clean, and silent. Unhealthy or unreachable: cannot_run, and one line that says why, unless --quiet. A URL that cannot be
/// understood, or a listener that cannot be found: usage.
[[nodiscard]] ExitStatus run_probe(const config::Config& config, log::Diagnostics& diagnostics);

}  // namespace tinyhttpd
