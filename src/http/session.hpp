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
#include "http/body_framing.hpp"
#include "http/head_parser.hpp"
#include "http/origin.hpp"
#include "http/reply.hpp"
#include "site/plan.hpp"

namespace tinyhttpd::http {

/// The peer's address as text, cached for the access log.
class PeerText {
public:
    PeerText() = default;
    /// Keeps what fits: every numeric address does, an IPv6 zone may be cut.
    explicit PeerText(std::string_view text) : size_(static_cast<std::uint8_t>(std::min(text.size(), text_.size()))) {
        std::copy_n(text.begin(), size_, text_.begin());
    }
    [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

private:
    std::array<char, 47> text_;
    std::uint8_t size_ = 0;
};

/// What is kept of a request whose bytes are gone: while its content is skipped, if the log wants its head; while its answer waits.
struct Kept {
    std::unique_ptr<char[]> head;       ///< null without a log, or without memory
    std::unique_ptr<char[]> preflight;  ///< the answer to one, which nobody else owns; until the next is kept
    std::chrono::steady_clock::time_point due = std::chrono::steady_clock::time_point::max();
    Reply reply;
    site::Fault fault = site::Fault::none;
    bool has_begun = false;  ///< the head of the answer is out, and with it a ticket of the quota
    std::uint64_t rate = 0;  ///< bytes of content a second; 0: at once
    std::uint64_t sent = 0;  ///< of the content
};

struct Session {
    HeadParser parser;             ///< of the current head; kept while the content is skipped, and while the answer waits
    Reply reply;                   ///< to the request whose content is being skipped
    BodyReader body;               ///< in Phase::body
    std::uint64_t answered = 0;    ///< final responses on this connection; of a width that does not come round to 0
    std::uint8_t empty_lines = 0;  ///< skipped before the current request line
    Phase phase = Phase::head;
    bool has_begun = false;  ///< a byte of the current request came
    static constexpr std::uint8_t unpinned = 255;
    std::uint8_t edition = unpinned;  ///< whose `reply` is, while the content is skipped or the answer waits
    Origin origin;
    std::unique_ptr<PeerText> peer;  ///< for the log; null without one, or without memory
    std::unique_ptr<Kept> kept;      ///< mostly null
};

}  // namespace tinyhttpd::http
