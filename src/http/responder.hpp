// SPDX-License-Identifier: MIT
// Responder: HTTP as one worker speaks it. tcp::Server shows it the bytes of each connection and sends what it puts into a
// batch; the state of a connection is its Session. Sans-I/O: it knows no socket, no engine and no deadline, and on the way
// from bytes to batch it allocates nothing, copies nothing and asks no clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/exchange.hpp"
#include "base/protocol.hpp"
#include "base/quota.hpp"
#include "http/exchange.hpp"
#include "http/head_memo.hpp"
#include "http/origin.hpp"
#include "http/reply.hpp"
#include "http/response.hpp"
#include "http/session.hpp"

namespace tinyhttpd::http {

struct ResponderLimits {
    std::size_t max_head = 16 * 1024;
    std::uint64_t max_body = 1024 * 1024;  ///< 0: no limit
    bool keepalive = true;
    std::uint64_t keepalive_requests = 0;  ///< answers on one connection, the last of which closes it; 0: no limit
    std::size_t write_buffer = 4096;       ///< a batch that has reached it is sent before more requests are judged
    Quota* quota = nullptr;                ///< shared by all workers; null: no limit
    std::span<const Origin> origins = {};  ///< by listener; outlives the responder. The default for any that is not in it
};

template <ExchangeLog Log>
class Responder {
public:
    using Session = http::Session;
    using Instant = std::chrono::steady_clock::time_point;
    using WallTime = std::chrono::system_clock::time_point;
    using WallClock = WallTime (*)();

    Responder(const ResponseSpec& spec, const ResponderLimits& limits, Log log, WallClock wall_clock = &std::chrono::system_clock::now)
        : renderings_(spec, limits.write_buffer),
          write_buffer_(limits.write_buffer),
          // Places in a head are 32-bit numbers.
          max_head_(std::min<std::size_t>(limits.max_head, std::numeric_limits<std::uint32_t>::max())),
          max_body_(limits.max_body != 0 ? std::min(limits.max_body, content_max) : content_max),
          answers_max_(limits.keepalive_requests),
          may_keep_(limits.keepalive),
          quota_(limits.quota),
          origins_(limits.origins),
          wall_clock_(wall_clock),
          log_(std::move(log)) {
        renderings_.refresh(std::chrono::system_clock::to_time_t(wall_clock_()));
    }

    /// To be called once per turn of the event loop, before its events: renews Date when a second may have passed.
    void tick(Instant now) {
        if (now >= next_second_) {
            const WallTime wall = wall_clock_();
            const auto second = std::chrono::floor<std::chrono::seconds>(wall);
            renderings_.refresh(std::chrono::system_clock::to_time_t(second));
            // A wall clock that is set meanwhile is noticed a second late at most.
            next_second_ = now + std::chrono::duration_cast<Instant::duration>(second + std::chrono::seconds(1) - wall);
        }
        log_.tick(now);
    }
    /// When tick() is wanted even without events. Date needs none: it is renewed before anything is answered.
    [[nodiscard]] std::optional<Instant> next_tick() const { return log_.due(); }

    /// Whether open() wants the peer's text.
    [[nodiscard]] bool wants_peer() const { return describes_refused(); }
    /// Starts a new connection in `session`. `peer`: address without port, or "unix:". `listener`: the index of the one it came in by.
    void open(Session& session, std::string_view peer, std::uint32_t listener = 0) {
        session = Session{};
        if (listener < origins_.size()) session.origin = origins_[listener];
        if (wants_peer()) session.peer.reset(new (std::nothrow) PeerText(peer));
    }

    /// Judges as many requests of `input`, which starts with what was not consumed before, as it holds and as the output
    /// limit allows. All answers go into `out`. With Next::receive the rest of the input, at most max_head bytes, is an
    /// unfinished head. Not to be called again after Next::close.
    [[nodiscard]] Advance advance(Session& session, std::string_view input, Batch& out) {
        std::size_t consumed = 0;
        while (consumed != input.size()) {
            const Step step = take(session, {input.data() + consumed, input.size() - consumed}, out);
            consumed += step.consumed;
            if (step.outcome != Outcome::go_on) [[unlikely]]
                return {consumed, next_after(step.outcome)};
            if (consumed != input.size() && is_full(out)) return {consumed, Next::flush};
        }
        return {consumed, Next::receive};
    }

    [[nodiscard]] Phase phase(const Session& session) const { return session.phase; }

    /// The deadline of the current phase has passed; the connection is to be closed. Appends a 408 when a byte of a request
    /// came, else nothing. It holds no ticket of the quota, and `out.answers` does not count it.
    void expire(Session& session, Batch& out) {
        if (!session.has_begun) return;
        const Refusal refusal = session.phase == Phase::body ? Refusal::content_timeout : Refusal::head_timeout;
        const std::uint64_t body_bytes = renderings_.refuse(out, refusal, Reply::content_of(session.parser.head()));
        // Of an unfinished head there is nothing to describe: its bytes are with the caller.
        if (describes_refused()) write_refused(session, session.saved_head.get(), refusal, body_bytes);
    }

    /// From now on every answer carries `Connection: close`, and Next::close follows it.
    void announce_close() { may_keep_ = false; }

    /// The send of a batch with this lease has completed, or never will.
    void release(Lease lease) { renderings_.release(lease); }

    /// The connection is gone.
    void close(Session& session) {
        session.saved_head.reset();
        session.peer.reset();
    }

private:
    enum class Outcome : std::uint8_t { go_on, wait, flush, close };
    struct Step {
        std::size_t consumed;
        Outcome outcome;
    };

    // RFC 9112 §2.2 asks for one empty line at least; the number is bounded so that a peer cannot feed them for ever.
    static constexpr std::uint8_t empty_lines_max = 8;
    // The largest number stands for every length that is larger still: such a content has no end that could be found.
    static constexpr std::uint64_t content_max = std::numeric_limits<std::uint64_t>::max() - 1;

    [[nodiscard]] bool is_full(const Batch& out) const {
        return out.bytes() >= write_buffer_ || out.room() < Renderings::slices_per_answer;
    }

    [[nodiscard]] static Next next_after(Outcome outcome) {
        return outcome == Outcome::wait ? Next::receive : outcome == Outcome::flush ? Next::flush : Next::close;
    }

    Step take(Session& session, std::string_view input, Batch& out) {
        // Nothing of the head that begins here has been judged, and no content comes before it.
        if (session.parser.size() == 0) [[likely]] {
            if (memo_.begins(input)) [[likely]]
                return {memo_.parser().size(), answer(session, memo_.parser(), memo_.reply(), input.data(), out)};
        }
        return take_unknown(session, input, out);
    }

    /// Out of line, as all that is rare: what an ordinary request needs is short then, and spills no registers.
    [[gnu::noinline]] Step take_unknown(Session& session, std::string_view input, Batch& out) {
        if (session.phase == Phase::body) return skip_body(session, input, out);
        if (session.parser.size() == 0 && input.front() == '\r') return skip_empty_line(session, input, out);
        session.has_begun = true;
        const HeadParser::Verdict verdict = session.parser.parse(input, max_head_, memo_.judged());
        const std::size_t size = session.parser.size();
        if (verdict == HeadParser::Verdict::incomplete) {
            session.phase = Phase::head;
            return {0, Outcome::wait};
        }
        if (verdict == HeadParser::Verdict::refused) return {size, refuse(session, session.parser.refusal(), input.data(), out)};
        const RequestHead& head = session.parser.head();
        if (const Refusal refusal = turn_down(head, session.origin); refusal != Refusal::none)
            return {size, refuse(session, refusal, input.data(), out)};
        // What the memo knows holds for the connections of every listener.
        if (!head.depends_on_origin()) memo_.offer(input.substr(0, size), session.parser);
        if (head.framing != Framing::none) return {size, begin_body(session, input, out)};
        return {size, answer_judged(session, input.data(), out)};
    }

    Step skip_empty_line(Session& session, std::string_view input, Batch& out) {
        session.has_begun = true;
        if (input.size() < 2) {
            session.phase = Phase::head;
            return {0, Outcome::wait};
        }
        if (input[1] != '\n') return {2, refuse(session, Refusal::bare_cr, input.data(), out)};
        if (session.empty_lines == empty_lines_max) return {2, refuse(session, Refusal::empty_lines, input.data(), out)};
        ++session.empty_lines;
        session.has_begun = false;
        session.phase = session.answered == 0 ? Phase::head : Phase::idle;  // its CR may have come alone
        return {2, Outcome::go_on};
    }

    /// What is well-formed and yet not answered with the configured response.
    [[nodiscard]] Refusal turn_down(const RequestHead& head, Origin origin) const {
        // RFC 9112 §3.2: an empty Host says that the target URI has no authority.
        if (head.is_host_empty && origin.has_authority) return Refusal::empty_host;
        // RFC 9110 §7.4: nobody vouches for an https resource on a connection that is not secured.
        if (head.is_https && !origin.is_secure) return Refusal::https;
        if (head.method == Method::connect) return Refusal::connect;
        if (head.method == Method::trace) return Refusal::trace;
        if (head.framing == Framing::length && head.content_length > max_body_) return Refusal::content_size;
        if ((head.fields & HeadField::expect_other) != 0) return Refusal::expectation;
        return Refusal::none;
    }

    Outcome begin_body(Session& session, std::string_view input, Batch& out) {
        const RequestHead& head = session.parser.head();
        session.phase = Phase::body;
        session.body = head.framing == Framing::length
                           ? BodyReader::length(head.content_length)
                           : BodyReader::chunked({.content = max_body_, .framing = static_cast<std::uint32_t>(max_head_)});
        const std::size_t size = session.parser.size();
        if (describes_refused()) {
            session.saved_head.reset(new (std::nothrow) char[size]);
            if (!session.saved_head) return Outcome::close;  // memory has run out
            std::memcpy(session.saved_head.get(), input.data(), size);
        }
        // RFC 9110 §10.1.1: not on 1.0, and not when the client did not wait for it.
        if ((head.fields & HeadField::expect_continue) == 0 || head.minor_version == 0 || input.size() > size) return Outcome::go_on;
        Renderings::invite(out);
        return Outcome::flush;
    }

    Step skip_body(Session& session, std::string_view input, Batch& out) {
        const BodyReader::Progress progress = session.body.read(input);
        if (progress.refusal != Refusal::none) {
            return {progress.consumed, refuse(session, progress.refusal, session.saved_head.get(), out)};
        }
        if (!progress.complete) return {progress.consumed, Outcome::wait};
        return {progress.consumed, answer_judged(session, session.saved_head.get(), out)};
    }

    /// Answers the request whose head the session's parser has judged.
    Outcome answer_judged(Session& session, const char* head_bytes, Batch& out) {
        const Outcome outcome = answer(session, session.parser, Reply::to(session.parser.head()), head_bytes, out);
        if (outcome == Outcome::go_on) session.parser = {};
        return outcome;
    }

    /// Answers the request whose head `parser`, the session's or the memo's, has judged. `head_bytes`: for the log.
    Outcome answer(Session& session, const HeadParser& parser, Reply reply, const char* head_bytes, Batch& out) {
        if (!may_keep_ || ++session.answered == answers_max_) reply.persistence = Persistence::close;
        if (quota_ != nullptr) [[unlikely]] {
            const Quota::Ticket ticket = quota_->take();
            if (ticket == Quota::Ticket::none) return Outcome::close;
            if (ticket == Quota::Ticket::last) reply.persistence = Persistence::close;
        }
        if (reply.is_options) [[unlikely]] {
            renderings_.answer_options(out, reply.persistence);
        } else {
            renderings_.answer(out, reply.persistence, reply.content);
        }
        ++out.answers;
        if (log_.enabled()) [[unlikely]]
            log_answer(session, parser, reply, head_bytes);
        if (reply.persistence == Persistence::close) return Outcome::close;
        session.empty_lines = 0;
        session.phase = Phase::idle;
        session.has_begun = false;
        return Outcome::go_on;
    }

    [[gnu::noinline]] void log_answer(Session& session, const HeadParser& parser, Reply reply, const char* head_bytes) {
        const bool has_content = reply.content == Content::sent && !reply.is_options;
        write_log(session, describe_at(parser, head_bytes), reply.is_options ? 200 : renderings_.status(),
                  has_content ? renderings_.content_size() : 0);
    }

    Outcome refuse(Session& session, Refusal refusal, const char* head_bytes, Batch& out) {
        if (quota_ != nullptr && quota_->take() == Quota::Ticket::none) return Outcome::close;
        const std::uint64_t body_bytes = renderings_.refuse(out, refusal, Reply::content_of(session.parser.head()));
        ++out.answers;
        if (describes_refused()) write_refused(session, head_bytes, refusal, body_bytes);
        return Outcome::close;
    }

    /// Whether the log wants to hear of the requests that are turned down, at least.
    [[nodiscard]] bool describes_refused() const { return log_.enabled() || log_.wants_refused(); }

    /// Null when there was no memory for the bytes, or there were none.
    [[nodiscard]] Exchange describe_at(const HeadParser& parser, const char* head_bytes) const {
        if (head_bytes == nullptr) return {};
        return describe(parser, head_bytes, log_.shows_fields() ? Fields::described : Fields::left_out);
    }

    void write_refused(Session& session, const char* head_bytes, Refusal refusal, std::uint64_t body_bytes) {
        Exchange exchange = describe_at(session.parser, head_bytes);
        exchange.refused = row_of(refusal).why;
        write_log(session, std::move(exchange), static_cast<int>(status_of(refusal)), body_bytes);
    }

    void write_log(Session& session, Exchange&& exchange, int status, std::uint64_t body_bytes) {
        if (session.peer) exchange.peer = session.peer->view();
        exchange.status = status;
        exchange.body_bytes = body_bytes;
        log_.append(exchange);
        session.saved_head.reset();
    }

    Renderings renderings_;
    HeadMemo memo_;
    std::size_t write_buffer_;
    std::size_t max_head_;
    std::uint64_t max_body_;
    std::uint64_t answers_max_;
    bool may_keep_;  ///< --keepalive, until announce_close()
    Quota* quota_;
    std::span<const Origin> origins_;
    Instant next_second_ = Instant::min();
    WallClock wall_clock_;
    Log log_;
};

}  // namespace tinyhttpd::http
