// SPDX-License-Identifier: MIT
// UTF-8, as RFC 3629 has it: what may be written into text that others will decode.
#pragma once

#include <cstddef>
#include <string_view>

namespace tinyhttpd {

/// The length of the UTF-8 sequence at the front of `text`, 0 when there is none (RFC 3629 §4: no overlong form, no
/// surrogate, nothing above U+10FFFF). Requires one byte.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text);

/// How many bytes at the front of `text` are UTF-8: all of them, or up to the first sequence that is none.
[[nodiscard]] std::size_t utf8_prefix_length(std::string_view text);

/// Whether more bytes behind it would make `text`, which is none yet, one UTF-8 sequence: a character that was cut in two.
[[nodiscard]] bool is_cut_utf8_sequence(std::string_view text);

}  // namespace tinyhttpd
