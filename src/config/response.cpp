// SPDX-License-Identifier: MIT
// The defaults of the answer and how a user's headers change them. The framing headers are http/'s and never appear here.
#include "config/response.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

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

// Those a user may give that belong on every answer to a script, and on the answer to a preflight.
constexpr std::array<std::string_view, 3> answer_fields = {"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
                                                           "Access-Control-Expose-Headers"};
constexpr std::array<std::string_view, 5> preflight_fields = {"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
                                                              "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
                                                              "Access-Control-Max-Age"};

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::any_of(names, [name](std::string_view one) { return equals_ignore_case(one, name); });
}

bool is_replaced(const ResponseConfig& config, std::string_view name) {
    return std::ranges::any_of(config.headers, [name](const Header& header) { return equals_ignore_case(header.name, name); });
}

ResponseConfig taken_over(const ResponseConfig& config, std::span<const std::string_view> cors_fields) {
    ResponseConfig other;
    other.date = config.date;
    other.server_header = config.server_header;
    other.cors = config.cors;
    for (const Header& header : config.headers)
        if (equals_ignore_case(header.name, "Server") || (!config.cors.empty() && is_one_of(cors_fields, header.name)))
            other.headers.push_back(header);
    return other;
}

std::vector<Header> headers_without_content(ResponseConfig config) {
    config.status = 204;
    return resolve_response(config)->headers;  // it reads no file
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

ResponseConfig taken_over(const ResponseConfig& config) {
    return taken_over(config, answer_fields);
}

std::vector<Header> common_headers(const ResponseConfig& config) {
    return headers_without_content(taken_over(config));
}

std::optional<std::vector<Header>> preflight_headers(const ResponseConfig& config) {
    if (config.cors.empty()) return {};
    std::vector<Header> headers = headers_without_content(taken_over(config, preflight_fields));
    for (const Header& header :
         {Header{"Access-Control-Allow-Methods", ""}, Header{"Access-Control-Allow-Headers", ""}, Header{"Access-Control-Max-Age", "600"}})
        if (!is_replaced(config, header.name)) headers.push_back(header);
    return headers;
}

ResponseConfig with_cors_of(ResponseConfig route, const ResponseConfig& config) {
    if (route.cors.empty() || route.cors != config.cors) return route;
    std::vector<Header> more;
    for (const Header& header : config.headers)
        if (is_one_of(answer_fields, header.name) && !is_replaced(route, header.name)) more.push_back(header);
    std::ranges::move(more, std::back_inserter(route.headers));
    return route;
}

Result<Response> resolve_response(const ResponseConfig& config) {
    Response out;
    out.status = config.status;
    out.reason_phrase = reason_phrase(config.status);
    TRY(out.body, body_of(config, out.reason_phrase));
    out.date = config.date;

    if (config.server_header && !is_replaced(config, "Server")) out.headers.push_back({"Server", "tinyhttpd"});
    if (!out.body.empty() && !is_replaced(config, "Content-Type")) {
        const char* chosen = is_json_document(out.body) ? "application/json" : "text/plain; charset=utf-8";
        out.headers.push_back({"Content-Type", config.content_type.value_or(chosen)});
    }
    for (const Header& header : config.headers)
        if (!header.value.empty()) out.headers.push_back(header);
    // A client refuses an answer with two origins; fields that the answer varies by add up (RFC 9110 §12.5.5).
    for (const Header& header : cors_headers(config.cors))
        if (header.name == "Vary" || !is_replaced(config, header.name)) out.headers.push_back(header);
    if (!config.variants.empty()) add_to_vary(out.headers, "Accept-Encoding");
    return out;
}

}  // namespace tinyhttpd::config
