// SPDX-License-Identifier: MIT
// RequestHead: what a judged request head says, as far as a responder that discards content cares. The head parser fills it
// in; places in the head are offsets, so that they hold for any copy of it.
#pragma once

#include <cstdint>

namespace tinyhttpd::http {

enum class Method : std::uint8_t { other, get, head, options, connect, trace };

/// RFC 9112 §3.2.
enum class TargetForm : std::uint8_t { origin, absolute, authority, asterisk };

enum class Framing : std::uint8_t { none, length, chunked };

/// What is noted of the field lines. Places are offsets from the first line's first byte, so that all of it holds for the same lines behind
/// any request line.
struct NotedFields {
    std::uint64_t content_length = 0;  ///< the largest number stands for any that is larger
    std::uint32_t host_offset = 0;     ///< of the field's value; 0: absent, as for the next two
    std::uint32_t referer_offset = 0;
    std::uint32_t user_agent_offset = 0;
    std::uint32_t fields_end = 0;  ///< where the last line ends that had a part in the next, or repeated one of the two before
    std::uint16_t fields = 0;      ///< bits of HeadField: what the fields said
    bool is_host_empty = false;    ///< there is a Host, without a value: right or wrong depending on the listener
};

struct RequestHead : NotedFields {
    Framing framing = Framing::none;  ///< with Framing::length, `content_length` says how much
    std::uint32_t method_size = 0;    ///< the method is at 0, the target one space behind it, the version one behind that
    std::uint32_t target_size = 0;
    Method method = Method::other;
    TargetForm form = TargetForm::origin;
    std::uint8_t minor_version = 0;  ///< 0 or 1; later ones are 1
    bool is_https = false;           ///< absolute form with that scheme: right or wrong depending on the listener

    /// Of the first field line, from the first byte of the head. Requires a complete request line.
    [[nodiscard]] std::uint32_t lines_offset() const { return method_size + target_size + around_target; }
    [[nodiscard]] bool depends_on_origin() const { return is_https || is_host_empty; }

private:
    static constexpr std::uint32_t around_target = sizeof "  HTTP/1.1\r\n" - 1;
};

/// Bits of NotedFields::fields.
struct HeadField {
    enum : std::uint16_t {
        content_length = 1,
        transfer_encoding = 2,
        chunked = 4,       ///< the last transfer coding so far is chunked
        other_coding = 8,  ///< a transfer coding that is not chunked
        connection_close = 16,
        connection_keep_alive = 32,
        expect_continue = 64,
        expect_other = 128,
    };
};

}  // namespace tinyhttpd::http
