// SPDX-License-Identifier: MIT
// Status: the codes with which this server turns a request down. What it answers otherwise is the user's choice and a
// plain number. Phrases are in base/reason_phrase.hpp.
#pragma once

#include <cstdint>

namespace tinyhttpd::http {

enum class Status : std::uint16_t {
    none = 0,  ///< nothing to turn down
    bad_request = 400,
    method_not_allowed = 405,
    request_timeout = 408,
    content_too_large = 413,
    uri_too_long = 414,
    expectation_failed = 417,
    header_fields_too_large = 431,
    not_implemented = 501,
    version_not_supported = 505,
};

}  // namespace tinyhttpd::http
