// SPDX-License-Identifier: MIT
// The formats, and the escaping that makes every field safe: nothing a peer sends can end a line, a quoted field or a JSON
// string, nor reach a terminal as a control sequence.
#include "log/line_format.hpp"

#include <charconv>
#include <cstring>
#include <ctime>

#include "base/verify.hpp"

namespace tinyhttpd::log {
namespace {

enum class Escape : std::uint8_t { text, json };

constexpr std::array<bool, 256> unsafe = [] {
    std::array<bool, 256> table{};
    for (std::size_t byte = 0; byte < table.size(); ++byte) table[byte] = byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\';
    return table;
}();

/// Whether any of the eight bytes is unsafe. Byte by byte, each sum and difference has its top bit set when its test hits; one
/// byte's carry reaches the next only from a byte above 0x7f, and then the answer is yes anyway.
[[gnu::always_inline]] inline bool any_unsafe(std::uint64_t word) {
    constexpr std::uint64_t ones = ~std::uint64_t{0} / 255;
    constexpr std::uint64_t tops = ones * 0x80;
    const std::uint64_t del_or_above = word | (word + ones);
    const std::uint64_t control = ones * 0x9f - word;
    const std::uint64_t quote = tops - (word ^ (ones * '"'));
    const std::uint64_t backslash = tops - (word ^ (ones * '\\'));
    return ((del_or_above | control | quote | backslash) & tops) != 0;
}

template <std::size_t N>
char* put(char* out, const char (&literal)[N]) {
    std::memcpy(out, literal, N - 1);
    return out + N - 1;
}

template <Escape escape>
[[gnu::noinline]] char* put_escaping(char* out, const char* in, const char* end) {
    constexpr char hex[] = "0123456789ABCDEF";
    for (; in != end; ++in) {
        const auto byte = static_cast<unsigned char>(*in);
        if (!unsafe[byte]) {
            *out++ = *in;
            continue;
        }
        out = escape == Escape::text ? put(out, "\\x") : put(out, "\\u00");
        *out++ = hex[byte >> 4];
        *out++ = hex[byte & 15];
    }
    return out;
}

template <class Word>
[[gnu::always_inline]] inline Word load(const char* in) {
    Word word = 0;
    std::memcpy(&word, in, sizeof word);
    return word;
}
template <class Word>
[[gnu::always_inline]] inline void store(char* out, Word word) {
    std::memcpy(out, &word, sizeof word);
}

/// Fields are short and have nothing to escape. Inlined, or the calls cost more than the copying; and without a loop for what is left
/// of less than a word: the last word overlaps the one before it, and so do the two halves or the three bytes of a field that has none.
template <Escape escape>
[[gnu::always_inline]] inline char* put_field(char* out, std::string_view field) {
    const char* in = field.data();
    const char* const end = in + field.size();
    char* const out_end = out + field.size();
    if (field.size() >= 8) [[likely]] {
        for (; end - in > 8; in += 8, out += 8) {
            const auto word = load<std::uint64_t>(in);
            if (any_unsafe(word)) [[unlikely]]
                return put_escaping<escape>(out, in, end);
            store(out, word);
        }
        const auto last = load<std::uint64_t>(end - 8);
        if (any_unsafe(last)) [[unlikely]]
            return put_escaping<escape>(out, in, end);
        store(out_end - 8, last);
    } else if (field.size() >= 4) {
        const auto first = load<std::uint32_t>(in);
        const auto last = load<std::uint32_t>(end - 4);
        if (any_unsafe(first | std::uint64_t{last} << 32)) [[unlikely]]
            return put_escaping<escape>(out, in, end);
        store(out, first);
        store(out_end - 4, last);
    } else if (!field.empty()) {
        const std::size_t middle = field.size() / 2;
        const char first = in[0];
        const char second = in[middle];
        const char last = end[-1];
        if (unsafe[static_cast<unsigned char>(first)] || unsafe[static_cast<unsigned char>(second)] ||
            unsafe[static_cast<unsigned char>(last)]) [[unlikely]]
            return put_escaping<escape>(out, in, end);
        out[0] = first;
        out[middle] = second;
        out_end[-1] = last;
    }
    return out_end;
}

[[gnu::always_inline]] inline char* put_text(char* out, std::string_view field) {
    return field.empty() ? put(out, "-") : put_field<Escape::text>(out, field);
}
char* put_json(char* out, std::string_view field) {
    return put_field<Escape::json>(out, field);
}

char* put_number(char* out, std::uint64_t number) {
    return std::to_chars(out, out + 20, number).ptr;
}

char* put_two_digits(char* out, int number) {
    *out++ = static_cast<char>('0' + number / 10 % 10);
    *out++ = static_cast<char>('0' + number % 10);
    return out;
}

char* put_status(char* out, int status) {
    ASSERT(status >= 0 && status <= 999);
    *out++ = static_cast<char>('0' + status / 100);
    return put_two_digits(out, status);
}

char* put_year(char* out, const std::tm& time) {
    const int year = time.tm_year + 1900;
    return put_two_digits(put_two_digits(out, year / 100), year % 100);
}

char* put_clock(char* out, const std::tm& time) {
    out = put_two_digits(out, time.tm_hour);
    *out++ = ':';
    out = put_two_digits(out, time.tm_min);
    *out++ = ':';
    return put_two_digits(out, time.tm_sec);
}

}  // namespace

void LineFormat::set_time(std::chrono::system_clock::time_point time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
    std::tm local{};
    VERIFY(::localtime_r(&seconds, &local) != nullptr);
    const long offset = local.tm_gmtoff;
    const char sign = offset < 0 ? '-' : '+';
    const auto minutes = static_cast<int>((offset < 0 ? -offset : offset) / 60);

    char* out = stamp_.data();
    if (format_ == Format::json) {
        out = put(out, "{\"time\":\"");
        out = put_year(out, local);
        *out++ = '-';
        out = put_two_digits(out, local.tm_mon + 1);
        *out++ = '-';
        out = put_two_digits(out, local.tm_mday);
        *out++ = 'T';
        out = put_clock(out, local);
        *out++ = sign;
        out = put_two_digits(out, minutes / 60);
        *out++ = ':';
        out = put_two_digits(out, minutes % 60);
        out = put(out, "\",\"peer\":\"");
        VERIFY(out == stamp_.data() + json_stamp.size());
    } else {
        constexpr char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        out = put(out, " - - [");
        out = put_two_digits(out, local.tm_mday);
        *out++ = '/';
        std::memcpy(out, months + std::ptrdiff_t{3} * local.tm_mon, 3);
        out += 3;
        *out++ = '/';
        out = put_year(out, local);
        *out++ = ':';
        out = put_clock(out, local);
        *out++ = ' ';
        *out++ = sign;
        out = put_two_digits(out, minutes / 60);
        out = put_two_digits(out, minutes % 60);
        out = put(out, "] \"");
        VERIFY(out == stamp_.data() + text_stamp.size());
    }
}

char* LineFormat::write(char* out, const Exchange& line) const {
    return format_ == Format::json ? write_json(out, line) : write_text(out, line);
}

char* LineFormat::write_text(char* out, const Exchange& line) const {
    out = put_text(out, line.peer);
    std::memcpy(out, stamp_.data(), text_stamp.size());
    out += text_stamp.size();
    if (line.method.empty()) {
        out = put_text(out, line.request_line);
    } else {
        out = put_field<Escape::text>(out, line.method);
        *out++ = ' ';
        out = put_text(out, line.target);
        *out++ = ' ';
        out = put_text(out, line.version);
    }
    out = put(out, "\" ");
    out = put_status(out, line.status);
    *out++ = ' ';
    out = put_number(out, line.body_bytes);
    if (format_ == Format::combined) {
        out = put(out, " \"");
        out = put_text(out, line.referer);
        out = put(out, "\" \"");
        out = put_text(out, line.user_agent);
        *out++ = '"';
    }
    *out++ = '\n';
    return out;
}

char* LineFormat::write_json(char* out, const Exchange& line) const {
    std::memcpy(out, stamp_.data(), json_stamp.size());
    out = put_json(out + json_stamp.size(), line.peer);
    if (line.method.empty()) {
        out = put(out, "\",\"request\":\"");
        out = put_json(out, line.request_line);
    } else {
        out = put(out, "\",\"method\":\"");
        out = put_json(out, line.method);
        out = put(out, "\",\"target\":\"");
        out = put_json(out, line.target);
        out = put(out, "\",\"version\":\"");
        out = put_json(out, line.version);
    }
    out = put(out, "\",\"host\":\"");
    out = put_json(out, line.host);
    out = put(out, "\",\"status\":");
    if (line.fault.empty()) {
        out = put_status(out, line.status);
    } else {
        out = put(out, "0,\"fault\":\"");
        out = put_json(out, line.fault);
        *out++ = '"';
    }
    out = put(out, ",\"bytes\":");
    out = put_number(out, line.body_bytes);
    out = put(out, ",\"referer\":\"");
    out = put_json(out, line.referer);
    out = put(out, "\",\"user_agent\":\"");
    out = put_json(out, line.user_agent);
    return put(out, "\"}\n");
}

}  // namespace tinyhttpd::log
