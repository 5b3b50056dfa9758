// SPDX-License-Identifier: MIT
// From Config to what each layer wants: the only place where the layers' own words for the same thing meet.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/serve.hpp"
#include "config/config.hpp"
#include "log/access_log.hpp"
#include "site/board.hpp"
#include "site/expectations.hpp"

namespace tinyhttpd {

[[nodiscard]] log::AccessLogOptions to_log_options(const config::LogConfig& config);
[[nodiscard]] log::Level to_level(config::LogLevel level);
/// What the debug level says of a request that was refused.
[[nodiscard]] std::string refusal_text(const Exchange& exchange);
[[nodiscard]] site::Expectations to_expectations(const std::vector<config::Expectation>& expectations);
/// `board` and `quota` (null: no limit) outlive the job. Listeners, log and hooks are for the caller to fill in.
[[nodiscard]] Job to_job(const config::Config& config, const site::Board& board, Quota* quota, std::uint32_t max_connections);

/// What the workers meet becomes diagnostics: accepting that fails, and at the debug level each request that is refused. Both outlive
/// the job.
void say_what_goes_wrong(Job& job, config::LogLevel level, log::RepeatedReport& accept_failures, log::Diagnostics& diagnostics);

}  // namespace tinyhttpd
