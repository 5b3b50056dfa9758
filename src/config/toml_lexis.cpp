// SPDX-License-Identifier: MIT
// Skips strings and comments as TOML 1.0 delimits them. A string that never ends is toml++'s to report.
#include "config/toml_lexis.hpp"

#include <algorithm>

namespace tinyhttpd::config {

namespace {

/// The length of the string that `text` begins with: basic or literal, on one line or several.
std::size_t string_length(std::string_view text) {
    const char quote = text.front();
    const bool escapes = quote == '"';
    const bool several_lines = text.size() >= 3 && text[1] == quote && text[2] == quote;
    std::size_t i = several_lines ? 3 : 1;
    while (i < text.size()) {
        if (escapes && text[i] == '\\') {
            i += 2;
        } else if (text[i] != quote) {
            if (!several_lines && text[i] == '\n') return i;
            ++i;
        } else if (!several_lines) {
            return i + 1;
        } else {
            // Three quotes end it; up to two more in front of them belong to the string.
            const std::size_t run = std::min(text.find_first_not_of(quote, i), text.size()) - i;
            if (run >= 3) return i + std::min<std::size_t>(run, 5);
            i += run;
        }
    }
    return text.size();
}

TextPosition position_of(std::string_view text, std::size_t at) {
    TextPosition position;
    for (const char byte : text.substr(0, at)) {
        if (byte == '\n') {
            ++position.line;
            position.column = 1;
        } else if ((static_cast<unsigned char>(byte) & 0xc0U) != 0x80U) {
            ++position.column;
        }
    }
    return position;
}

}  // namespace

std::optional<Stray> find_stray(std::string_view text) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    constexpr std::size_t dots_max = 100;  // of one key, or of the numbers in one line of an array: nothing here comes near
    std::size_t dots = 0;
    std::size_t i = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    while (i < text.size()) {
        if (text[i] == '"' || text[i] == '\'') {
            i += string_length(text.substr(i));
        } else if (text[i] == '#') {
            i = std::min(text.find('\n', i), text.size());
        } else if (static_cast<unsigned char>(text[i]) >= 0x80) {
            return Stray{position_of(text, i), "a character that can only be in a string or a comment (strings take plain quotes)"};
        } else {
            if (text[i] == '\n') dots = 0;
            if (text[i] == '.' && ++dots > dots_max) return Stray{position_of(text, i), "a key of too many parts"};
            ++i;
        }
    }
    return {};
}

}  // namespace tinyhttpd::config
