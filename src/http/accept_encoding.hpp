// SPDX-License-Identifier: MIT
// Accept-Encoding: which variant of a content a request is to get (RFC 9110 §12.5.3). Only a site with variants has it judged. It turns
// nobody down: whoever accepts nothing gets the content as it is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/content_coding.hpp"

namespace tinyhttpd::http {

/// What the Accept-Encoding fields of one request say, all together.
class AcceptEncoding {
public:
    /// Takes the value of one field line. Members that are malformed are passed over, as are codings that no variant can have; of a
    /// member that is repeated the last counts.
    void read(std::string_view value);

    /// 0: the content as it is; else the place, from 1, of the coding to be sent: the one of the greatest weight, of several the first,
    /// and any of them before the content as it is. A coding that was not named is not sent.
    [[nodiscard]] std::size_t choose(std::span<const ContentCoding> codings) const;

private:
    /// RFC 9110 §12.4.2, in thousandths; negative: not named.
    using Weight = std::int16_t;
    static constexpr Weight unnamed = -1;

    /// Of what was not named "*" may have one; else it is 0.
    [[nodiscard]] Weight effective(Weight weight) const { return weight != unnamed ? weight : any_ != unnamed ? any_ : Weight{0}; }

    std::array<Weight, content_coding_names.size()> codings_ = {unnamed, unnamed, unnamed, unnamed};
    Weight identity_ = unnamed;
    Weight any_ = unnamed;
};

/// What AcceptEncoding says of the fields in `head`, which is complete and well-formed.
[[nodiscard]] std::size_t choose_coding(std::string_view head, std::span<const ContentCoding> codings);

}  // namespace tinyhttpd::http
