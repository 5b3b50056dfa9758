// SPDX-License-Identifier: MIT
#include "log/capture_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <exception>

#include "base/utf8.hpp"

namespace tinyhttpd::log {
namespace {

/// How the bytes from 0x80 are read.
enum class Reading : std::uint8_t {
    bytes,  ///< each as the character of its number
    utf8,   ///< the text is known to be that
};

/// A byte that stands for itself between quotes, whatever is around it.
bool is_plain(char byte) {
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

void append_escaped(std::string& out, unsigned char character) {
    constexpr char hex[] = "0123456789ABCDEF";
    switch (character) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    out += "\\u00";
    out += hex[character >> 4U];
    out += hex[character & 15U];
}

/// `sequence`: one of UTF-8, of two bytes or more.
void append_character(std::string& out, std::string_view sequence) {
    // U+0080 to U+009F: C1 controls, by which terminals take orders; U+0085 among them is a line end to some, as U+2028 and U+2029 are.
    if (sequence[0] == '\xc2' && static_cast<unsigned char>(sequence[1]) < 0xa0) {
        append_escaped(out, static_cast<unsigned char>(sequence[1]));
    } else if (sequence == "\xe2\x80\xa8") {
        out += "\\u2028";
    } else if (sequence == "\xe2\x80\xa9") {
        out += "\\u2029";
    } else {
        out += sequence;
    }
}

template <Reading reading>
void append_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
        out.append(text, 0, plain);
        text.remove_prefix(plain);
        if (text.empty()) break;
        const auto byte = static_cast<unsigned char>(text.front());
        std::size_t length = 1;
        if (reading == Reading::utf8 && byte >= 0x80) {
            length = utf8_sequence_length(text);
            append_character(out, text.substr(0, length));
        } else {
            append_escaped(out, byte);
        }
        text.remove_prefix(length);
    }
    out += '"';
}

void append_bytes(std::string& out, std::string_view text) {
    append_string<Reading::bytes>(out, text);
}

void append_number(std::string& out, std::uint64_t number) {
    std::array<char, 20> digits;
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

/// With leading zeros.
void append_digits(std::string& out, unsigned number, unsigned width) {
    std::array<char, 4> digits;
    for (unsigned i = width; i > 0; --i, number /= 10) digits[i - 1] = static_cast<char>('0' + number % 10);
    out.append(digits.data(), width);
}

/// RFC 3339 §5.6, in UTC, to the millisecond.
void append_time(std::string& out, std::chrono::system_clock::time_point time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::milliseconds>(time - day));
    append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    out += '-';
    append_digits(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_digits(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_digits(out, static_cast<unsigned>(clock.hours().count()), 2);
    out += ':';
    append_digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
    out += ':';
    append_digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
    out += '.';
    append_digits(out, static_cast<unsigned>(clock.subseconds().count()), 3);
    out += 'Z';
}

/// RFC 4648 §4, with padding.
void append_base64(std::string& out, std::string_view bytes) {
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (!bytes.empty()) {
        const std::size_t taken = std::min<std::size_t>(bytes.size(), 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i) bits = bits << 8U | (i < taken ? static_cast<unsigned char>(bytes[i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i) out += i <= taken ? alphabet[bits >> (18 - 6 * i) & 63U] : '=';
        bytes.remove_prefix(taken);
    }
}

void append_fields(std::string& out, std::span<const CapturedField> fields) {
    out += ",\"headers\":[";
    const char* separator = "[";
    for (const CapturedField& field : fields) {
        out += separator;
        append_bytes(out, field.name);
        out += ',';
        append_bytes(out, field.value);
        out += ']';
        separator = ",[";
    }
    out += ']';
}

void append_body(std::string& out, const CapturedRequest& request) {
    const bool truncated = request.body_bytes > request.body.size();
    const std::size_t text = utf8_prefix_length(request.body);
    const std::string_view rest = request.body.substr(text);
    // A cut that fell within a character does not make text anything else.
    if (rest.empty() || (truncated && is_cut_utf8_sequence(rest))) {
        out += ",\"body\":";
        append_string<Reading::utf8>(out, request.body.substr(0, text));
    } else {
        out += ",\"body_base64\":\"";
        append_base64(out, request.body);
        out += '"';
    }
    if (truncated) out += ",\"body_truncated\":true";
    out += ",\"body_bytes\":";
    append_number(out, request.body_bytes);
}

void append_outcome(std::string& out, const CapturedRequest& request) {
    if (!request.fault.empty()) {
        out += ",\"status\":0,\"fault\":";
        append_bytes(out, request.fault);
        return;
    }
    out += request.refused.empty() ? ",\"status\":" : ",\"refused\":";
    append_number(out, static_cast<std::uint64_t>(request.status));
    if (request.refused.empty()) return;
    out += ",\"reason\":";
    append_bytes(out, request.refused);
}

void append_object(std::string& out, const CapturedRequest& request) {
    const auto append_named = [&out](std::string_view name, std::string_view bytes) {
        out += name;
        append_bytes(out, bytes);
    };
    out += "{\"n\":";
    append_number(out, request.number);
    out += ",\"time\":\"";
    append_time(out, request.time);
    out += '"';
    append_named(",\"peer\":", request.peer);
    if (request.method.empty()) {
        append_named(",\"request\":", request.request_line);
    } else {
        append_named(",\"protocol\":", request.protocol);
        append_named(",\"method\":", request.method);
        append_named(",\"target\":", request.target);
    }
    if (!request.route.empty()) append_named(",\"route\":", request.route);
    append_fields(out, request.fields);
    append_body(out, request);
    append_outcome(out, request);
    out += "}\n";
}

/// About as long as an ordinary line becomes: text with few escapes.
std::size_t usual_length(const CapturedRequest& request) {
    constexpr std::size_t fixed = 256;  // names, time, numbers and punctuation
    constexpr std::size_t around_field = 6;
    std::size_t length = fixed + request.peer.size() + request.method.size() + request.target.size() + request.request_line.size() +
                         request.route.size() + request.body.size() + request.body.size() / 8;
    for (const CapturedField& field : request.fields) length += field.name.size() + field.value.size() + around_field;
    return length;
}

}  // namespace

bool append_capture_line(std::string& line, const CapturedRequest& request) noexcept {
    const std::size_t before = line.size();
    try {
        line.reserve(before + usual_length(request));
        append_object(line, request);
        return true;
    } catch (const std::exception&) {  // no memory
        line.resize(before);
        return false;
    }
}

}  // namespace tinyhttpd::log
