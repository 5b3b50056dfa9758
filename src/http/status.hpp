// SPDX-License-Identifier: MIT
// Why this server turns a request down, and with which status: the one table of both. The parser and the body reader name a
// refusal, the renderings make an answer of it, the log repeats its words. What is answered otherwise is the user's choice
// and a plain number. Phrases are in base/reason_phrase.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tinyhttpd::http {

enum class Status : std::uint16_t {
    none = 0,  ///< nothing to turn down
    bad_request = 400,
    method_not_allowed = 405,
    request_timeout = 408,
    content_too_large = 413,
    uri_too_long = 414,
    expectation_failed = 417,
    misdirected_request = 421,
    header_fields_too_large = 431,
    internal_server_error = 500,
    not_implemented = 501,
    version_not_supported = 505,
};

enum class Refusal : std::uint8_t {
    none,
    tls,
    empty_lines,
    bare_cr,
    bare_lf,
    request_line,
    method,
    method_too_long,
    target,
    target_escape,
    target_form,
    target_authority,
    connect_target,
    version,
    no_host,
    repeated_host,
    empty_host,
    host,
    line_begin,
    no_colon,
    name_space,
    name,
    value,
    content_length,
    repeated_content_length,
    transfer_encoding,
    chunked_not_last,
    two_framings,
    framing_of_1_0,
    chunk_size,
    chunk_extension,
    chunk_end,
    trailer,
    connect,
    trace,
    head_timeout,
    content_timeout,
    content_size,
    framing_size,
    target_too_long,
    expectation,
    https,
    head_too_large,
    not_recorded,
    coding,
    major_version,
};

struct RefusalRow {
    Refusal refusal;
    Status status;
    std::string_view why;  ///< follows on the status's phrase: "Bad Request: no Host field"
};

/// Indexed by Refusal. Sources are where the refusal is made.
inline constexpr auto refusal_table = std::to_array<RefusalRow>({
    {Refusal::none, Status::none, ""},
    {Refusal::tls, Status::bad_request, "TLS on a port that speaks plain HTTP"},
    {Refusal::empty_lines, Status::bad_request, "too many empty lines before the request line"},
    {Refusal::bare_cr, Status::bad_request, "a CR without LF"},
    {Refusal::bare_lf, Status::bad_request, "an LF without CR"},
    {Refusal::request_line, Status::bad_request, "a request line that is not METHOD TARGET VERSION"},
    {Refusal::method, Status::bad_request, "a byte that no method has"},
    {Refusal::method_too_long, Status::bad_request, "the method is longer than the limit of the head"},
    {Refusal::target, Status::bad_request, "a byte that no request target has"},
    {Refusal::target_escape, Status::bad_request, "a '%' without two hexadecimal digits in the request target"},
    {Refusal::target_form, Status::bad_request, "a request target that is neither a path nor a URI"},
    {Refusal::target_authority, Status::bad_request, "a malformed authority in the request target"},
    {Refusal::connect_target, Status::bad_request, "CONNECT without host:port"},
    {Refusal::version, Status::bad_request, "a malformed HTTP version"},
    {Refusal::no_host, Status::bad_request, "no Host field"},
    {Refusal::repeated_host, Status::bad_request, "more than one Host field"},
    {Refusal::empty_host, Status::bad_request, "an empty Host field"},
    {Refusal::host, Status::bad_request, "a malformed Host field"},
    {Refusal::line_begin, Status::bad_request, "a field line that begins with white space"},
    {Refusal::no_colon, Status::bad_request, "a field line without a colon"},
    {Refusal::name_space, Status::bad_request, "white space before the colon of a field"},
    {Refusal::name, Status::bad_request, "a field name that is no token"},
    {Refusal::value, Status::bad_request, "a control byte in a field value"},
    {Refusal::content_length, Status::bad_request, "a Content-Length that is no number"},
    {Refusal::repeated_content_length, Status::bad_request, "more than one Content-Length field"},
    {Refusal::transfer_encoding, Status::bad_request, "a malformed Transfer-Encoding field"},
    {Refusal::chunked_not_last, Status::bad_request, "a transfer coding after chunked"},
    {Refusal::two_framings, Status::bad_request, "Transfer-Encoding with Content-Length"},
    {Refusal::framing_of_1_0, Status::bad_request, "Transfer-Encoding on HTTP/1.0"},
    {Refusal::chunk_size, Status::bad_request, "a malformed chunk size"},
    {Refusal::chunk_extension, Status::bad_request, "a malformed chunk extension"},
    {Refusal::chunk_end, Status::bad_request, "a chunk that does not end where its size says"},
    {Refusal::trailer, Status::bad_request, "a malformed trailer"},
    {Refusal::connect, Status::method_not_allowed, "no tunnel is opened here"},
    {Refusal::trace, Status::method_not_allowed, "no request is reflected here"},
    {Refusal::head_timeout, Status::request_timeout, "the head was not complete in time"},
    {Refusal::content_timeout, Status::request_timeout, "the content was not complete in time"},
    {Refusal::content_size, Status::content_too_large, "the content is larger than the limit"},
    {Refusal::framing_size, Status::content_too_large, "chunk extensions and trailers are larger than the limit"},
    {Refusal::target_too_long, Status::uri_too_long, "the request line is longer than the limit of the head"},
    {Refusal::expectation, Status::expectation_failed, "an expectation other than 100-continue"},
    {Refusal::https, Status::misdirected_request, "an https URI on a port that speaks plain HTTP"},
    {Refusal::head_too_large, Status::header_fields_too_large, "the head is larger than the limit"},
    {Refusal::not_recorded, Status::internal_server_error, "the request could not be recorded"},
    {Refusal::coding, Status::not_implemented, "a transfer coding other than chunked"},
    {Refusal::major_version, Status::version_not_supported, "a major version other than 1"},
});

[[nodiscard]] constexpr const RefusalRow& row_of(Refusal refusal) {
    return refusal_table[static_cast<std::size_t>(refusal)];
}
[[nodiscard]] constexpr Status status_of(Refusal refusal) {
    return row_of(refusal).status;
}

static_assert([] {
    for (std::size_t index = 0; index < refusal_table.size(); ++index) {
        if (refusal_table[index].refusal != static_cast<Refusal>(index)) return false;
    }
    return true;
}());

}  // namespace tinyhttpd::http
