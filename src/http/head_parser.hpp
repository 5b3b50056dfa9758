// SPDX-License-Identifier: MIT
// HeadParser: judges request heads by RFC 9112, strictly and as their bytes come. The responder calls it; it allocates
// nothing, copies nothing, and knows neither bodies nor answers. Errors are found from left to right at a byte that depends
// on the bytes alone: what a head is worth never depends on how it was split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/request_head.hpp"
#include "http/scan.hpp"
#include "http/status.hpp"

namespace tinyhttpd::http {

/// Resumes where it stopped: shown a head byte by byte it looks at each byte once, but for the version, a CR and, once more,
/// the name of a line that came in parts.
template <class Scan>
class BasicHeadParser {
public:
    enum class Verdict : std::uint8_t { incomplete, complete, refused };

    /// `input` starts at the first byte of the head, each time, and holds at least what it held the last time. Bytes from
    /// `max_head` on are not looked at: a head that is not complete by then is too large, 414 when its request line
    /// is, 400 when its method is, otherwise 431. After `complete` or `refused` a new parser is needed.
    [[nodiscard]] Verdict parse(std::string_view input, std::size_t max_head) {
        static constexpr BasicHeadParser nothing;
        return parse(input, max_head, {"", nothing});
    }

    /// A complete head that another parser has judged; or one that has judged nothing.
    struct Judged {
        const char* bytes;
        const BasicHeadParser& parser;
    };
    /// The same. Field lines that begin as those of `judged` are not judged again as long as they are the same to the byte.
    [[nodiscard]] Verdict parse(std::string_view input, std::size_t max_head, const Judged& judged);

    /// What the head says; whole after `complete`, else as far as it has been judged.
    [[nodiscard]] const RequestHead& head() const { return head_; }
    /// After `complete`: bytes of the head, its empty line included. After `refused`: bytes up to and with the bad one.
    [[nodiscard]] std::size_t size() const { return position_; }
    /// After `refused`: why.
    [[nodiscard]] Refusal refusal() const { return refusal_; }
    /// Whether the request line was complete and well-formed, so that method, target and version are in their places.
    [[nodiscard]] bool has_request_line() const { return part_ > Part::version; }

private:
    enum class Part : std::uint8_t { method, target, version, name, value, end };

    struct Line {
        const char* begin;
        const char* colon;
    };

    // Each goes on at in.at and returns whether its element is complete; false is "more bytes", a refusal or the end.
    [[nodiscard]] bool request_line(Cursor& in);
    [[nodiscard]] bool method(Cursor& in);
    [[nodiscard]] bool target(Cursor& in);
    [[nodiscard]] bool version(Cursor& in);
    [[nodiscard]] bool name(Cursor& in, Line& line);
    [[nodiscard]] bool value(Cursor& in, Line& line);
    [[nodiscard]] bool crlf(Cursor& in);
    // Judges the value of a complete line, whose CR is at `end`.
    [[nodiscard, gnu::noinline]] Refusal field(const char* begin, const Line& line, const char* end);
    [[nodiscard]] static bool may_be_judged(const Line& line);
    [[nodiscard]] bool usual_field(const char* begin, const Line& line, const char* end);
    [[nodiscard]] static std::string_view value_of(const Line& line, const char* end);
    void field_lines(Cursor& in);
    void judged_lines(Cursor& in, const Judged& judged);
    void usual_lines(Cursor& in);
    [[nodiscard]] Verdict judge();

    [[nodiscard]] bool escape(Cursor& in);

    // As NotedFields has it. `begin`: of the head.
    [[nodiscard]] std::uint32_t offset_in_lines(const char* begin, const char* at) const {
        return static_cast<std::uint32_t>(at - begin) - head_.lines_offset();
    }

    bool refuse(Refusal refusal) {
        refusal_ = refusal;
        return false;
    }
    // At the first byte that cannot be where it is. Whoever sends LF alone wants to hear that, wherever it is noticed.
    bool refuse_byte(Cursor& in, Refusal refusal) { return refuse(*in.at++ == '\n' ? Refusal::bare_lf : refusal); }

    RequestHead head_;
    std::uint32_t position_ = 0;  ///< of the first byte not yet judged
    std::uint32_t line_ = 0;      ///< where the current field line starts
    Part part_ = Part::method;
    Refusal refusal_ = Refusal::none;
};

using HeadParser = BasicHeadParser<FastestScan>;

extern template class BasicHeadParser<PortableScan>;
#ifdef TINYHTTPD_HAS_SIMD
extern template class BasicHeadParser<VectorScan>;
#endif

}  // namespace tinyhttpd::http
