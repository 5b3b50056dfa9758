// SPDX-License-Identifier: MIT
// The conformance cases: what a client may send and what must come back, as data, so that the same table is held to the
// responder alone and to the whole server over TCP. Written from RFC 9110 and 9112 and the Fetch standard, and named by section.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttpd::testing {

/// What the server under test has to be configured with; everything else at its default.
struct CaseSettings {
    static constexpr std::string_view body = "Hello World!";
    static constexpr std::size_t max_head = 2048;
    static constexpr std::uint64_t max_body = 4096;
};

struct Case {
    std::string_view section;  ///< where the rule is
    std::string_view name;
    std::string input;
    /// One word per answer, in order: its status and flags (`h`: to a HEAD, without content; `o`: to `OPTIONS *`; `k`, `c`:
    /// says `Connection: keep-alive`, `close`; `p`: the phrase alone is its content), then `=` and its content unless that is
    /// CaseSettings::body or an error's. After an answer with `c` the connection ends; after any other the next request is read.
    /// A last word `...` says that the request is unfinished and the server waits.
    std::string expected;
    /// What the first answer says besides; an empty value: it has no such field.
    std::vector<std::pair<std::string_view, std::string_view>> fields = {};

    [[nodiscard]] bool is_unfinished() const { return expected.ends_with("..."); }
    [[nodiscard]] bool ends_connection() const {
        const std::string_view last = std::string_view(expected).substr(expected.rfind(' ') + 1);
        return last.substr(0, last.find('=')).ends_with('c');
    }
};

inline std::string repeated(std::string_view text, std::size_t count) {
    std::string result;
    while (count-- > 0) result += text;
    return result;
}

/// A request of `line` with a Host and `fields`, each with its CRLF.
inline std::string request(std::string_view line, std::string_view fields = {}) {
    return std::string(line).append("\r\nHost: a\r\n").append(fields).append("\r\n");
}
inline std::string get(std::string_view fields = {}) {
    return request("GET / HTTP/1.1", fields);
}
/// A GET whose only field is `Host: value`.
inline std::string with_host(std::string_view value) {
    return std::string("GET / HTTP/1.1\r\nHost: ").append(value).append("\r\n\r\n");
}
inline std::string with_target(std::string_view target) {
    return request(std::string("GET ").append(target).append(" HTTP/1.1"));
}
inline std::string post(std::string_view fields, std::string_view content) {
    return request("POST / HTTP/1.1", fields).append(content);
}
inline std::string chunked(std::string_view content) {
    return post("Transfer-Encoding: chunked\r\n", content);
}

std::vector<Case> request_line_cases();
std::vector<Case> field_cases();
std::vector<Case> framing_cases();
std::vector<Case> chunked_cases();
std::vector<Case> connection_cases();
std::vector<Case> route_cases();
std::vector<Case> any_origin_cases();
std::vector<Case> one_origin_cases();
std::vector<Case> own_cors_cases();

/// The cases that one server answers: beside CaseSettings it is started with `arguments`.
struct CaseGroup {
    std::string_view name;
    std::vector<Case> (*cases)();
    std::vector<std::string> arguments = {};
};
std::vector<CaseGroup> case_groups();

/// All of them, whatever the group.
std::vector<Case> http_cases();

using ExpectedFields = decltype(Case::fields);
/// What is wrong with `output` as the answer to `expected`; empty when nothing is.
std::string judge_answers(std::string_view output, std::string_view expected, const ExpectedFields& fields = {});

}  // namespace tinyhttpd::testing
