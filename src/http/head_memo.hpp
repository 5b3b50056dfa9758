// SPDX-License-Identifier: MIT
// HeadMemo: what the parser found in one head, for others that are the same to the byte, or from the first field line on as far as
// they are. Clients of a responder repeat themselves, on one connection and across them, and a verdict depends on the bytes
// alone. One per worker, with one head.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "http/head_parser.hpp"
#include "http/reply.hpp"

namespace tinyhttpd::http {

class HeadMemo {
public:
    /// Whether `input` starts with the head that is remembered, and that is all there is of its request.
    [[nodiscard]] bool begins(std::string_view input) const {
        return whole_ != 0 && input.size() >= whole_ && std::memcmp(input.data(), bytes_.data(), whole_) == 0;
    }
    /// The parser as it was after it had completed that head.
    [[nodiscard]] const HeadParser& parser() const { return parser_; }
    [[nodiscard]] const Reply& reply() const { return reply_; }
    /// The head that is remembered, for the parser of another.
    [[nodiscard]] HeadParser::Judged judged() const { return {bytes_.data(), parser_}; }

    void forget() { whole_ = 0, offered_ = 0, parser_ = {}; }

    /// May remember what `parser` found in the complete head `head`, which is not the one that is remembered: the first, and then
    /// every eighth. Where each head is another, keeping them would be work for nothing; where several take turns, one of them is
    /// known most of the time. Requires that nothing has to be turned down, whatever the listener.
    void offer(std::string_view head, const HeadParser& parser, Reply reply) {
        if (offered_ % 8 != 0 || head.size() > bytes_.size()) {
            if (offered_ != 0) ++offered_;
            return;
        }
        ++offered_;
        std::memcpy(bytes_.data(), head.data(), head.size());
        whole_ = parser.head().framing == Framing::none ? head.size() : 0;
        parser_ = parser;
        reply_ = reply;
    }

private:
    std::size_t whole_ = 0;      ///< bytes of the head, if no content follows it
    std::uint32_t offered_ = 0;  ///< heads, since the first that was kept
    HeadParser parser_;
    Reply reply_;
    std::array<char, 1024> bytes_;
};

}  // namespace tinyhttpd::http
