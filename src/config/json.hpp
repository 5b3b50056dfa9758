// SPDX-License-Identifier: MIT
// is_json_document: whether a body is a JSON object or array, which decides its default content type. It builds nothing.
#pragma once

#include <string_view>

namespace tinyhttpd::config {

/// True when `text` is exactly one JSON object or array (RFC 8259), with white space around it allowed. Nesting costs one
/// byte of memory per level and no stack. Bytes ≥ 0x80 within strings are not checked for UTF-8.
[[nodiscard]] bool is_json_document(std::string_view text);

}  // namespace tinyhttpd::config
