// SPDX-License-Identifier: MIT
// Host and request target: the parts of RFC 3986 that a server must judge to know where a request was meant to go. Called
// by the head parser on whole elements whose bytes it has found acceptable one by one.
#pragma once

#include <optional>
#include <string_view>

#include "http/request_head.hpp"

namespace tinyhttpd::http {

/// RFC 9112 §3.2: whether `value` is a Host with a host in it: `uri-host [":" port]`, where RFC 9110 §4.2.1 lets no http
/// URI have an empty host. A comma, valid in a reg-name, is refused: some recipient will read a list.
[[nodiscard]] bool is_host(std::string_view value);

/// RFC 9112 §3.2.3 and RFC 9110 §9.3.6: what CONNECT needs, a host and a port within range.
[[nodiscard]] bool is_authority_form(std::string_view target);

/// The form of `target` (RFC 9112 §3.2), or nothing when it has none of the four or one that `method` does not take.
[[nodiscard]] std::optional<TargetForm> target_form(std::string_view target, Method method);

}  // namespace tinyhttpd::http
