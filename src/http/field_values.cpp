// SPDX-License-Identifier: MIT
#include "http/field_values.hpp"

#include <cstddef>
#include <limits>

#include "base/ascii.hpp"
#include "http/authority.hpp"

namespace tinyhttpd::http {

namespace {

void note(RequestHead& head, unsigned field) {
    head.fields = static_cast<std::uint16_t>(head.fields | field);
}

// Takes the next member off a list of RFC 9110 §5.6.1 whose members have no quoted commas.
std::string_view take_member(std::string_view& list) {
    const std::size_t comma = list.find(',');
    const std::string_view member = trim(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    return member;
}

void skip_space(std::string_view& text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

// Takes a token off the front; empty when there is none.
std::string_view take_token(std::string_view& text) {
    std::size_t size = 0;
    while (size < text.size() && ascii::is(text[size], ascii::tchar)) ++size;
    const std::string_view token = text.substr(0, size);
    text.remove_prefix(size);
    return token;
}

// Takes the quoted string that `text` starts with, quotes and all; false when it does not end.
bool take_quoted_string(std::string_view& text) {
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return true;
        }
    }
    return false;
}

// RFC 9112 §7: transfer-parameter = token BWS "=" BWS ( token / quoted-string ), each behind a ";".
bool take_parameters(std::string_view& text) {
    for (; text.starts_with(';'); skip_space(text)) {
        text.remove_prefix(1);
        skip_space(text);
        if (take_token(text).empty()) return false;
        skip_space(text);
        if (!text.starts_with('=')) return false;
        text.remove_prefix(1);
        skip_space(text);
        if (text.starts_with('"') ? !take_quoted_string(text) : take_token(text).empty()) return false;
    }
    return true;
}

}  // namespace

// RFC 9112 §3.2: once, whatever the version. An empty one is right where the target URI has no authority, which is for those
// to judge who know the listener.
Refusal read_host(RequestHead& head, std::uint32_t offset, std::string_view value) {
    if (head.host_offset != 0) return Refusal::repeated_host;
    head.host_offset = offset;
    head.is_host_empty = value.empty();
    return value.empty() || is_host(value) ? Refusal::none : Refusal::host;
}

Refusal read_content_length(RequestHead& head, std::string_view value) {
    // RFC 9110 §8.6 lets a recipient refuse repeated lengths even when they are equal.
    if ((head.fields & HeadField::content_length) != 0) return Refusal::repeated_content_length;
    if (value.empty()) return Refusal::content_length;
    note(head, HeadField::content_length);
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t length = 0;
    for (const char byte : value) {
        if (!ascii::is(byte, ascii::digit)) return Refusal::content_length;
        const auto digit = static_cast<std::uint64_t>(byte - '0');
        length = length > (most - digit) / 10 ? most : length * 10 + digit;
    }
    head.content_length = length;
    return Refusal::none;
}

// RFC 9112 §6.1, §7: members of one or more field lines form one list. An empty member, which a lenient recipient would
// skip, is refused: it is a known way to hide a coding from the next hop.
Refusal read_transfer_encoding(RequestHead& head, std::string_view value) {
    note(head, HeadField::transfer_encoding);
    do {
        skip_space(value);
        const std::string_view coding = take_token(value);
        if (coding.empty()) return Refusal::transfer_encoding;
        if ((head.fields & HeadField::chunked) != 0) return Refusal::chunked_not_last;  // §6.1: once, and last
        skip_space(value);
        const bool has_parameters = value.starts_with(';');
        if (!take_parameters(value)) return Refusal::transfer_encoding;
        if (equals_ignore_case(coding, "chunked")) {
            if (has_parameters) return Refusal::transfer_encoding;  // §7.1: chunked has none; treated as an error
            note(head, HeadField::chunked);
        } else {
            note(head, HeadField::other_coding);
        }
        if (value.empty()) return Refusal::none;
        if (value.front() != ',') return Refusal::transfer_encoding;
        value.remove_prefix(1);
    } while (true);
}

void read_connection(RequestHead& head, std::string_view value) {
    while (!value.empty()) {
        const std::string_view member = take_member(value);
        if (equals_ignore_case(member, "close")) note(head, HeadField::connection_close);
        if (equals_ignore_case(member, "keep-alive")) note(head, HeadField::connection_keep_alive);
    }
}

void read_expect(RequestHead& head, std::string_view value) {
    while (!value.empty()) {
        const std::string_view member = take_member(value);
        if (member.empty()) continue;
        note(head, equals_ignore_case(member, "100-continue") ? HeadField::expect_continue : HeadField::expect_other);
    }
}

}  // namespace tinyhttpd::http
