// SPDX-License-Identifier: MIT
// A route as text, '[METHOD ]PATH STATUS [BODY]', and what any route has to be, whatever it was given as.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace tinyhttpd::config {

/// The parts of a route's text, none understood but for where it begins and ends.
struct RouteText {
    std::string method;  ///< empty: any
    std::string path;
    std::string status;
    std::optional<std::string> body;
    std::optional<std::string> body_file;  ///< of `@FILE`; `@@` begins a body with one
};
[[nodiscard]] std::expected<RouteText, std::string> parse_route(std::string_view text);

// What is wrong; none: nothing is.
[[nodiscard]] std::optional<std::string> problem_of_path(std::string_view path);
[[nodiscard]] std::optional<std::string> problem_of_method(std::string_view method);
/// A path of its own for one purpose: exact, without query.
[[nodiscard]] std::optional<std::string> problem_of_exact_path(std::string_view path);

/// Those of the routes before the last that together leave nothing to it; empty: something is left. Requires one route.
[[nodiscard]] std::vector<const RouteConfig*> shadows_of_last(std::span<const RouteConfig> routes);

}  // namespace tinyhttpd::config
