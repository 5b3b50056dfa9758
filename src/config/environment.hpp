// SPDX-License-Identifier: MIT
// read_environment: the TINYHTTPD_ variables to a Layer. Unknown ones are ignored, TINYHTTPD_PORT with them: Kubernetes sets
// it for a Service called tinyhttpd. An empty value is a value: the empty body, no headers.
#pragma once

#include <string>
#include <vector>

#include "config/layer.hpp"

namespace tinyhttpd::config {

struct Environment {
    Layer layer;
    std::vector<std::string> problems;  ///< complete lines
};

/// `environment` as in environ(7): NAME=VALUE entries up to a null pointer. A list has one element per line. What --no-keepalive is on
/// the command line, TINYHTTPD_NO_KEEPALIVE=1 is here.
[[nodiscard]] Environment read_environment(const char* const* environment);

}  // namespace tinyhttpd::config
