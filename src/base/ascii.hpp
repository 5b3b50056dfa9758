// SPDX-License-Identifier: MIT
// The character classes of HTTP, as one table looked up by byte: http/ judges what arrives with it, config/ what the user
// wants sent. Locale-free, constexpr, and total: every function takes every byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tinyhttpd {

namespace ascii {

enum Class : std::uint8_t {
    tchar = 1,        ///< RFC 9110 §5.6.2
    field_char = 2,   ///< RFC 9110 §5.5: VCHAR, obs-text, SP and HTAB
    target_char = 4,  ///< request target without "%": URI bytes, and what browsers send raw in a query (WHATWG URL, query set)
    host_char = 8,    ///< RFC 3986 §3.2.2 reg-name without "%"
    digit = 16,
    hex_digit = 32,
    alpha = 64,
};

[[nodiscard]] consteval std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> table{};
    const auto add = [&table](std::string_view bytes, unsigned classes) {
        for (const char byte : bytes) {
            auto& entry = table[static_cast<unsigned char>(byte)];
            entry = static_cast<std::uint8_t>(entry | classes);
        }
    };
    for (unsigned byte = 0x20; byte < 0x100; ++byte) {
        if (byte != 0x7f) table[byte] = field_char;
    }
    add("\t", field_char);
    for (unsigned byte = 0x21; byte < 0x7f; ++byte) table[byte] |= target_char;
    for (const char byte : std::string_view("\"<>#%")) table[static_cast<unsigned char>(byte)] = field_char;
    add("0123456789", tchar | host_char | digit | hex_digit);
    add("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", tchar | host_char | alpha);
    add("abcdefABCDEF", hex_digit);
    add("!#$%&'*+-.^_`|~", tchar);
    add("-._~!$&'()*+,;=", host_char);
    return table;
}

inline constexpr auto classes = make_classes();

/// Whether `byte` belongs to any of the `wanted` classes.
[[nodiscard]] constexpr bool is(char byte, unsigned wanted) {
    return (classes[static_cast<unsigned char>(byte)] & wanted) != 0;
}

}  // namespace ascii

[[nodiscard]] constexpr bool is_tchar(unsigned char byte) {
    return (ascii::classes[byte] & ascii::tchar) != 0;
}

/// RFC 9110 §5.6.2: one or more tchar. Methods and field names are tokens.
[[nodiscard]] constexpr bool is_token(std::string_view text) {
    for (const char byte : text) {
        if (!ascii::is(byte, ascii::tchar)) return false;
    }
    return !text.empty();
}

/// RFC 9110 §5.5: no control byte but HTAB. The empty value is one; white space around it is the caller's to trim.
[[nodiscard]] constexpr bool is_field_value(std::string_view text) {
    for (const char byte : text) {
        if (!ascii::is(byte, ascii::field_char)) return false;
    }
    return true;
}

[[nodiscard]] constexpr char to_lower(char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
}

[[nodiscard]] constexpr bool equals_ignore_case(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (to_lower(left[i]) != to_lower(right[i])) return false;
    }
    return true;
}

/// `text` without the SP and HTAB around it (OWS of RFC 9110 §5.6.3).
[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

}  // namespace tinyhttpd
