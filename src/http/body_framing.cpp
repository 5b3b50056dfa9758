// SPDX-License-Identifier: MIT
#include "http/body_framing.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace tinyhttpd::http {

namespace {

constexpr std::uint8_t size_digits_max = 16;  // what a 64-bit size can have without overflow

bool is_space(char byte) {
    return byte == ' ' || byte == '\t';
}

unsigned hex_value(char byte) {
    return ascii::is(byte, ascii::digit) ? static_cast<unsigned>(byte - '0') : static_cast<unsigned>((byte | 0x20) - 'a') + 10U;
}

}  // namespace

BodyReader BodyReader::length(std::uint64_t size) {
    BodyReader reader;
    reader.left_ = size;
    if (size == 0) reader.state_ = State::end;
    return reader;
}

BodyReader BodyReader::chunked(const ChunkedLimits& limits) {
    BodyReader reader;
    reader.allowed_ = limits.content;
    reader.framing_left_ = limits.framing;
    reader.state_ = State::size_first;
    return reader;
}

BodyReader::Progress BodyReader::read(std::string_view input, ContentCopy* copy) {
    Progress progress;
    while (progress.consumed < input.size() && state_ != State::end) {
        if (state_ == State::content || state_ == State::data) {
            const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - progress.consumed));
            if (copy != nullptr) progress.is_copied = copy->add(input.substr(progress.consumed, taken)) && progress.is_copied;
            progress.consumed += taken;
            left_ -= taken;
            if (left_ == 0) state_ = state_ == State::data ? State::data_cr : State::end;
        } else {
            progress.refusal = step(input[progress.consumed++]);
            if (progress.refusal != Refusal::none) return progress;
        }
    }
    progress.complete = state_ == State::end;
    return progress;
}

Refusal BodyReader::step(char byte) {
    const State next = after(byte);
    if (next == State::bad) return refusal();
    // A peer could otherwise send extensions and trailers for ever.
    const bool is_counted =
        (next >= State::size_space && next <= State::value_space) || (next >= State::trailer_name && next <= State::trailer_lf);
    if (is_counted && framing_left_-- == 0) return Refusal::framing_size;
    if (next == State::data) {
        if (left_ > allowed_) return Refusal::content_size;
        allowed_ -= left_;
    }
    state_ = next;
    return Refusal::none;
}

// What is broken when the current state has no place for a byte.
Refusal BodyReader::refusal() const {
    if (state_ >= State::trailer_first) return Refusal::trailer;
    if (state_ >= State::data_cr) return Refusal::chunk_end;
    const bool is_extension = state_ >= State::size_space && state_ <= State::value_space;
    return is_extension ? Refusal::chunk_extension : Refusal::chunk_size;
}

BodyReader::State BodyReader::after(char byte) {
    using enum State;
    switch (state_) {
        case size_first:
            left_ = 0;
            digits_ = 0;
            return ascii::is(byte, ascii::hex_digit) ? after_size_digit(byte) : bad;
        case size:
            if (ascii::is(byte, ascii::hex_digit)) return after_size_digit(byte);
            if (byte == '\r') return size_lf;
            return byte == ';' ? name_first : is_space(byte) ? size_space : bad;
        case size_lf:
            if (byte != '\n') return bad;
            return left_ > 0 ? data : trailer_first;
        case data_cr: return byte == '\r' ? data_lf : bad;
        case data_lf: return byte == '\n' ? size_first : bad;
        case size_space:
        case name_first:
        case name:
        case name_space:
        case value_first:
        case value:
        case quoted:
        case quoted_pair:
        case quoted_end:
        case value_space: return in_extension(byte);
        case trailer_first:
        case trailer_name:
        case trailer_value:
        case trailer_lf:
        case end_lf: return in_trailer(byte);
        case content:
        case data:
        case end:
        case bad: break;
    }
    return bad;
}

BodyReader::State BodyReader::after_size_digit(char byte) {
    if (++digits_ > size_digits_max) return State::bad;
    left_ = left_ << 4 | hex_value(byte);
    return State::size;
}

// RFC 9112 §7.1.1: chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ). White space with neither ";"
// nor "=" behind it is off the grammar.
BodyReader::State BodyReader::in_extension(char byte) const {
    using enum State;
    const bool is_token_byte = ascii::is(byte, ascii::tchar);
    const auto next_or_end = [byte](State after_space) {
        return byte == ';' ? name_first : byte == '\r' ? size_lf : is_space(byte) ? after_space : bad;
    };
    switch (state_) {
        case name_first: return is_token_byte ? name : is_space(byte) ? name_first : bad;
        case name: return is_token_byte ? name : byte == '=' ? value_first : next_or_end(name_space);
        case name_space: return byte == '=' ? value_first : byte == ';' ? name_first : is_space(byte) ? name_space : bad;
        case value_first: return is_token_byte ? value : byte == '"' ? quoted : is_space(byte) ? value_first : bad;
        case value: return is_token_byte ? value : next_or_end(value_space);
        case quoted:
            if (byte == '\\') return quoted_pair;
            return byte == '"' ? quoted_end : ascii::is(byte, ascii::field_char) ? quoted : bad;
        case quoted_pair: return ascii::is(byte, ascii::field_char) ? quoted : bad;
        case quoted_end: return next_or_end(value_space);
        default: return byte == ';' ? name_first : is_space(byte) ? state_ : bad;  // size_space, value_space
    }
}

// RFC 9112 §7.1.2. Trailers are checked and dropped: none of them can change what has been framed already.
BodyReader::State BodyReader::in_trailer(char byte) const {
    using enum State;
    switch (state_) {
        case trailer_first: return byte == '\r' ? end_lf : ascii::is(byte, ascii::tchar) ? trailer_name : bad;
        case trailer_name: return byte == ':' ? trailer_value : ascii::is(byte, ascii::tchar) ? trailer_name : bad;
        case trailer_value: return byte == '\r' ? trailer_lf : ascii::is(byte, ascii::field_char) ? trailer_value : bad;
        case trailer_lf: return byte == '\n' ? trailer_first : bad;
        default: return byte == '\n' ? end : bad;  // end_lf
    }
}

}  // namespace tinyhttpd::http
