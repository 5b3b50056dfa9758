// SPDX-License-Identifier: MIT
// Answer: one final response as plain values, before any version of HTTP has rendered it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/content_coding.hpp"

namespace tinyhttpd::site {

struct HeaderField {
    std::string name;
    std::string value;
    friend bool operator==(const HeaderField&, const HeaderField&) = default;
};

/// All defaults are filled in and all values validated.
struct Answer {
    int status = 200;
    std::string reason;                       ///< may be empty (RFC 9112 §4)
    std::shared_ptr<const std::string> body;  ///< shared by all workers, never copied when large; null: none
    std::vector<HeaderField> headers;         ///< in the order sent; without Content-Length, Connection and Date
    bool date = true;
    std::vector<ContentCoding> codings = {};  ///< the same answer in these follows behind this one in its Site, in this order
};

/// The index of an answer in its Site.
using AnswerId = std::uint32_t;

}  // namespace tinyhttpd::site
