// SPDX-License-Identifier: MIT
// The fields that decide about routing, framing and the connection: their values judged, what they say noted in the head. Called by
// the head parser with each complete field line of that name; values come without white space around them.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/request_head.hpp"
#include "http/status.hpp"

namespace tinyhttpd::http {

// Each may refuse the value.
[[nodiscard]] Refusal read_host(RequestHead& head, std::uint32_t offset, std::string_view value);
[[nodiscard]] Refusal read_content_length(RequestHead& head, std::string_view value);
[[nodiscard]] Refusal read_transfer_encoding(RequestHead& head, std::string_view value);
// These cannot fail: what is not understood in them is passed over, or named in the head.
void read_connection(RequestHead& head, std::string_view value);
void read_expect(RequestHead& head, std::string_view value);

}  // namespace tinyhttpd::http
