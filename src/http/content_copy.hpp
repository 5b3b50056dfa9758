// SPDX-License-Identifier: MIT
// ContentCopy: what a recorder wants to see of a request's content: its beginning, up to a limit, and how much there was. Without
// one the content is skipped unseen.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>

namespace tinyhttpd::http {

class ContentCopy {
public:
    ContentCopy() = default;
    explicit ContentCopy(std::size_t most) : most_(most) {}

    /// More of the content. False when memory has run out: the copy has a gap then.
    [[nodiscard]] bool add(std::string_view piece) noexcept {
        size_ += piece.size();
        piece = piece.substr(0, most_ - std::min(most_, text_.size()));
        try {
            text_.append(piece);
            return true;
        } catch (const std::bad_alloc&) {
            return false;
        }
    }
    [[nodiscard]] std::string_view text() const { return text_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

private:
    std::string text_;
    std::size_t most_ = 0;
    std::uint64_t size_ = 0;  ///< of the whole content so far
};

}  // namespace tinyhttpd::http
