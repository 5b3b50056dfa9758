// SPDX-License-Identifier: MIT
#include "http/head_parser.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>
#include <type_traits>

#include "base/ascii.hpp"
#include "http/authority.hpp"
#include "http/field_values.hpp"

namespace tinyhttpd::http {

namespace {

template <class Word>
Word load(const char* from) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

// Whether the bytes at `text`, as many, are `expected`: two loads, which may overlap.
template <std::size_t terminated>
bool is_exactly(const char* text, const char (&expected)[terminated]) {
    constexpr std::size_t size = terminated - 1;
    using Word = std::conditional_t<size == 2, std::uint16_t, std::conditional_t<size == 4, std::uint32_t, std::uint64_t>>;
    static_assert(size == 2 || size == 4 || (size >= 8 && size <= 16));
    constexpr std::size_t last = size - sizeof(Word);
    return load<Word>(text) == load<Word>(expected) && load<Word>(text + last) == load<Word>(expected + last);
}

// The same without regard to case, for a token: OR-ing 0x20 maps no two tchars of different letters together, and no tchar
// but "-" itself to "-". `lower` is lower case and at least 4 bytes.
template <std::size_t terminated>
bool is_name(const char* text, const char (&lower)[terminated]) {
    constexpr std::size_t size = terminated - 1;
    if constexpr (size >= 8) {
        constexpr std::uint64_t bit = 0x2020202020202020;
        bool same = true;
        for (std::size_t at = 0; at + 8 <= size; at += 8) same &= (load<std::uint64_t>(text + at) | bit) == load<std::uint64_t>(lower + at);
        return same && (load<std::uint64_t>(text + size - 8) | bit) == load<std::uint64_t>(lower + size - 8);
    } else {
        constexpr std::uint32_t bit = 0x20202020;
        return (load<std::uint32_t>(text) | bit) == load<std::uint32_t>(lower) &&
               (load<std::uint32_t>(text + size - 4) | bit) == load<std::uint32_t>(lower + size - 4);
    }
}

// In a value SP and HTAB are the only bytes up to SP; the CR behind it is the caller's to look out for.
bool is_space(char byte) {
    return static_cast<unsigned char>(byte) <= ' ';
}

// RFC 9110 §9.1: methods are case-sensitive.
Method known_method(std::string_view text) {
    if (text == "GET") return Method::get;
    if (text == "HEAD") return Method::head;
    if (text == "OPTIONS") return Method::options;
    if (text == "CONNECT") return Method::connect;
    if (text == "TRACE") return Method::trace;
    return Method::other;
}

// A record of TLS (RFC 8446 §5.1) begins with its type, a handshake's is 22.
Refusal refusal_in_method(const Cursor& in) {
    if (*in.at == 0x16 && in.at == in.begin) return Refusal::tls;
    return *in.at == ' ' || *in.at == '\r' ? Refusal::request_line : Refusal::method;
}

Refusal refusal_in_name(char byte, bool is_first) {
    if (byte == ' ' || byte == '\t') return is_first ? Refusal::line_begin : Refusal::name_space;
    return byte == '\r' ? Refusal::no_colon : Refusal::name;
}

}  // namespace

template <class Scan>
typename BasicHeadParser<Scan>::Verdict BasicHeadParser<Scan>::parse(std::string_view input, std::size_t max_head, const Judged& judged) {
    const char* const begin = input.data();
    Cursor in{begin, begin + position_, begin + std::min(input.size(), max_head)};
    if (part_ < Part::name && request_line(in) && judged.parser.position_ != 0) judged_lines(in, judged);
    if ((part_ == Part::name || part_ == Part::value) && refusal_ == Refusal::none) field_lines(in);
    position_ = in.offset();
    if (part_ == Part::end) return judge();
    if (refusal_ == Refusal::none) {
        if (input.size() < max_head) return Verdict::incomplete;
        refusal_ = part_ == Part::method ? Refusal::method_too_long
                   : part_ < Part::name  ? Refusal::target_too_long
                                         : Refusal::head_too_large;
    }
    return Verdict::refused;
}

template <class Scan>
bool BasicHeadParser<Scan>::request_line(Cursor& in) {
    switch (part_) {
        case Part::method:
            if (!method(in)) return false;
            [[fallthrough]];
        case Part::target:
            if (!target(in)) return false;
            [[fallthrough]];
        case Part::version: return version(in);
        case Part::name:
        case Part::value:
        case Part::end: break;
    }
    return true;
}

template <class Scan>
bool BasicHeadParser<Scan>::method(Cursor& in) {
    if (in.end - in.begin >= 4 && is_exactly(in.begin, "GET ")) {
        head_.method = Method::get;
        head_.method_size = 3;
        in.at = in.begin + 4;
    } else {
        Scan::skip_token(in);
        if (in.done()) return false;
        if (*in.at != ' ' || in.at == in.begin) return refuse_byte(in, refusal_in_method(in));
        head_.method_size = in.offset();
        head_.method = known_method({in.begin, head_.method_size});
        ++in.at;
    }
    part_ = Part::target;
    return true;
}

template <class Scan>
bool BasicHeadParser<Scan>::target(Cursor& in) {
    while (true) {
        Scan::skip_target(in);
        if (in.done()) return false;
        if (*in.at != '%') break;
        if (!escape(in)) return false;
    }
    const std::uint32_t size = in.offset() - head_.method_size - 1;
    if (*in.at != ' ') return refuse_byte(in, *in.at == '\r' ? Refusal::request_line : Refusal::target);
    if (size == 0) return refuse_byte(in, Refusal::request_line);
    head_.target_size = size;
    ++in.at;
    part_ = Part::version;
    return true;
}

// RFC 3986 §2.1: "%" HEXDIG HEXDIG. Stays at the "%" while a digit is missing.
template <class Scan>
bool BasicHeadParser<Scan>::escape(Cursor& in) {
    for (std::size_t i = 1; i <= 2; ++i) {
        if (in.left() <= i) return false;
        if (ascii::is(in.at[i], ascii::hex_digit)) continue;
        in.at += i;
        return refuse_byte(in, Refusal::target_escape);
    }
    in.at += 3;
    return true;
}

// Stays at the version's first byte until the line is complete.
template <class Scan>
bool BasicHeadParser<Scan>::version(Cursor& in) {
    static constexpr std::string_view pattern = "HTTP/0.0\r\n";
    head_.minor_version = 1;
    bool is_major_1 = true;
    if (in.left() < pattern.size() || !is_exactly(in.at, "HTTP/1.1\r\n")) {
        for (std::size_t i = 0; i < std::min(in.left(), pattern.size()); ++i) {
            if (pattern[i] == '0' ? ascii::is(in.at[i], ascii::digit) : in.at[i] == pattern[i]) continue;
            in.at += i;
            return refuse_byte(in, Refusal::version);
        }
        if (in.left() < pattern.size()) return false;
        is_major_1 = in.at[5] == '1';
        // RFC 9110 §2.5: a later minor version is read as the latest one known.
        if (in.at[7] == '0') head_.minor_version = 0;
    }
    in.at += pattern.size();
    part_ = Part::name;
    line_ = in.offset();
    // The version is judged before the form of the target: the preface of HTTP/2 is `PRI * HTTP/2.0`.
    if (!is_major_1) return refuse(Refusal::major_version);
    const char* const first = in.begin + head_.method_size + 1;
    if (*first == '/' && head_.method != Method::connect) return true;
    refusal_ = judge_target(head_, {first, head_.target_size});
    return refusal_ == Refusal::none;
}

template <class Scan>
void BasicHeadParser<Scan>::field_lines(Cursor& in) {
    Line line{in.begin + line_, nullptr};
    while (true) {
        if (part_ == Part::name) {
            if (in.at == line.begin) {
                usual_lines(in);
                line.begin = in.at;
                if (part_ == Part::end || refusal_ != Refusal::none) break;
            }
            if (!name(in, line)) break;
        }
        if (!value(in, line)) break;
        line.begin = in.at;
    }
    line_ = static_cast<std::uint32_t>(line.begin - in.begin);
}

// Takes the field lines that are those of `judged`, as long as they are, with what they said: what it is worth to have judged
// them once, since clients of one kind differ in the target, a cookie or a token.
template <class Scan>
void BasicHeadParser<Scan>::judged_lines(Cursor& in, const Judged& judged) {
    const NotedFields& other = judged.parser.head_;
    const std::uint32_t begin = judged.parser.head_.lines_offset();
    const std::size_t all = judged.parser.position_ - begin;
    const char* const lines = judged.bytes + begin;
    std::size_t same = Scan::common(in.at, lines, std::min(in.left(), all));
    if (same == all) {
        part_ = Part::end;
    } else {
        same = Scan::whole_lines({lines, same});
        // The bits are known only all together.
        if (same < other.fields_end || same == 0) return;
    }
    static_cast<NotedFields&>(head_) = other;
    if (part_ != Part::end) {
        // What is said behind these lines is for the lines behind them to say.
        for (std::uint32_t* const place : {&head_.host_offset, &head_.referer_offset, &head_.user_agent_offset})
            if (*place > same) *place = 0;
        head_.is_host_empty = head_.is_host_empty && head_.host_offset != 0;
    }
    in.at += same;
    line_ = in.offset();
}

// Takes the field lines that are complete and clean, up to and with the empty one: all that well-behaved clients send. Where each
// ends is known before it is looked at, from the special bytes of a stretch. Leaves the first other line to be judged byte by
// byte, from its beginning.
template <class Scan>
void BasicHeadParser<Scan>::usual_lines(Cursor& in) {
    // The last byte is not looked at: a CR there has no LF yet.
    const char* const last = in.end - 1;
    if (last - in.begin < static_cast<std::ptrdiff_t>(Scan::width)) return;
    Line line{in.at, in.at};
    for (Cursor stretch{in.begin, in.at, last}; stretch.at < stretch.end; stretch.at += Scan::stretch) {
        std::uint64_t specials = Scan::specials(stretch);
        while (specials != 0) {
            const char* const end = stretch.at + std::countr_zero(specials);
            specials &= specials - 1;
            if (end < line.begin) continue;  // the LF of the line before, in the stretch before
            if (!is_exactly(end, "\r\n")) {
                // Fine in a value, and not where a name should be: there the name does not end with a colon.
                if (ascii::is(*end, ascii::field_char)) continue;
                in.at = line.begin;
                return;
            }
            specials &= specials - 1;
            line.colon = line.begin + Scan::plain_name({in.begin, line.begin, in.end});
            if (*line.colon != ':' || line.colon == line.begin) [[unlikely]] {
                if (end == line.begin) {
                    part_ = Part::end;
                    in.at = end + 2;
                    return;
                }
                Cursor name{in.begin, line.colon, in.end};
                Scan::skip_token(name);
                line.colon = name.at;
                if (*line.colon != ':' || line.colon == line.begin) {
                    in.at = line.begin;
                    return;
                }
            }
            if (may_be_judged(line) && !usual_field(in.begin, line, end)) {
                refusal_ = field(in.begin, line, end);
                if (refusal_ != Refusal::none) {
                    in.at = end + 2;
                    return;
                }
            }
            line.begin = end + 2;
        }
    }
    in.at = line.begin;
}

// RFC 9112 §5.1: a token with the colon right behind it. White space before either is refused, and so is the obsolete
// folding of lines (§5.2), which starts one with it.
template <class Scan>
bool BasicHeadParser<Scan>::name(Cursor& in, Line& line) {
    if (in.done()) return false;
    if (*in.at == '\r' && in.at == line.begin) {
        if (crlf(in)) part_ = Part::end;
        return false;
    }
    Scan::skip_token(in);
    if (in.done()) return false;
    if (*in.at != ':' || in.at == line.begin) return refuse_byte(in, refusal_in_name(*in.at, in.at == line.begin));
    line.colon = in.at++;
    part_ = Part::value;
    return true;
}

template <class Scan>
bool BasicHeadParser<Scan>::value(Cursor& in, Line& line) {
    Scan::skip_value(in);
    if (in.done()) return false;
    if (*in.at != '\r') return refuse_byte(in, Refusal::value);
    const char* const end = in.at;
    if (!crlf(in)) return false;
    part_ = Part::name;
    // Of a line that came in parts; not before it is complete, or each part of a value would cost its whole name again.
    if (line.colon == nullptr) line.colon = std::find(line.begin, end, ':');
    refusal_ = field(in.begin, line, end);
    return refusal_ == Refusal::none;
}

// What is between a line's colon and its end, without the white space around it.
template <class Scan>
std::string_view BasicHeadParser<Scan>::value_of(const Line& line, const char* end) {
    const char* begin = line.colon + 1;
    while (is_space(*begin) && begin != end) ++begin;
    while (is_space(end[-1]) && begin != end) --end;
    return {begin, end};
}

// Stays at the CR while the byte behind it is missing. RFC 9112 §2.2: a bare CR is an error.
template <class Scan>
bool BasicHeadParser<Scan>::crlf(Cursor& in) {
    if (in.left() < 2) return false;
    if (in.at[1] != '\n') {
        ++in.at;
        return refuse_byte(in, Refusal::bare_cr);
    }
    in.at += 2;
    return true;
}

// Whether this can be one of the fields in field(), by the length of its name and its first four bytes.
template <class Scan>
bool BasicHeadParser<Scan>::may_be_judged(const Line& line) {
    struct Beginnings {
        char one[4];
        char other[4];
    };
    static constexpr auto of_size = [] {
        std::array<Beginnings, 18> table{};
        table[4] = {{'h', 'o', 's', 't'}, {}};
        table[6] = {{'e', 'x', 'p', 'e'}, {}};
        table[7] = {{'r', 'e', 'f', 'e'}, {}};
        table[10] = {{'u', 's', 'e', 'r'}, {'c', 'o', 'n', 'n'}};
        table[14] = {{'c', 'o', 'n', 't'}, {}};
        table[17] = {{'t', 'r', 'a', 'n'}, {}};
        return table;
    }();
    const auto size = static_cast<std::size_t>(line.colon - line.begin);
    if (size < 4 || size >= of_size.size()) return false;
    const std::uint32_t begin = load<std::uint32_t>(line.begin) | 0x20202020;
    return begin == load<std::uint32_t>(of_size[size].one) || begin == load<std::uint32_t>(of_size[size].other);
}

// Takes a field that browsers and tools send with every request, written as they all write it, or does nothing.
template <class Scan>
bool BasicHeadParser<Scan>::usual_field(const char* begin, const Line& line, const char* end) {
    const char* const value = line.colon + 2;
    if (line.colon[1] != ' ') return false;
    const std::uint32_t offset = offset_in_lines(begin, value);
    if (line.colon - line.begin == 10) {
        if (is_name(line.begin, "user-agent")) {
            if (value == end || is_space(*value) || head_.user_agent_offset != 0) return false;
            head_.user_agent_offset = offset;
            return true;
        }
        static constexpr char usual[] = "keep-alive";
        if (end - value != sizeof usual - 1 || !is_name(line.begin, "connection") || !is_name(value, usual)) return false;
        head_.fields = static_cast<std::uint16_t>(head_.fields | HeadField::connection_keep_alive);
        head_.fields_end = offset_in_lines(begin, end + 2);
        return true;
    }
    if (line.colon - line.begin != 4 || !is_name(line.begin, "host") || head_.host_offset != 0) return false;
    Cursor host{begin, value, end};
    Scan::skip_host(host);
    if (host.at == value) return false;
    if (!host.done() && *host.at == ':') {
        ++host.at;
        while (!host.done() && ascii::is(*host.at, ascii::digit)) ++host.at;
    }
    if (!host.done()) return false;
    head_.host_offset = offset;
    return true;
}

template <class Scan>
Refusal BasicHeadParser<Scan>::field(const char* begin, const Line& line, const char* end) {
    const char* const name = line.begin;
    const std::string_view text = value_of(line, end);
    const std::uint32_t offset = offset_in_lines(begin, text.data());
    const std::uint32_t line_end = offset_in_lines(begin, end + 2);
    const auto note_last = [&](std::uint32_t& place) {
        if (place != 0) head_.fields_end = line_end;
        place = offset;
    };
    switch (line.colon - name) {
        case 4:
            if (is_name(name, "host")) return read_host(head_, offset, text);
            break;
        case 6:
            if (!is_name(name, "expect")) break;
            head_.fields_end = line_end;
            read_expect(head_, text);
            break;
        case 7:
            if (is_name(name, "referer")) note_last(head_.referer_offset);
            break;
        case 10:
            if (is_name(name, "user-agent")) {
                note_last(head_.user_agent_offset);
            } else if (is_name(name, "connection")) {
                head_.fields_end = line_end;
                read_connection(head_, text);
            }
            break;
        case 14:
            if (!is_name(name, "content-length")) break;
            head_.fields_end = line_end;
            return read_content_length(head_, text);
        case 17:
            if (!is_name(name, "transfer-encoding")) break;
            head_.fields_end = line_end;
            return read_transfer_encoding(head_, text);
        default: break;
    }
    return Refusal::none;
}

// RFC 9112 §3.2 (no Host), §6.1 and §6.3 (where the content ends, or that nobody can tell).
template <class Scan>
typename BasicHeadParser<Scan>::Verdict BasicHeadParser<Scan>::judge() {
    const unsigned fields = head_.fields;
    const bool is_coded = (fields & HeadField::transfer_encoding) != 0;
    if (head_.host_offset == 0 && head_.minor_version > 0) {
        refuse(Refusal::no_host);
    } else if (is_coded && (fields & HeadField::content_length) != 0) {
        refuse(Refusal::two_framings);
    } else if (is_coded && head_.minor_version == 0) {
        refuse(Refusal::framing_of_1_0);
    } else if ((fields & HeadField::other_coding) != 0) {
        refuse(Refusal::coding);
    } else if (is_coded) {
        head_.framing = Framing::chunked;
    } else if (head_.content_length > 0) {
        head_.framing = Framing::length;
    }
    return refusal_ == Refusal::none ? Verdict::complete : Verdict::refused;
}

template class BasicHeadParser<PortableScan>;
#ifdef TINYHTTPD_HAS_SIMD
template class BasicHeadParser<VectorScan>;
#endif

}  // namespace tinyhttpd::http
