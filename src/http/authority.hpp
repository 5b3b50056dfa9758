// SPDX-License-Identifier: MIT
// Host and request target: the parts of RFC 3986 that a server must judge to know where a request was meant to go. Called
// by the head parser on whole elements whose bytes it has found acceptable one by one. Which authority is this server's own
// is not asked: a responder answers for all of them.
#pragma once

#include <string_view>

#include "http/request_head.hpp"
#include "http/status.hpp"

namespace tinyhttpd::http {

/// RFC 9112 §3.2: whether `value` is a Host with a host in it: `uri-host [":" port]`, where RFC 9110 §4.2.1 lets no http
/// URI have an empty host. A link-local IPv6 literal may have a zone (RFC 6874, and raw, as clients send it).
[[nodiscard]] bool is_host(std::string_view value);

/// RFC 9112 §3.2.3 and RFC 9110 §9.3.6: what CONNECT needs, a host and a port within range.
[[nodiscard]] bool is_authority_form(std::string_view target);

/// Notes in `head`, whose method is known, which of the four forms of RFC 9112 §3.2 `target` has; refuses it when it has none of
/// them or one that the method does not take.
[[nodiscard]] Refusal judge_target(RequestHead& head, std::string_view target);

}  // namespace tinyhttpd::http
