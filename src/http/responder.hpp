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
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/exchange.hpp"
#include "base/protocol.hpp"
#include "base/quota.hpp"
#include "base/recorder.hpp"
#include "http/cors.hpp"
#include "http/editions.hpp"
#include "http/exchange.hpp"
#include "http/head_memo.hpp"
#include "http/origin.hpp"
#include "http/reply.hpp"
#include "http/response.hpp"
#include "http/session.hpp"
#include "site/board.hpp"
#include "site/site.hpp"

namespace tinyhttpd::http {

struct ResponderLimits {
    std::size_t max_head = 16 * 1024;
    std::uint64_t max_body = 1024 * 1024;  ///< 0: no limit
    bool keepalive = true;
    std::uint64_t keepalive_requests = 0;  ///< answers on one connection, the last of which closes it; 0: no limit
    std::size_t write_buffer = 4096;       ///< a batch that has reached it is sent before more requests are judged
    Quota* quota = nullptr;                ///< shared by all workers; null: no limit
    const site::Board* board = nullptr;    ///< where a new site may be published; null: never
    Recorder* recorder = nullptr;          ///< this worker's; null: nobody wants to know of a request before it is answered
    std::span<const Origin> origins = {};  ///< by listener; outlives the responder. The default for any that is not in it
};

template <ExchangeLog Log>
class Responder {
public:
    using Session = http::Session;
    using Instant = std::chrono::steady_clock::time_point;
    using WallTime = std::chrono::system_clock::time_point;
    using WallClock = WallTime (*)();

    Responder(std::shared_ptr<const site::Site> site, const ResponderLimits& limits, Log log,
              WallClock wall_clock = &std::chrono::system_clock::now)
        : editions_(std::move(site), limits.write_buffer),
          board_(limits.board),
          edition_(board_ != nullptr ? board_->edition() : 0),
          write_buffer_(limits.write_buffer),
          // Places in a head are 32-bit numbers.
          max_head_(std::min<std::size_t>(limits.max_head, std::numeric_limits<std::uint32_t>::max())),
          max_body_(limits.max_body != 0 ? std::min(limits.max_body, content_max) : content_max),
          answers_max_(limits.keepalive_requests),
          may_keep_(limits.keepalive),
          quota_(limits.quota),
          recorder_(limits.recorder),
          origins_(limits.origins),
          wall_clock_(wall_clock),
          log_(std::move(log)) {
        refresh(wall_clock_());
    }

    /// To be called once per turn of the event loop, before its events: renews Date when a second may have passed.
    void tick(Instant now) {
        now_ = now;
        if (now >= next_second_) {
            const WallTime wall = wall_clock_();
            const auto second = std::chrono::floor<std::chrono::seconds>(wall);
            refresh(second);
            if (board_ != nullptr) renew();
            // A wall clock that is set meanwhile is noticed a second late at most.
            next_second_ = now + std::chrono::duration_cast<Instant::duration>(second + std::chrono::seconds(1) - wall);
        }
        log_.tick(now);
    }
    /// When tick() is wanted even without events. Date needs none: it is renewed before anything is answered.
    [[nodiscard]] std::optional<Instant> next_tick() const { return log_.due(); }

    /// The worker was woken: the main thread may have published another site. What is judged from now on is answered from that one.
    void renew() {
        if (board_ == nullptr || board_->edition() == edition_) return;
        const std::uint32_t edition = board_->edition();
        // Without memory for it the next second tries again.
        if (!editions_.adopt(board_->site(), second_)) return;
        edition_ = edition;
        memo_.forget();
    }

    /// In memory: the one that is answered from, and those that are still needed.
    [[nodiscard]] std::size_t editions() const { return editions_.count(); }

    /// Whether open() wants the peer's text.
    [[nodiscard]] bool wants_peer() const { return describes_refused() || writes_lines(); }
    /// Starts a new connection in `session`. `peer`: as PeerText takes it. `listener`: the index of the one it came in by.
    void open(Session& session, std::string_view peer, std::uint32_t listener = 0) {
        session = Session{};
        if (listener < origins_.size()) session.origin = origins_[listener];
        learn_peer(session, peer);
    }
    /// The client is another than open() was told; nothing has come of it yet.
    void learn_peer(Session& session, std::string_view peer) {
        if (wants_peer()) session.peer.reset(new (std::nothrow) PeerText(peer));
    }

    /// Its address without the port; empty when it was not wanted.
    [[nodiscard]] std::string_view peer(const Session& session) const { return session.peer ? session.peer->host() : std::string_view(); }

    /// Judges as many requests of `input`, which starts with what was not consumed before, as it holds and as the output
    /// limit allows. All answers go into `out`. With Next::receive the rest of the input, at most max_head bytes, is an
    /// unfinished head. Not to be called again after Next::close.
    [[nodiscard, gnu::always_inline]] Advance advance(Session& session, std::string_view input, Batch& out) {
        std::size_t consumed = 0;
        while (consumed != input.size()) {
            const Step step = take(session, {input.data() + consumed, input.size() - consumed}, out);
            consumed += step.consumed;
            if (step.outcome != Outcome::go_on) [[unlikely]]
                return {consumed, next_after(session, step.outcome, out)};
            if (consumed != input.size() && is_full(out)) return {consumed, Next::flush};
        }
        return {consumed, Next::receive};
    }

    /// The time has come that Next::later spoke of: the answer that waited goes into `out`, or a part of it. Not everything that was
    /// consumed is answered before that: a connection that ends while it waits needs close() and nothing else.
    [[nodiscard]] Advance resume(Session& session, Batch& out) {
        const Outcome outcome = go_on_with(session, out);
        const Next next = next_after(session, outcome, out);
        return {0, next == Next::flush ? Next::receive : next};
    }

    /// Next::held was said: next_ready() will call this session's connection `slot`.
    void hold(Session& session, std::uint32_t slot) { session.kept->line->connection = slot; }
    /// The next connection whose line is written, or will never be: its answer need not wait any longer.
    [[nodiscard]] std::optional<std::uint32_t> next_ready() {
        const Recorder::Line* const line = recorder_ != nullptr ? recorder_->next_told() : nullptr;
        return line != nullptr ? std::optional(line->connection) : std::nullopt;
    }

    [[nodiscard]] Phase phase(const Session& session) const { return session.phase; }

    /// The deadline of the current phase has passed; the connection is to be closed. `input` is what advance() has not consumed. Appends a
    /// 408 when a byte of a request came, else nothing. It holds no ticket of the quota, and `out.answers` does not count it.
    [[nodiscard]] Next expire(Session& session, std::string_view input, Batch& out) {
        if (!session.has_begun) return Next::close;
        const bool is_in_content = session.phase == Phase::body;
        ASSERT(is_in_content || session.parser.size() <= input.size());
        const Outcome outcome = refuse_recorded(session, is_in_content ? Refusal::content_timeout : Refusal::head_timeout,
                                                is_in_content ? head_of(session) : input.data(), out);
        return next_after(session, outcome, out);
    }

    /// From now on every answer carries `Connection: close`, and Next::close follows it.
    void announce_close() { may_keep_ = false; }

    /// The send of a batch with this lease has completed, or never will.
    void release(Lease lease) { editions_.release(lease); }

    /// The connection is gone.
    void close(Session& session) {
        if (session.kept) {
            give_back_ticket(*session.kept);
            if (session.kept->line != nullptr) recorder_->forget(*session.kept->line);
        }
        unpin(session);
        session.kept.reset();
        session.peer.reset();
    }

private:
    void refresh(WallTime now) {
        second_ = std::chrono::system_clock::to_time_t(now);
        editions_.current().renderings.refresh(second_);
    }

    enum class Outcome : std::uint8_t { go_on, wait, flush, close, later, held, reset };
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

    [[nodiscard]] static Next next_after(const Session& session, Outcome outcome, Batch& out) {
        switch (outcome) {
            case Outcome::go_on:
            case Outcome::flush: return Next::flush;
            case Outcome::wait: return Next::receive;
            case Outcome::close: return Next::close;
            case Outcome::later: out.due = session.kept->due; return Next::later;
            case Outcome::held: return Next::held;
            case Outcome::reset: return Next::reset;
        }
        std::unreachable();
    }

    [[gnu::always_inline]] Step take(Session& session, std::string_view input, Batch& out) {
        // Nothing of the head that begins here has been judged, and no content comes before it.
        if (session.parser.size() == 0) [[likely]] {
            if (memo_.begins(input)) [[likely]]
                return {memo_.parser().size(), answer(editions_.current(), session, memo_.parser(), memo_.reply(), input.data(), out)};
        }
        return take_unknown(session, input, out);
    }

    /// Stop 3: judge. Out of line, as all that is rare: what an ordinary request needs is short then, and spills no registers.
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
        const site::Site& site = *editions_.current().site;
        Reply reply = Reply::to(head, input.data(), site);
        if (site.depends_on_fields()) [[unlikely]]
            reply.consider_fields(head, input.substr(0, size), site);
        // Whoever watches over the server does not use it.
        if (recorder_ != nullptr && reply.kind != Reply::Kind::health) [[unlikely]]
            reply.set_recorded(true);
        // What the memo knows holds for the connections of every listener.
        if (!head.depends_on_origin()) memo_.offer({input.data(), size}, session.parser, reply);
        if (head.framing != Framing::none) {
            session.reply = reply;
            return {size, begin_body(session, input, out)};
        }
        const Outcome outcome = answer(editions_.current(), session, session.parser, reply, input.data(), out);
        if (outcome == Outcome::go_on || outcome == Outcome::flush) session.parser = {};
        return {size, outcome};
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
        pin(session);
        session.body = head.framing == Framing::length
                           ? BodyReader::length(head.content_length)
                           : BodyReader::chunked({.content = max_body_, .framing = static_cast<std::uint32_t>(max_head_)});
        const std::size_t size = session.parser.size();
        if ((describes_refused() || recorder_ != nullptr) && !keep_head(session, input.substr(0, size))) return Outcome::close;
        if (writes_lines()) session.kept->content = ContentCopy(recorder_->content_max());
        // RFC 9110 §10.1.1: not on 1.0, and not when the client did not wait for it.
        if ((head.fields & HeadField::expect_continue) == 0 || head.minor_version == 0 || input.size() > size) return Outcome::go_on;
        Renderings::invite(out);
        return Outcome::flush;
    }

    Step skip_body(Session& session, std::string_view input, Batch& out) {
        const BodyReader::Progress progress = session.body.read(input, writes_lines() ? &session.kept->content : nullptr);
        if (!progress.is_copied) return {progress.consumed, Outcome::close};
        if (progress.refusal != Refusal::none) {
            return {progress.consumed, refuse(session, progress.refusal, head_of(session), out)};
        }
        if (!progress.complete) return {progress.consumed, Outcome::wait};
        return {progress.consumed, answer_judged(session, head_of(session), out)};
    }

    /// Answers the request whose content has been skipped.
    Outcome answer_judged(Session& session, const char* head_bytes, Batch& out) {
        Edition& edition = edition_of(session);
        return settled(session, edition, answer_apart(edition, session, session.parser, session.reply, head_bytes, out));
    }

    /// The bytes of a head that was kept; null: none were.
    [[nodiscard]] static const char* head_of(const Session& session) { return session.kept ? session.kept->head.get() : nullptr; }
    /// False when memory has run out.
    [[nodiscard]] static bool keep(Session& session) {
        if (!session.kept) session.kept.reset(new (std::nothrow) Kept);
        return session.kept != nullptr;
    }
    [[nodiscard]] static bool keep_head(Session& session, std::string_view head) {
        if (!keep(session)) return false;
        session.kept->head.reset(new (std::nothrow) char[head.size()]);
        if (session.kept->head) std::memcpy(session.kept->head.get(), head.data(), head.size());
        return session.kept->head != nullptr;
    }

    /// A reply belongs to the edition that was current when its head was complete, and keeps it while it waits.
    [[nodiscard]] Edition& edition_of(const Session& session) {
        return session.edition == Session::unpinned ? editions_.current() : editions_.at(session.edition);
    }
    void pin(Session& session) {
        if (session.edition == Session::unpinned) session.edition = editions_.pin();
    }
    void unpin(Session& session) {
        if (session.edition != Session::unpinned) editions_.unpin(std::exchange(session.edition, Session::unpinned));
    }
    /// The session's request has been answered from `edition`, or is to be later.
    Outcome settled(Session& session, const Edition& edition, Outcome outcome) {
        if (outcome == Outcome::later || outcome == Outcome::held) return outcome;
        const bool is_current = &edition == &editions_.current();
        unpin(session);
        if (outcome == Outcome::flush) {  // a preflight, whose answer is kept and nothing else
            session.parser = {};
            session.kept->head.reset();
        }
        if (outcome != Outcome::go_on) return outcome;
        session.parser = {};
        session.kept.reset();
        return is_current ? Outcome::go_on : Outcome::flush;  // a batch has one lease
    }

    /// Stops 5 and 6: answers the request whose head `parser`, the session's or the memo's, has judged, and notes it. `head_bytes`: for
    /// the log.
    [[gnu::always_inline]] Outcome answer(Edition& edition, Session& session, const HeadParser& parser, const Reply& reply,
                                          const char* head_bytes, Batch& out) {
        if (reply.kind != Reply::Kind::answer) [[unlikely]]
            return answer_unusual(edition, session, parser, reply, head_bytes, out);
        Persistence persistence = reply.persistence;
        if (!may_send(session, persistence)) [[unlikely]]
            return Outcome::close;
        edition.renderings.answer(out, reply.index, persistence, reply.content);
        ++out.answers;
        if (log_.enabled()) [[unlikely]]
            log_answer(edition, session, parser, reply, site::Fault::none, head_bytes, content_of(edition, reply).size());
        return finished(session, persistence);
    }

    /// The same where it is rare: in line only the way of every request is.
    [[gnu::noinline]] Outcome answer_apart(Edition& edition, Session& session, const HeadParser& parser, const Reply& reply,
                                           const char* head_bytes, Batch& out) {
        return answer(edition, session, parser, reply, head_bytes, out);
    }

    /// Decides whether the answer is the last on its connection. False when there is no ticket for it.
    [[nodiscard, gnu::always_inline]] bool may_send(Session& session, Persistence& persistence) {
        if (!may_keep_ || ++session.answered == answers_max_) persistence = Persistence::close;
        if (quota_ == nullptr) [[likely]]
            return true;
        const Quota::Ticket ticket = quota_->take();
        if (ticket == Quota::Ticket::last) persistence = Persistence::close;
        return ticket != Quota::Ticket::none;
    }

    /// The same for an answer that may have had its ticket before.
    [[nodiscard]] bool is_admitted(Session& session, Persistence& persistence) {
        if (!session.kept || !std::exchange(session.kept->has_ticket, false)) return may_send(session, persistence);
        if (!may_keep_) persistence = Persistence::close;  // by now
        return true;
    }
    void give_back_ticket(Kept& kept) {
        if (std::exchange(kept.has_ticket, false) && quota_ != nullptr) quota_->give_back(1);
    }

    Outcome finished(Session& session, Persistence persistence) {
        if (persistence == Persistence::close) return Outcome::close;
        session.empty_lines = 0;
        session.phase = Phase::idle;
        session.has_begun = false;
        return Outcome::go_on;
    }

    [[nodiscard]] static std::string_view content_of(const Edition& edition, const Reply& reply) {
        return reply.content == Content::sent ? edition.renderings.content(reply.index) : std::string_view();
    }

    [[gnu::noinline]] Outcome answer_unusual(Edition& edition, Session& session, const HeadParser& parser, Reply reply,
                                             const char* head_bytes, Batch& out) {
        if (reply.is_recorded()) return answer_recorded(edition, session, parser, reply, head_bytes, out);
        switch (reply.kind) {
            case Reply::Kind::planned: return answer_planned(edition, session, parser, reply, head_bytes, out);
            case Reply::Kind::health:
                // Whoever watches over the server does not use it: no ticket, no line in the log.
                if (!may_keep_ || ++session.answered == answers_max_) reply.persistence = Persistence::close;
                reply.index = edition.site->answer_to(static_cast<site::Choice::Question>(reply.index), now_);
                edition.renderings.answer_apart(out, reply.index, reply.persistence, reply.content);
                return finished(session, reply.persistence);
            case Reply::Kind::options:
                if (!is_admitted(session, reply.persistence)) return Outcome::close;
                edition.renderings.answer_options(out, reply.persistence);
                ++out.answers;
                if (log_.enabled()) write_log(session, describe_at(parser, head_bytes), 200, 0);
                return finished(session, reply.persistence);
            case Reply::Kind::preflight: return answer_preflight_to(edition, session, parser, reply, head_bytes, out);
            case Reply::Kind::answer: break;
        }
        std::unreachable();
    }

    /// It is sent from the session, and so at the end of a batch.
    Outcome answer_preflight_to(const Edition& edition, Session& session, const HeadParser& parser, Reply reply, const char* head_bytes,
                                Batch& out) {
        if (!is_admitted(session, reply.persistence)) return Outcome::close;
        PreflightAnswer answer = answer_preflight({head_bytes, parser.size()}, *edition.site, reply.persistence, second_);
        if (!answer.bytes || !keep(session)) return Outcome::close;  // without memory
        out.push({answer.bytes.get(), answer.size});
        session.kept->preflight = std::move(answer.bytes);
        ++out.answers;
        if (log_.enabled()) write_log(session, describe_at(parser, head_bytes), 204, 0);
        return finished(session, reply.persistence) == Outcome::close ? Outcome::close : Outcome::flush;
    }

    // ---- an answer that is drawn: it may fail, wait, or be sent bit by bit

    /// What becomes of one request.
    struct Draw {
        Reply reply;
        site::Fault fault = site::Fault::none;
        Instant::duration delay{};
        std::uint64_t rate = 0;  ///< 0: all at once

        [[nodiscard]] bool hangs() const { return fault == site::Fault::hang; }
        [[nodiscard]] bool waits() const { return hangs() || rate != 0 || delay.count() != 0; }
    };
    [[nodiscard]] static Draw draw(const Edition& edition, Reply reply) {
        const site::Draw drawn = edition.site->draw(reply.index);
        const std::uint64_t rate = edition.site->plan(reply.index).limit_rate();
        reply.kind = Reply::Kind::answer;
        // A status that was drawn has no variants.
        reply.index = drawn.outcome.answer + (drawn.outcome.answer == edition.site->plan(reply.index).ok().answer ? reply.variant : 0U);
        const bool has_content = drawn.outcome.fault == site::Fault::none || drawn.outcome.fault == site::Fault::truncate;
        return {reply, drawn.outcome.fault, drawn.delay, has_content && !content_of(edition, reply).empty() ? rate : 0};
    }

    Outcome answer_planned(Edition& edition, Session& session, const HeadParser& parser, Reply reply, const char* head_bytes, Batch& out) {
        const Draw drawn = draw(edition, reply);
        if (!drawn.waits()) return give(edition, session, parser, drawn.reply, drawn.fault, head_bytes, out);
        return keep_answer(session, parser, drawn, head_bytes) ? begin_wait(edition, session, parser, head_bytes) : Outcome::close;
    }

    /// What is kept is due later. Nothing more is heard of what hangs, so that it is logged now.
    Outcome begin_wait(Edition& edition, Session& session, const HeadParser& parser, const char* head_bytes) {
        const Kept& kept = *session.kept;
        if (log_.enabled() && kept.fault == site::Fault::hang) log_answer(edition, session, parser, kept.reply, kept.fault, head_bytes, 0);
        return Outcome::later;
    }

    /// For later. False when memory has run out.
    [[nodiscard]] bool keep_answer(Session& session, const HeadParser& parser, const Draw& drawn, const char* head_bytes) {
        // The memo's head may be another by the time this one is answered.
        session.parser = parser;
        // One that hangs is logged at once, but where there are lines it may be refused yet.
        const bool is_described = writes_lines() ? describes_refused() : log_.enabled() && !drawn.hangs();
        const bool wants_head = is_described || drawn.reply.kind == Reply::Kind::preflight;
        if (!keep(session)) return false;
        if (wants_head && head_bytes != nullptr && head_bytes != head_of(session) && !keep_head(session, {head_bytes, parser.size()}))
            return false;
        Kept& kept = *session.kept;
        kept.due = drawn.hangs() ? Instant::max() : now_ + drawn.delay;
        pin(session);
        kept.reply = drawn.reply;
        kept.fault = drawn.fault;
        kept.rate = drawn.rate;
        kept.has_begun = false;
        kept.sent = 0;
        return true;
    }

    /// Gives the answer, or fails, at once.
    Outcome give(Edition& edition, Session& session, const HeadParser& parser, Reply reply, site::Fault fault, const char* head_bytes,
                 Batch& out) {
        if (!is_admitted(session, reply.persistence)) return Outcome::close;
        std::uint64_t content_bytes = content_of(edition, reply).size();
        Outcome after = Outcome::close;
        switch (fault) {
            case site::Fault::none: edition.renderings.answer_apart(out, reply.index, reply.persistence, reply.content); break;
            case site::Fault::truncate:
                content_bytes /= 2;
                edition.renderings.cut(out, reply.index, reply.persistence, reply.content, content_bytes);
                break;
            case site::Fault::garbage: Renderings::garbage(out); [[fallthrough]];
            case site::Fault::close:
            case site::Fault::hang: content_bytes = 0; break;
            case site::Fault::reset:
                content_bytes = 0;
                after = Outcome::reset;
                break;
        }
        ++out.answers;
        if (log_.enabled()) log_answer(edition, session, parser, reply, fault, head_bytes, content_bytes);
        return fault == site::Fault::none ? finished(session, reply.persistence) : after;
    }

    Outcome go_on_with(Session& session, Batch& out) {
        Edition& edition = edition_of(session);
        edition.renderings.refresh(second_);
        return settled(session, edition, go_on_from(edition, session, out));
    }

    Outcome go_on_from(Edition& edition, Session& session, Batch& out) {
        Kept& kept = *session.kept;
        if (kept.line != nullptr) {
            if (kept.line->error != 0) kept.refusal = Refusal::not_recorded;
            recorder_->forget(*std::exchange(kept.line, nullptr));
            if (kept.refusal == Refusal::none && kept.due > now_) return begin_wait(edition, session, session.parser, kept.head.get());
            kept.due = now_;  // a rate counts from here
        }
        if (kept.refusal != Refusal::none) return give_refusal(session, kept.refusal, kept.head.get(), out);
        if (kept.reply.kind != Reply::Kind::answer)
            return answer_unusual(edition, session, session.parser, kept.reply, kept.head.get(), out);
        if (kept.rate == 0) return give(edition, session, session.parser, kept.reply, kept.fault, kept.head.get(), out);
        const Outcome outcome = send_slowly(edition, session, kept, out);
        if (outcome != Outcome::go_on) return outcome;
        kept.has_ticket = false;  // from here on it is the batch's
        ++out.answers;
        if (log_.enabled()) log_answer(edition, session, session.parser, kept.reply, kept.fault, kept.head.get(), kept.sent);
        return kept.fault == site::Fault::none ? finished(session, kept.reply.persistence) : Outcome::close;
    }

    /// The head at first, then each time as much as the rate allows in a twentieth of a second, a byte at least. Outcome::later: there is
    /// more.
    Outcome send_slowly(Edition& edition, Session& session, Kept& kept, Batch& out) {
        const std::string_view content = content_of(edition, kept.reply);
        const std::uint64_t size = kept.fault == site::Fault::truncate ? content.size() / 2 : content.size();
        const std::uint64_t most = std::max<std::uint64_t>(kept.rate / 20, 1);
        if (!kept.has_begun) {
            if (!is_admitted(session, kept.reply.persistence)) return Outcome::close;
            edition.renderings.cut(out, kept.reply.index, kept.reply.persistence, kept.reply.content, 0);
            kept.has_begun = kept.has_ticket = true;
        } else {
            const std::uint64_t piece = std::min(most, size - kept.sent);
            edition.renderings.content_piece(out, kept.reply.index, kept.sent, piece);
            kept.sent += piece;
        }
        if (kept.sent == size) return Outcome::go_on;
        // A byte leaves when its time is over.
        const std::uint64_t next = std::min(most, size - kept.sent);
        kept.due += std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(next) * 1e9 / static_cast<double>(kept.rate)));
        return Outcome::later;
    }

    [[gnu::noinline]] void log_answer(Edition& edition, Session& session, const HeadParser& parser, Reply reply, site::Fault fault,
                                      const char* head_bytes, std::uint64_t content_bytes) {
        Exchange exchange = describe_at(parser, head_bytes);
        exchange.fault = site::name_of(fault);
        write_log(session, exchange, fault == site::Fault::none ? edition.renderings.status(reply.index) : 0, content_bytes);
    }

    Outcome refuse(Session& session, Refusal refusal, const char* head_bytes, Batch& out) {
        if (quota_ != nullptr && quota_->take() == Quota::Ticket::none) return Outcome::close;
        if (!writes_lines()) [[likely]] {
            ++out.answers;
            return give_refusal_apart(session, refusal, head_bytes, out);
        }
        if (!keep(session)) {
            if (quota_ != nullptr) quota_->give_back(1);
            return Outcome::close;
        }
        session.kept->has_ticket = true;
        return refuse_recorded(session, refusal, head_bytes, out);
    }

    Outcome give_refusal(Session& session, Refusal refusal, const char* head_bytes, Batch& out) {
        if (session.kept && std::exchange(session.kept->has_ticket, false)) ++out.answers;
        return give_refusal_apart(session, refusal, head_bytes, out);
    }
    /// The answer alone: its ticket is the caller's business.
    Outcome give_refusal_apart(Session& session, Refusal refusal, const char* head_bytes, Batch& out) {
        const std::uint64_t body_bytes = editions_.current().renderings.refuse(out, refusal, Reply::content_of(session.parser.head()));
        if (describes_refused()) write_refused(session, head_bytes, refusal, body_bytes);
        return Outcome::close;
    }

    // ---- a request that is recorded before it is answered

    [[nodiscard]] bool writes_lines() const { return recorder_ != nullptr && recorder_->writes_lines(); }

    Outcome answer_recorded(Edition& edition, Session& session, const HeadParser& parser, Reply reply, const char* head_bytes, Batch& out) {
        reply.set_recorded(false);
        Draw drawn = reply.kind == Reply::Kind::planned ? draw(edition, reply) : Draw{.reply = reply};
        // What hangs is no answer that anybody could count.
        const bool wants_ticket = !drawn.hangs();
        if (wants_ticket && !may_send(session, drawn.reply.persistence)) return Outcome::close;
        if (!keep_answer(session, parser, drawn, head_bytes)) {
            if (wants_ticket && quota_ != nullptr) quota_->give_back(1);
            return Outcome::close;
        }
        Kept& kept = *session.kept;
        kept.has_ticket = wants_ticket;

        CapturedRequest request = describe_recorded(parser, head_bytes);
        request.route = edition.site->route_of(request.method, request.target);
        request.fault = site::name_of(drawn.fault);
        request.status = status_of_kept(edition, drawn);
        if (record(session, parser, head_bytes, request)) return Outcome::held;
        if (kept.refusal == Refusal::none && drawn.waits()) return begin_wait(edition, session, parser, head_bytes);
        return settled(session, edition, go_on_from(edition, session, out));
    }

    [[nodiscard]] static int status_of_kept(const Edition& edition, const Draw& drawn) {
        switch (drawn.reply.kind) {
            case Reply::Kind::options: return 200;
            case Reply::Kind::preflight: return 204;
            default: return edition.renderings.status(drawn.reply.index);
        }
    }

    /// Nobody expects a request that is turned down, but it has a line.
    Outcome refuse_recorded(Session& session, Refusal refusal, const char* head_bytes, Batch& out) {
        if (!writes_lines()) return give_refusal(session, refusal, head_bytes, out);
        if (!keep(session) || (head_bytes != nullptr && describes_refused() && head_bytes != head_of(session) &&
                               !keep_head(session, {head_bytes, session.parser.size()})))
            return Outcome::close;
        session.kept->refusal = refusal;
        CapturedRequest request = describe_recorded(session.parser, head_bytes);
        request.refused = row_of(refusal).why;
        request.status = static_cast<int>(status_of(refusal));
        if (record(session, session.parser, head_bytes, request)) return Outcome::held;
        return give_refusal(session, session.kept->refusal, head_bytes, out);
    }

    [[nodiscard]] static CapturedRequest describe_recorded(const HeadParser& parser, const char* head_bytes) {
        CapturedRequest request;
        if (head_bytes == nullptr) return request;
        const Exchange exchange = describe(parser, head_bytes, Fields::left_out);
        request.protocol = exchange.version;
        request.method = exchange.method;
        request.target = exchange.target;
        request.request_line = exchange.request_line;
        return request;
    }
    /// What only a line shows. False when there is no memory for all of it: it would say that the rest was not there.
    [[nodiscard]] bool describe_line(const Session& session, const HeadParser& parser, const char* head_bytes, CapturedRequest& request) {
        request.time = wall_clock_();
        if (session.peer) request.peer = session.peer->view();
        fields_.clear();
        const bool is_complete = fields_of(parser, head_bytes, fields_);
        request.fields = fields_.span();
        request.body = session.kept->content.text();
        request.body_bytes = session.kept->content.size();
        return is_complete;
    }

    /// Whether there is a line to wait for. If it cannot be recorded it is refused.
    [[nodiscard]] bool record(Session& session, const HeadParser& parser, const char* head_bytes, CapturedRequest& request) {
        Kept& kept = *session.kept;
        Recorder::Recording recording{.is_recorded = false};
        if (!writes_lines() || describe_line(session, parser, head_bytes, request)) recording = recorder_->record(request);
        kept.content = ContentCopy();
        kept.line = recording.line;
        if (!recording.is_recorded) kept.refusal = Refusal::not_recorded;
        return kept.line != nullptr;
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
        write_log(session, exchange, static_cast<int>(status_of(refusal)), body_bytes);
    }

    void write_log(Session& session, Exchange exchange, int status, std::uint64_t body_bytes) {
        exchange.peer = peer(session);
        exchange.status = status;
        exchange.body_bytes = body_bytes;
        log_.append(exchange);
    }

    Editions editions_;
    const site::Board* board_;
    std::uint32_t edition_;  ///< of the board
    HeadMemo memo_;
    std::size_t write_buffer_;
    std::size_t max_head_;
    std::uint64_t max_body_;
    std::uint64_t answers_max_;
    bool may_keep_;  ///< --keepalive, until announce_close()
    Quota* quota_;
    Recorder* recorder_;
    SparingVector<CapturedField> fields_;
    std::span<const Origin> origins_;
    Instant now_{};  ///< of this turn
    std::time_t second_ = 0;
    Instant next_second_ = Instant::min();
    WallClock wall_clock_;
    Log log_;
};

}  // namespace tinyhttpd::http
