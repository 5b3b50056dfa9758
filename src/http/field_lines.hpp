// SPDX-License-Identifier: MIT
// Fields that a head has and RequestHead does not note, since few sites ask for them: looked up by name, in the bytes of a head that
// the parser has found complete and well-formed.
#pragma once

#include <optional>
#include <string_view>

#include "base/ascii.hpp"

namespace tinyhttpd::http {

/// The value of the next field line of that name, without white space around it. `rest` is the head at first, and then what is behind
/// that line.
[[nodiscard]] inline std::optional<std::string_view> next_value(std::string_view& rest, std::string_view name) {
    while (!rest.empty()) {
        // Of no name: the request line, since a method holds no colon, and the empty line at the end.
        const std::size_t end = rest.find("\r\n");
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
        if (line.size() > name.size() && line[name.size()] == ':' && equals_ignore_case(line.substr(0, name.size()), name))
            return trim(line.substr(name.size() + 1));
    }
    return std::nullopt;
}

}  // namespace tinyhttpd::http
