// SPDX-License-Identifier: MIT
// From Config to what each layer wants: the only place where the layers' own words for the same thing meet.
#pragma once

#include <cstdint>
#include <string>

#include "app/serve.hpp"
#include "config/config.hpp"
#include "config/response.hpp"
#include "http/response.hpp"
#include "log/access_log.hpp"

namespace tinyhttpd {

[[nodiscard]] http::ResponseSpec to_response_spec(config::Response answer);
[[nodiscard]] log::AccessLogOptions to_log_options(const config::LogConfig& config);
[[nodiscard]] log::Level to_level(config::LogLevel level);
/// What the debug level says of a request that was refused.
[[nodiscard]] std::string refusal_text(const Exchange& exchange);
/// `response` and `quota` (null: no limit) outlive the job. Listeners, log and hooks are for the caller to fill in.
[[nodiscard]] Job to_job(const config::Config& config, const http::ResponseSpec& response, Quota* quota, std::uint32_t max_connections);

}  // namespace tinyhttpd
