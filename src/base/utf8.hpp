// SPDX-License-Identifier: MIT
// UTF-8, as RFC 3629 has it: what may be written into text that others will decode.
#pragma once

#include <cstddef>
#include <string_view>

namespace tinyhttpd {

/// The length of the UTF-8 sequence at the front of `text`, 0 when there is none (RFC 3629 §4: no overlong form, no
/// surrogate, nothing above U+10FFFF). Requires one byte.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text);

}  // namespace tinyhttpd
