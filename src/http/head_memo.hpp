// SPDX-License-Identifier: MIT
// HeadMemo: what the parser found in the last head, for the next one that is the same to the byte. Clients of a responder
// repeat themselves, on one connection and across them, and a verdict depends on the bytes alone. One per worker. Only
// heads that are answered at once are worth keeping: no content, nothing to turn down.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "http/head_parser.hpp"
#include "http/reply.hpp"

namespace tinyhttpd::http {

class HeadMemo {
public:
    /// Whether `input` starts with the head that is remembered.
    [[nodiscard]] bool begins(std::string_view input) const {
        return size_ != 0 && input.size() >= size_ && std::memcmp(input.data(), bytes_.data(), size_) == 0;
    }
    /// The parser as it was after it had completed that head.
    [[nodiscard]] const HeadParser& parser() const { return parser_; }
    [[nodiscard]] Reply reply() const { return reply_; }

    /// Remembers what `parser` found in the complete head `head`; a long one is not worth it.
    void keep(std::string_view head, const HeadParser& parser) {
        if (head.size() > bytes_.size()) return;
        std::memcpy(bytes_.data(), head.data(), head.size());
        size_ = head.size();
        parser_ = parser;
        reply_ = Reply::to(parser.head());
    }

private:
    std::size_t size_ = 0;
    HeadParser parser_;
    Reply reply_;
    std::array<char, 512> bytes_;
};

}  // namespace tinyhttpd::http
