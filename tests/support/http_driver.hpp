// SPDX-License-Identifier: MIT
// Drives a Responder the way tcp::Server does, without a socket: input comes in pieces, what was not consumed is shown
// again, and every batch is sent, and its lease released, at once. Also a log that remembers.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/exchange.hpp"
#include "base/protocol.hpp"
#include "base/verify.hpp"
#include "http/responder.hpp"
#include "support/http_cases.hpp"

namespace tinyhttpd::testing {

/// Sunday, 6 November 1994, 08:49:37 GMT: the example of RFC 9110 §5.6.7.
inline std::chrono::system_clock::time_point example_time() {
    return std::chrono::system_clock::from_time_t(784111777);
}
inline constexpr std::string_view example_date = "Sun, 06 Nov 1994 08:49:37 GMT";

/// The answer that the cases expect.
inline site::Answer case_response() {
    return {.status = 200,
            .reason = "OK",
            .body = std::make_shared<const std::string>(CaseSettings::body),
            .headers = {{"Server", "tinyhttpd"}, {"Content-Type", "text/plain; charset=utf-8"}},
            .date = true};
}
inline http::ResponderLimits case_limits() {
    return {.max_head = CaseSettings::max_head, .max_body = CaseSettings::max_body};
}

/// What became of a connection.
struct Driven {
    std::string output;
    bool closed = false;        ///< by the responder
    bool reset = false;         ///< in that way
    Phase phase = Phase::head;  ///< unless closed
    std::uint32_t answers = 0;
    friend bool operator==(const Driven&, const Driven&) = default;
};

inline void append(std::string& output, const Batch& batch) {
    std::size_t bytes = 0;
    for (const Slice& slice : batch.slices()) {
        output.append(slice.data, slice.size);
        bytes += slice.size;
    }
    VERIFY(bytes == batch.bytes());
}

/// One connection to a responder.
template <class Responder>
class Connection {
public:
    explicit Connection(Responder& responder, std::string_view peer = "192.0.2.1", std::uint32_t listener = 0, std::uint32_t slot = 0)
        : responder_(responder), slot_(slot) {
        responder_.open(session_, peer, listener);
    }
    ~Connection() { responder_.close(session_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Input behind Next::close is dropped, as a server drops it; behind Next::later and Next::held it waits.
    void receive(std::string_view piece) {
        if (driven_.closed) return;
        pending_ += piece;
        if (!waits()) advance();
    }
    /// When the answer is due that the connection waits for; none: it waits for none.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> due() const { return due_; }
    /// Whether its answer waits for something else: Responder::next_ready() calls for it by its slot.
    [[nodiscard]] bool is_held() const { return is_held_; }
    /// Requires due() or is_held().
    void resume() {
        VERIFY(waits());
        Batch batch;
        batch.clear();
        const Advance resumed = responder_.resume(session_, batch);
        VERIFY(resumed.consumed == 0);
        take(batch);
        settle(resumed, batch);
        if (!waits() && !driven_.closed) advance();
    }
    void expire() {
        Batch batch;
        batch.clear();
        const std::vector<char> exact(pending_.begin(), pending_.end());
        const Next next = responder_.expire(session_, {exact.data(), exact.size()}, batch);
        take(batch);
        settle({0, next}, batch);
    }
    [[nodiscard]] const Driven& driven() const { return driven_; }
    [[nodiscard]] std::size_t pending() const { return pending_.size(); }

private:
    [[nodiscard]] bool waits() const { return due_ || is_held_; }
    void advance() {
        Next next = Next::flush;
        while (next == Next::flush) {
            Batch batch;
            batch.clear();
            // Exactly as large as the input, so that reading a byte too far is seen by a sanitizer.
            const std::vector<char> exact(pending_.begin(), pending_.end());
            const Advance advance = responder_.advance(session_, {exact.data(), exact.size()}, batch);
            VERIFY(advance.consumed <= pending_.size());
            VERIFY(advance.next != Next::flush || !batch.empty());
            take(batch);
            pending_.erase(0, advance.consumed);
            settle(advance, batch);
            next = advance.next;
        }
    }
    void settle(const Advance& advance, const Batch& batch) {
        driven_.reset = advance.next == Next::reset;
        driven_.closed = driven_.reset || advance.next == Next::close;
        due_ = advance.next == Next::later ? std::optional(batch.due) : std::nullopt;
        is_held_ = advance.next == Next::held;
        if (is_held_) responder_.hold(session_, slot_);
        driven_.phase = driven_.closed ? Phase::head : responder_.phase(session_);
    }
    void take(const Batch& batch) {
        append(driven_.output, batch);
        driven_.answers += batch.answers;
        responder_.release(batch.lease);
    }

    Responder& responder_;
    std::uint32_t slot_;
    typename Responder::Session session_;
    std::string pending_;
    std::optional<std::chrono::steady_clock::time_point> due_;
    bool is_held_ = false;
    Driven driven_;
};

template <class Responder>
Driven drive(Responder& responder, const std::vector<std::string_view>& pieces) {
    Connection connection(responder);
    for (const std::string_view piece : pieces) connection.receive(piece);
    return connection.driven();
}

/// An Exchange that owns its text.
struct LoggedLine {
    std::string peer, method, target, version, host, referer, user_agent, request_line;
    int status = 0;
    std::uint64_t body_bytes = 0;
    std::string refused = {};
    std::string fault = {};
    friend bool operator==(const LoggedLine&, const LoggedLine&) = default;
};

/// Writes into a vector that the test owns.
class RecordingLog {
public:
    explicit RecordingLog(std::vector<LoggedLine>& lines) : lines_(&lines) {}
    [[nodiscard]] static bool enabled() { return true; }
    [[nodiscard]] static bool wants_refused() { return true; }
    [[nodiscard]] static bool shows_fields() { return true; }
    void append(const Exchange& exchange) {
        const auto own = [](std::string_view text) { return std::string(text); };
        lines_->push_back({own(exchange.peer), own(exchange.method), own(exchange.target), own(exchange.version), own(exchange.host),
                           own(exchange.referer), own(exchange.user_agent), own(exchange.request_line), exchange.status,
                           exchange.body_bytes, own(exchange.refused), own(exchange.fault)});
    }
    static void tick(std::chrono::steady_clock::time_point) {}
    [[nodiscard]] static std::optional<std::chrono::steady_clock::time_point> due() { return std::nullopt; }

private:
    std::vector<LoggedLine>* lines_;
};

}  // namespace tinyhttpd::testing
