// SPDX-License-Identifier: MIT
#include "base/utf8.hpp"

#include <algorithm>
#include <array>

namespace tinyhttpd {

std::size_t utf8_sequence_length(std::string_view text) {
    const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto continues = [byte](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
    const unsigned first = byte(0);
    const unsigned second = byte(1);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
        return continues(1) && continues(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
        return continues(1) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

std::size_t utf8_prefix_length(std::string_view text) {
    std::size_t length = 0;
    while (length < text.size()) {
        const std::size_t sequence = utf8_sequence_length(text.substr(length));
        if (sequence == 0) break;
        length += sequence;
    }
    return length;
}

bool is_cut_utf8_sequence(std::string_view text) {
    std::array<char, 4> whole{};
    if (text.empty() || text.size() >= whole.size()) return false;
    // RFC 3629 §4: what may follow is a range that has 0x80 or 0xBF as one of its ends, whatever stands in front.
    for (const char filler : {'\x80', '\xbf'}) {
        whole.fill(filler);
        std::ranges::copy(text, whole.begin());
        if (utf8_sequence_length({whole.data(), whole.size()}) > text.size()) return true;
    }
    return false;
}

}  // namespace tinyhttpd
