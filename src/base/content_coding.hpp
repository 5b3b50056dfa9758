// SPDX-License-Identifier: MIT
// The content codings that an answer can have (RFC 9110 §8.4.1, and the registry that it names): their names. Nothing is compressed
// here, or anywhere in this program.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ascii.hpp"

namespace tinyhttpd {

enum class ContentCoding : std::uint8_t { gzip, br, zstd, deflate };

inline constexpr std::array<std::string_view, 4> content_coding_names = {"gzip", "br", "zstd", "deflate"};

[[nodiscard]] constexpr std::string_view name_of(ContentCoding coding) {
    return content_coding_names[static_cast<std::size_t>(coding)];
}

/// The coding of that name, in any case; none: it is not one of them.
[[nodiscard]] constexpr std::optional<ContentCoding> content_coding_named(std::string_view name) {
    // RFC 9110 §8.4.1.3: the old name means the same.
    if (equals_ignore_case(name, "x-gzip")) return ContentCoding::gzip;
    for (std::size_t i = 0; i < content_coding_names.size(); ++i)
        if (equals_ignore_case(name, content_coding_names[i])) return static_cast<ContentCoding>(i);
    return std::nullopt;
}

}  // namespace tinyhttpd
