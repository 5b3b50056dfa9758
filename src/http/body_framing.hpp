// SPDX-License-Identifier: MIT
// BodyReader: finds the end of a request's content, reading and discarding it, for either framing of RFC 9112 §6. The
// responder feeds it as bytes come, split anyhow. It buffers nothing, shows the content to who wants a copy, and never looks
// behind the end of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/content_copy.hpp"
#include "http/status.hpp"

namespace tinyhttpd::http {

/// What a chunked content may cost.
struct ChunkedLimits {
    std::uint64_t content;  ///< bytes of all chunks together (413)
    std::uint32_t framing;  ///< bytes of all chunk extensions and trailers together (413)
};

class BodyReader {
public:
    BodyReader() = default;
    /// Content-Length framing; `size` bytes are skipped. The limit was the caller's to check.
    [[nodiscard]] static BodyReader length(std::uint64_t size);
    /// Chunked framing, RFC 9112 §7.1, to the letter: a byte off the grammar is a 400, since whoever forwarded it read it
    /// differently.
    [[nodiscard]] static BodyReader chunked(const ChunkedLimits& limits);

    struct Progress {
        std::size_t consumed = 0;         ///< bytes at the front of the input that belong to the content
        bool complete = false;            ///< the next byte is the next request's
        Refusal refusal = Refusal::none;  ///< the framing is broken: nothing behind it can be trusted
        bool is_copied = true;            ///< false: there was no memory for the copy
    };
    /// Takes what is there; the content goes into `copy`, unless that is null. Must not be called again once complete or refused.
    [[nodiscard]] Progress read(std::string_view input, ContentCopy* copy = nullptr);

private:
    enum class State : std::uint8_t {
        content,      ///< of a Content-Length
        size_first,   ///< the first digit of a chunk size
        size,         ///< further digits
        size_space,   ///< white space after the size: an extension must follow
        name_first,   ///< after ";"
        name,         ///< in an extension's name
        name_space,   ///< after it: "=" or ";" must follow
        value_first,  ///< after "="
        value,        ///< in a token
        quoted,       ///< in a quoted string
        quoted_pair,  ///< after its backslash
        quoted_end,   ///< after its closing quote
        value_space,  ///< after a value: ";" must follow
        size_lf,      ///< the LF of a chunk's first line
        data,         ///< of a chunk
        data_cr,
        data_lf,
        trailer_first,  ///< the first byte of a trailer line, or of the empty line
        trailer_name,
        trailer_value,
        trailer_lf,
        end_lf,  ///< the LF of the last line
        end,
        bad,
    };

    [[nodiscard]] Refusal step(char byte);
    [[nodiscard]] Refusal refusal() const;
    [[nodiscard]] State after(char byte);
    [[nodiscard]] State after_size_digit(char byte);
    [[nodiscard]] State in_extension(char byte) const;
    [[nodiscard]] State in_trailer(char byte) const;

    std::uint64_t left_ = 0;     ///< of the Content-Length or the chunk
    std::uint64_t allowed_ = 0;  ///< bytes further chunks may have
    std::uint32_t framing_left_ = 0;
    std::uint8_t digits_ = 0;  ///< of the chunk size
    State state_ = State::content;
};

}  // namespace tinyhttpd::http
