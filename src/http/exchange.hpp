// SPDX-License-Identifier: MIT
// What the access log and a recorder learn of a request, cut out of the bytes of its head. The responder calls it, only for them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/exchange.hpp"
#include "base/recorder.hpp"
#include "base/sparing_vector.hpp"
#include "http/head_parser.hpp"

namespace tinyhttpd::http {

/// Most bytes of a malformed request line that are shown to the log.
inline constexpr std::size_t logged_line_max = 512;

/// Whether host, referer and user_agent are looked for, which costs more than the rest.
enum class Fields : std::uint8_t { left_out, described };

/// The request's part of the exchange: all but peer, status and body_bytes. `head` has the bytes that `parser` has judged; the views
/// point into it.
[[nodiscard]] Exchange describe(const HeadParser& parser, const char* head, Fields fields);

/// Its field lines, in order: of the whole head, or of one that was refused up to the last line that is whole. `fields` is empty before;
/// false when there was no memory for all.
[[nodiscard]] bool fields_of(const HeadParser& parser, const char* head, SparingVector<CapturedField>& fields);

}  // namespace tinyhttpd::http
