// SPDX-License-Identifier: MIT
// Session: what HTTP remembers of one connection. Plain state, opaque to tcp/, which keeps one per connection and hands it
// to the worker's Responder with each call; the fewer bytes the better, since most of them sit in idle connections.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/protocol.hpp"
#include "base/recorder.hpp"
#include "http/body_framing.hpp"
#include "http/content_copy.hpp"
#include "http/head_parser.hpp"
#include "http/origin.hpp"
#include "http/reply.hpp"
#include "http/status.hpp"
#include "site/plan.hpp"

namespace tinyhttpd::http {

/// The peer's address as text, cached for who writes of its requests.
class PeerText {
public:
    PeerText() = default;
    /// `text`: "127.0.0.1:4711", "[::1]:4711", "unix:", or an address alone. Keeps what fits: every numeric address does.
    explicit PeerText(std::string_view text) : size_(static_cast<std::uint8_t>(std::min(text.size(), text_.size()))) {
        std::copy_n(text.begin(), size_, text_.begin());
        const std::string_view kept = view();
        const std::size_t colon = kept.find_last_of(':');
        const bool has_port = colon != std::string_view::npos && colon + 1 != kept.size();
        host_size_ = static_cast<std::uint8_t>(has_port ? colon : kept.size());
        if (!kept.starts_with('[') || host_size_ < 2) return;
        host_begin_ = 1;
        host_size_ = static_cast<std::uint8_t>(host_size_ - 2);
    }
    [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }
    /// Without the port.
    [[nodiscard]] std::string_view host() const { return {text_.data() + host_begin_, host_size_}; }

private:
    std::array<char, 53> text_;  // "[", INET6_ADDRSTRLEN - 1, "]:65535"
    std::uint8_t size_ = 0;
    std::uint8_t host_begin_ = 0;
    std::uint8_t host_size_ = 0;
};

/// What is kept of a request whose bytes are gone: while its content is skipped, if somebody wants its head or the content itself; while
/// its answer waits.
struct Kept {
    std::unique_ptr<char[]> head;       ///< null when nobody wants it, or without memory
    std::unique_ptr<char[]> preflight;  ///< the answer to one, which nobody else owns; until the next is kept
    std::chrono::steady_clock::time_point due = std::chrono::steady_clock::time_point::max();
    Reply reply;
    site::Fault fault = site::Fault::none;
    Refusal refusal = Refusal::none;  ///< instead of an answer
    bool has_ticket = false;          ///< of the quota, and none of a batch's
    bool has_begun = false;           ///< the head of the answer is out
    Recorder::Line* line = nullptr;   ///< that has to be written before
    std::uint64_t rate = 0;           ///< bytes of content a second; 0: at once
    std::uint64_t sent = 0;           ///< of the content
    ContentCopy content;              ///< of the request
};

struct Session {
    /// Of the current head; kept while the content is skipped, and while the answer waits. The next five members fill its tail padding,
    /// which saves each connection 8 bytes: hence the attribute, and their place.
    [[no_unique_address]] HeadParser parser;
    std::uint8_t empty_lines = 0;  ///< skipped before the current request line
    Phase phase = Phase::head;
    bool has_begun = false;  ///< a byte of the current request came
    static constexpr std::uint8_t unpinned = 255;
    std::uint8_t edition = unpinned;  ///< whose `reply` is, while the content is skipped or the answer waits
    Origin origin;
    Reply reply;                     ///< to the request whose content is being skipped
    BodyReader body;                 ///< in Phase::body
    std::uint64_t answered = 0;      ///< final responses on this connection; of a width that does not come round to 0
    std::unique_ptr<PeerText> peer;  ///< for the log; null without one, or without memory
    std::unique_ptr<Kept> kept;      ///< mostly null
};
static_assert(sizeof(Session) <= 112);  // every idle connection keeps one

}  // namespace tinyhttpd::http
