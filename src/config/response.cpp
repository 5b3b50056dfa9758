// SPDX-License-Identifier: MIT
// The defaults of the answer and how a user's headers change them. The framing headers are http/'s and never appear here.
#include "config/response.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/reason_phrase.hpp"
#include "config/json.hpp"
#include "config/read_file.hpp"

namespace tinyhttpd::config {

namespace {

/// RFC 9110 §15.3.5, §15.3.6, §15.4.5: these answers have no content.
bool has_content(int status) {
    return status != 204 && status != 205 && status != 304;
}

Result<std::string> body_of(const ResponseConfig& config, std::string_view phrase) {
    // A file is read even where it is not sent: a wrong path is an error at once, not on the day the status changes.
    std::string body;
    if (config.body) {
        body = *config.body;
    } else if (config.body_file) {
        TRY(body, read_file(*config.body_file, "read the body from"));
    } else {
        body = phrase;
    }
    if (!has_content(config.status)) body.clear();
    return body;
}

}  // namespace

Result<Response> resolve_response(const ResponseConfig& config) {
    Response out;
    out.status = config.status;
    out.reason_phrase = reason_phrase(config.status);
    TRY(out.body, body_of(config, out.reason_phrase));
    out.date = config.date;

    const auto replaced = [&config](std::string_view name) {
        return std::ranges::any_of(config.headers, [name](const Header& header) { return equals_ignore_case(header.name, name); });
    };
    if (config.server_header && !replaced("Server")) out.headers.push_back({"Server", "tinyhttpd"});
    if (!out.body.empty() && !replaced("Content-Type")) {
        const char* chosen = is_json_document(out.body) ? "application/json" : "text/plain; charset=utf-8";
        out.headers.push_back({"Content-Type", config.content_type.value_or(chosen)});
    }
    for (const Header& header : config.headers)
        if (!header.value.empty()) out.headers.push_back(header);
    return out;
}

}  // namespace tinyhttpd::config
