// SPDX-License-Identifier: MIT
// Preflights of the CORS protocol (Fetch standard, "CORS-preflight request"): the one answer that repeats what was asked. Only a
// site with an origin for them has them; what every other answer says of it is rendered like any field.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "http/request_head.hpp"
#include "http/response.hpp"
#include "site/site.hpp"

namespace tinyhttpd::http {

/// Whether a complete and well-formed head is that of a preflight: OPTIONS with Origin and Access-Control-Request-Method.
[[nodiscard]] bool is_preflight(const RequestHead& head, std::string_view bytes);

/// The answer to it: 204 that allows what was asked, as far as it is a method and a list of field names.
struct PreflightAnswer {
    std::unique_ptr<char[]> bytes;  ///< null: memory has run out
    std::size_t size = 0;
};
[[nodiscard]] PreflightAnswer answer_preflight(std::string_view head, const site::Site& site, Persistence persistence, std::time_t now);

}  // namespace tinyhttpd::http
