// SPDX-License-Identifier: MIT
#include "probe/response_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/ascii.hpp"

namespace tinyhttpd::probe {

namespace {

/// All of `text` as a number, nothing when it is none or does not fit.
std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

ResponseReader::Progress ResponseReader::fail(std::string_view why) {
    failure_ = why;
    return Progress::failed;
}

ResponseReader::Progress ResponseReader::read(std::string_view input) {
    Progress progress = Progress::more;
    while (progress == Progress::more && !input.empty()) {
        if (stage_ == Stage::counted || stage_ == Stage::until_close || stage_ == Stage::chunk_data) {
            progress = take_content(input);
            continue;
        }
        const std::size_t end = std::min(input.find('\n'), input.size() - 1);
        line_ += input.substr(0, end + 1);
        lines_size_ += end + 1;
        input.remove_prefix(end + 1);
        if (lines_size_ > head_max) return fail("the head of the answer is longer than 64k");
        if (!line_.ends_with('\n')) return Progress::more;
        // RFC 9112 §2.2: a recipient may take LF alone for the end of a line. What stands in for a server in a script sends that.
        line_.resize(line_.size() - (line_.ends_with("\r\n") ? 2 : 1));
        if (!is_field_value(line_)) return fail("the answer's head holds a control character");
        progress = on_line(line_);
        line_.clear();
    }
    return progress;
}

ResponseReader::Progress ResponseReader::finish() {
    if (stage_ == Stage::until_close) return Progress::complete;
    if (stage_ == Stage::status_line && status_ == 0 && lines_size_ == 0) return fail("the connection was closed without an answer");
    return fail("the connection was closed in the middle of the answer");
}

ResponseReader::Progress ResponseReader::on_line(std::string_view line) {
    switch (stage_) {
        case Stage::status_line: return on_status_line(line);
        case Stage::field_line: return line.empty() ? on_head_end() : on_field_line(line);
        case Stage::chunk_size: return on_chunk_size(line);
        case Stage::chunk_end:
            if (!line.empty()) return fail("a chunk of the answer is longer than its size");
            stage_ = Stage::chunk_size;
            return Progress::more;
        case Stage::trailer: return line.empty() ? Progress::complete : Progress::more;
        case Stage::counted:
        case Stage::until_close:
        case Stage::chunk_data: break;
    }
    return Progress::more;
}

// RFC 9112 §4: HTTP-version SP status-code SP [ reason-phrase ]. Many servers leave the second SP out with an empty reason.
ResponseReader::Progress ResponseReader::on_status_line(std::string_view line) {
    constexpr std::size_t code_at = sizeof("HTTP/1.1 ") - 1;
    constexpr std::size_t code_end = code_at + 3;
    const bool is_http = line.size() >= code_end && line.starts_with("HTTP/1.") && ascii::is(line[code_at - 2], ascii::digit) &&
                         line[code_at - 1] == ' ' && (line.size() == code_end || line[code_end] == ' ');
    const auto code = is_http ? parse_number(line.substr(code_at, 3), 10) : std::nullopt;
    if (!code || *code < 100) return fail("the answer is not HTTP/1.1");
    status_ = static_cast<int>(*code);
    stage_ = Stage::field_line;
    return Progress::more;
}

ResponseReader::Progress ResponseReader::on_field_line(std::string_view line) {
    const auto colon = line.find(':');
    // RFC 9112 §5.1, §5.2: no white space before the colon, no folded line.
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return fail("the answer has a malformed header");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (equals_ignore_case(name, "Content-Length")) {
        const auto length = parse_number(value, 10);
        if (!length || (length_ && length_ != length)) return fail("the answer's Content-Length is malformed");
        length_ = length;
    } else if (equals_ignore_case(name, "Transfer-Encoding")) {
        if (chunked_ || !equals_ignore_case(value, "chunked")) return fail("the answer has a transfer coding other than chunked");
        chunked_ = true;
    }
    return Progress::more;
}

ResponseReader::Progress ResponseReader::on_head_end() {
    // RFC 9112 §6.3: such a message may be an attempt at smuggling.
    if (chunked_ && length_) return fail("the answer has both Transfer-Encoding and Content-Length");
    // RFC 9110 §15.2.2: a server switches protocols only when it was asked to.
    if (status_ == 101) return fail("the answer switches protocols, which was not asked for");
    if (status_ < 200) {
        status_ = 0;
        length_.reset();
        chunked_ = false;
        stage_ = Stage::status_line;
        return Progress::more;
    }
    if (status_ == 204 || status_ == 304) return Progress::complete;
    left_ = length_.value_or(std::numeric_limits<std::uint64_t>::max());
    stage_ = chunked_ ? Stage::chunk_size : length_ ? Stage::counted : Stage::until_close;
    return length_ == 0U ? Progress::complete : Progress::more;
}

// RFC 9112 §7.1. Extensions and trailers are passed over.
ResponseReader::Progress ResponseReader::on_chunk_size(std::string_view line) {
    const auto size = parse_number(trim(line.substr(0, line.find(';'))), 16);
    if (!size) return fail("a chunk of the answer has no size");
    left_ = *size;
    stage_ = left_ == 0 ? Stage::trailer : Stage::chunk_data;
    return Progress::more;
}

ResponseReader::Progress ResponseReader::take_content(std::string_view& input) {
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    body_ += input.substr(0, std::min(taken, body_max - body_.size()));
    input.remove_prefix(taken);
    if (stage_ != Stage::until_close) left_ -= taken;
    if (body_.size() == body_max) return Progress::complete;
    if (left_ > 0) return Progress::more;
    if (stage_ == Stage::counted) return Progress::complete;
    stage_ = Stage::chunk_end;
    return Progress::more;
}

}  // namespace tinyhttpd::probe
