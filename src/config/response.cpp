// SPDX-License-Identifier: MIT
// The defaults of the answer and how a user's headers change them. The framing headers are http/'s and never appear here.
#include "config/response.hpp"

#include <algorithm>
#include <iterator>

#include "base/ascii.hpp"
#include "base/reason_phrase.hpp"
#include "config/json.hpp"
#include "config/read_file.hpp"

namespace tinyhttpd::config {

namespace {

Result<std::string> body_of(const ResponseConfig& config, std::string_view phrase) {
    // A file is read even where it is not sent: a wrong path is an error at once, not on the day the status changes.
    std::string body;
    if (config.body) {
        body = *config.body;
    } else if (config.body_file) {
        TRY(body, at_place(config.body_file_place.text, read_file(*config.body_file, "read the body from")));
    } else {
        body = phrase;
    }
    if (!has_content(config.status)) body.clear();
    return body;
}

/// What --cors adds to every answer (Fetch standard, CORS protocol).
std::vector<Header> cors_headers(const std::string& origin) {
    if (origin.empty()) return {};
    if (origin == "*") return {{"Access-Control-Allow-Origin", origin}};
    return {{"Access-Control-Allow-Origin", origin}, {"Access-Control-Allow-Credentials", "true"}, {"Vary", "Origin"}};
}

/// RFC 9110 §12.5.5: one more field that the answer varies by, in the last Vary or in one of its own.
void add_to_vary(std::vector<Header>& headers, std::string_view name) {
    Header* last = nullptr;
    for (Header& header : headers) {
        if (!equals_ignore_case(header.name, "Vary")) continue;
        last = &header;
        for (std::string_view rest = header.value; !rest.empty();) {
            const auto comma = rest.find(',');
            const std::string_view member = trim(rest.substr(0, comma));
            if (member == "*" || equals_ignore_case(member, name)) return;
            rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
        }
    }
    if (last != nullptr) {
        last->value.append(", ").append(name);
    } else {
        headers.push_back({"Vary", std::string(name)});
    }
}

}  // namespace

bool has_content(int status) {
    return status != 204 && status != 205 && status != 304;
}

std::vector<Header> common_headers(const ResponseConfig& config) {
    std::vector<Header> headers;
    const auto user = std::ranges::find_if(config.headers, [](const Header& header) { return equals_ignore_case(header.name, "Server"); });
    if (user != config.headers.end()) {
        if (!user->value.empty()) headers.push_back(*user);
    } else if (config.server_header) {
        headers.push_back({"Server", "tinyhttpd"});
    }
    std::ranges::copy(cors_headers(config.cors), std::back_inserter(headers));
    return headers;
}

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
    // A client refuses an answer with two origins; fields that the answer varies by add up (RFC 9110 §12.5.5).
    for (const Header& header : cors_headers(config.cors))
        if (header.name == "Vary" || !replaced(header.name)) out.headers.push_back(header);
    if (!config.variants.empty()) add_to_vary(out.headers, "Accept-Encoding");
    return out;
}

}  // namespace tinyhttpd::config
