// SPDX-License-Identifier: MIT
// The fields that decide about framing and the connection: their values judged, what they say noted in the head. Called by
// the head parser with each complete field line of that name; values come without white space around them.
#pragma once

#include <string_view>

#include "http/request_head.hpp"

namespace tinyhttpd::http {

// Each returns false when the value breaks its grammar: 400.
[[nodiscard]] bool read_content_length(RequestHead& head, std::string_view value);
[[nodiscard]] bool read_transfer_encoding(RequestHead& head, std::string_view value);
// These cannot fail: what is not understood in them is passed over, or named in the head.
void read_connection(RequestHead& head, std::string_view value);
void read_expect(RequestHead& head, std::string_view value);

}  // namespace tinyhttpd::http
