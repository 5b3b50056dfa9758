// SPDX-License-Identifier: MIT
// reason_phrase: the words that go with a status code in a status line. http/ renders them, config/ takes them as the
// default body. It knows the registered codes only and judges none.
#pragma once

#include <string_view>

namespace tinyhttpd {

/// The phrase of the IANA HTTP Status Code Registry (418 from RFC 2324), or an empty view for a code that has none: RFC
/// 9112 §4 allows an empty reason phrase. The view lives for ever.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace tinyhttpd
