// SPDX-License-Identifier: MIT
// What the access log learns of a request, cut out of the bytes of its head. The responder calls it, only with the log on.
#pragma once

#include <string_view>

#include "base/exchange.hpp"
#include "http/head_parser.hpp"

namespace tinyhttpd::http {

/// Most bytes of a malformed request line that are shown to the log.
inline constexpr std::size_t logged_line_max = 512;

/// The request's part of the exchange: all but peer, status and body_bytes. `head` has the bytes that `parser` has judged;
/// the views point into it.
[[nodiscard]] Exchange describe(const HeadParser& parser, const char* head);

}  // namespace tinyhttpd::http
