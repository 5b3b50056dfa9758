// SPDX-License-Identifier: MIT
// resolve_response: turns what was asked for into the one answer that will be given: the body is read, defaults are
// filled in, headers replaced and removed. main() hands the result to http/, which renders it; nothing here is rendered.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"

namespace tinyhttpd::config {

/// The final answer, as plain values.
struct Response {
    int status = 200;
    std::string reason_phrase;    ///< empty for a status code that is not registered
    std::string body;             ///< empty for 204, 205 and 304 whatever was configured: they carry no content
    std::vector<Header> headers;  ///< in the order to send; without Content-Length, Connection and Date. No value is empty
    bool date = true;             ///< send a Date
    friend bool operator==(const Response&, const Response&) = default;
};

/// Whether an answer of this status has content (RFC 9110 §15.3.5, §15.3.6, §15.4.5).
[[nodiscard]] bool has_content(int status);

/// Reads body_file, if there is one ("-" is standard input), and chooses the content type: --content-type, else
/// application/json for a body that is a JSON object or array, else text/plain. A user's header replaces our default of
/// that name (Server, Content-Type), an empty one removes it; Content-Type is our default even when --content-type set
/// it. The error is that of reading body_file: exit status 1.
[[nodiscard]] Result<Response> resolve_response(const ResponseConfig& config);

/// What answers to the same requests take over that are not the configured one: whether they have Date and Server, what --cors adds, and
/// the user's headers that replace or remove these.
[[nodiscard]] ResponseConfig taken_over(const ResponseConfig& config);

/// The headers of every answer that is not the user's own.
[[nodiscard]] std::vector<Header> common_headers(const ResponseConfig& config);

/// Those of the answer to a preflight, with an empty value where it gives back what was asked for; none without --cors.
[[nodiscard]] std::optional<std::vector<Header>> preflight_headers(const ResponseConfig& config);

/// A route that has the same --cors as `config`, [response], has the headers that replace it, too, but for those of its own.
[[nodiscard]] ResponseConfig with_cors_of(ResponseConfig route, const ResponseConfig& config);

}  // namespace tinyhttpd::config
