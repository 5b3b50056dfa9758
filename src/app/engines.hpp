// SPDX-License-Identifier: MIT
// Engines: which ones this build has, and the one choice among them at start. `auto` tries the best first and falls back
// with one notice that names the cause; a named engine that cannot start is an error.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/serve.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "log/diagnostics.hpp"
#include "os/signals.hpp"
#include "tcp/worker_pool.hpp"

namespace tinyhttpd {

/// As --engine names them, best first.
[[nodiscard]] std::vector<std::string> engines_built_in();

/// Starts the workers on the engine that `name` selects. `job` outlives the pool.
[[nodiscard]] Result<std::unique_ptr<tcp::WorkerPool>> start_workers(config::EngineName name, const tcp::WorkerPool::Options& options,
                                                                     const Job& job, Signals& signals, log::Diagnostics& diagnostics);

}  // namespace tinyhttpd
