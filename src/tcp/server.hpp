// SPDX-License-Identifier: MIT
// Server: one worker's event loop. It owns this worker's connections and nothing else: the engine moves the bytes, the
// protocol judges them, the crew (crew.hpp) is all it shares with the other workers. A request passes here at stops 2, 7 and
// 8 (main.cpp): an event finds its connection, a batch of answers is sent, the completion goes on, waits or closes.
// It knows no socket call, no HTTP and no configuration.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/quota.hpp"
#include "base/sparing_vector.hpp"
#include "base/verify.hpp"
#include "io/engine.hpp"
#include "tcp/acceptor.hpp"
#include "tcp/census.hpp"
#include "tcp/connection.hpp"
#include "tcp/crew.hpp"
#include "tcp/deadlines.hpp"
#include "tcp/delays.hpp"
#include "tcp/drain.hpp"
#include "tcp/lull.hpp"
#include "tcp/peer_name.hpp"
#include "tcp/placement.hpp"
#include "tcp/protocol.hpp"
#include "tcp/proxy_header.hpp"
#include "tcp/server_limits.hpp"

namespace tinyhttpd::tcp {

template <io::Engine Engine, Protocol P>
class Server {
public:
    /// `quota` may be null. `accept_failed` is called with an errno when accepting had to pause, `greeting_refused` (none: nobody wants to
    /// know) with the peer and the reason when a proxy's header was wrong or too late; they must not block.
    Server(Engine& engine, P& protocol, const ServerLimits& limits, Crew& crew, std::uint32_t seat, Quota* quota,
           std::function<void(int)> accept_failed, std::function<void(std::string_view, std::string_view)> greeting_refused = {})
        : engine_(engine),
          protocol_(protocol),
          limits_(limits),
          crew_(crew),
          seat_(seat),
          quota_(quota),
          accept_failed_(std::move(accept_failed)),
          greeting_refused_(std::move(greeting_refused)),
          acceptor_(engine, limits.accept_retry),
          deadlines_({limits.idle_timeout, limits.head_timeout, std::min(limits.head_timeout, limits.body_timeout), limits.write_timeout,
                      std::min(limits.linger_silence, limits.linger_timeout)}),
          saved_blocks_(limits.saved_input) {}

    /// Accepts from `sockets`, which outlive the server.
    [[nodiscard]] Result<void> listen(std::span<const ListeningSocket> sockets) { return acceptor_.listen(sockets); }

    /// Serves until the crew is ordered to drain or abort and this worker is done with it.
    ServerOutcome run() {
        while (!done()) turn();
        return outcome_;
    }

    // What run() is made of, for whoever runs several workers in one thread.

    /// Stop 1: wait. One turn of the loop: waits, at most until due(), and handles what has come.
    void turn() {
        const std::span<const io::Event> events = engine_.wait(due());
        if (engine_.now() != now_) turn_began();
        for (const io::Event& event : events) handle(event);
        if (delays_.earliest() <= now_) [[unlikely]]
            resume_those_due();
        // Behind the events: what has come in time may have waited here for too long.
        if (earliest_look() <= now_) [[unlikely]]
            look(events.empty());
        else
            lull_.forget();
    }
    /// When the next turn is due even if nothing comes; none: never.
    [[nodiscard]] std::optional<io::Instant> due() const {
        io::Instant next = std::min({earliest_look(), acceptor_.due(), delays_.earliest()});
        if (const std::optional<io::Instant> tick = protocol_.next_tick()) next = std::min(next, *tick);
        return next != io::Instant::max() ? std::optional(next) : std::nullopt;
    }
    [[nodiscard]] bool done() const {
        return drain_.stage() == Stage::aborted || (drain_.stage() == Stage::draining && connections_.empty() && inbox_settled_);
    }
    /// So far.
    [[nodiscard]] const ServerOutcome& outcome() const { return outcome_; }

private:
    using Connection = tcp::Connection<typename P::Session>;
    using State = ConnectionState;
    using Stage = Drain::Stage;
    using Quiet = Drain::Quiet;

    // ---- the loop

    [[nodiscard]] io::Instant earliest_look() const { return std::min({deadlines_.earliest(), drain_.look_due(), room_due_}); }

    /// Something is to be concluded from what has not arrived.
    [[gnu::noinline]] void look(bool nothing_arrived) {
        const bool expires = deadlines_.has_expired(now_);
        if (!expires && drain_.look_due() > now_ && room_due_ > now_) return lull_.forget();
        if (!lull_.has_come(nothing_arrived, now_)) return;
        while (const DeadlineLink* link = deadlines_.take_expired(now_)) expired(connections_[link->slot]);
        if (drain_.look_due() <= now_) sweep();
        if (room_due_ <= now_) make_room();
    }

    void turn_began() {
        now_ = engine_.now();
        protocol_.tick(now_);
        acceptor_.resume_when_due(now_);
    }

    void handle(const io::Event& event) {
        // By themselves: a switch of so many cases is an indirect jump.
        if (event.kind == io::EventKind::received) [[likely]]
            return received(at(event), event);
        if (event.kind == io::EventKind::sent) [[likely]]
            return sent(at(event), event.result);
        switch (event.kind) {
            case io::EventKind::received:
            case io::EventKind::sent: return;  // above
            case io::EventKind::closed: return closed(at(event));
            case io::EventKind::accepted: return accepted(event.result, event.listener);
            case io::EventKind::woken: return woken();
            case io::EventKind::failed: crew_.orders.fail(-event.result); return abort();
        }
    }

    /// Stop 2: find.
    [[nodiscard]] Connection& at(const io::Event& event) {
        Connection& connection = connections_[event.connection.slot];
        // A free slot has the generation of its next connection already, which no event is of.
        VERIFY(connection.generation == event.connection.generation);
        ASSERT(connection.state != State::free);
        return connection;
    }

    // ---- a connection comes

    void accepted(int result, io::ListenerId listener) {
        if (result < 0) return accept_no_more(-result);
        // While draining nothing is handed over: the others may be gone before they could look.
        const io::Accepted connection{result, listener};
        if (!drain_.serving()) return open_regardless(connection);
        const std::uint32_t seat = crew_.places.choose(seat_, crew_.places.is_by_cpu() ? incoming_cpu(result) : -1);
        if (!crew_.places.admit(seat)) {
            if (crew_.places.put_waiting(connection)) return acceptor_.pause();
            ::close(result);
            return accept_no_more(ENOMEM);
        }
        if (seat == seat_) return open(connection);
        if (crew_.mailbox.hand_over(seat, connection)) return;
        ::close(result);
        take_back_admission(seat, ENOMEM);
    }

    /// Descriptors or memory ran out. Accepting goes on after a while, or when a connection has gone: the one that has been quiet for
    /// longest goes.
    void accept_no_more(int error_number) {
        accept_failed_(error_number);
        acceptor_.pause_and_retry(now_);
        if (!drain_.serving()) return;
        ran_out_ = true;
        room_due_ = now_;
    }
    /// The same, seen by a connection that was admitted.
    void take_back_admission(std::uint32_t seat, int error_number) {
        crew_.places.give_back(seat);
        accept_no_more(error_number);
    }

    /// A descriptor that was accepted although the limit was reached.
    void open_regardless(io::Accepted accepted) {
        crew_.places.admit_regardless(seat_);
        open(accepted);
    }

    /// Those that were accepted when there was no room.
    void take_waiting(Places::Limit limit) {
        while (const std::optional<io::Accepted> accepted = crew_.places.take_waiting(seat_, limit)) open(*accepted);
    }

    /// There may be room again. If not, one of this worker's connections may have to go.
    void fill_up() {
        take_waiting(Places::Limit::kept);
        const bool nobody_waits = !crew_.places.anyone_waits();
        if (nobody_waits || !drain_.serving()) acceptor_.resume();
        if (nobody_waits) ran_out_ = false;
        room_due_ = nobody_waits || !drain_.serving() ? io::Instant::max() : now_;
    }

    /// Somebody waits for a place: the connection of this worker that has been quiet for longest leaves its own. One on which a request has
    /// begun is never taken, and none so soon after its last one that the next may be on its way.
    void make_room() {
        room_due_ = io::Instant::max();
        for (const DeadlineClass kind : {DeadlineClass::idle, DeadlineClass::head}) {
            while (const DeadlineLink* first = deadlines_.first(kind)) {
                Connection& connection = connections_[first->slot];
                const std::optional<Quiet> quiet = quiet_kind(connection);
                if (!quiet) break;
                const io::Instant until = deadlines_.began(*first) + Drain::grace_of(*quiet);
                if (until > now_) {
                    room_due_ = std::min(room_due_, until);
                    break;
                }
                if (!std::exchange(ran_out_, false) && !crew_.places.claim_waiting()) return;
                close(connection);
            }
        }
        // All are busy: one may be done soon.
        if (room_due_ == io::Instant::max() && (ran_out_ || crew_.places.anyone_waits())) room_due_ = now_ + Drain::idle_grace;
    }

    void open(io::Accepted accepted) {
        Connection* const connection = connections_.take(limits_.max_slots);
        if (connection == nullptr) {
            ::close(accepted.fd);
            return take_back_admission(seat_, ENOMEM);
        }
        PeerName peer;
        if (protocol_.wants_peer()) peer = peer_name(accepted.fd);
        if (const auto opened = engine_.open(connection->id(), accepted.fd); !opened) {
            connections_.give_back(*connection);
            return take_back_admission(seat_, opened.error().code);
        }
        connection->state = limits_.proxy_protocol ? State::greeting : State::receiving;
        connection->paused = connection->finished = false;
        connection->session = typename P::Session{};
        protocol_.open(connection->session, peer.view(), accepted.listener);
        deadlines_.set(connection->deadline, DeadlineClass::head, now_);
        drain_.became_quiet(now_);  // it may have nothing to say
    }

    // ---- input

    void received(Connection& connection, const io::Event& event) {
        const std::string_view input(event.data, static_cast<std::size_t>(std::max(event.result, 0)));
        // By itself, as above.
        if (connection.state == State::receiving) [[likely]] {
            // 0: the peer sends nothing more. Nothing is owed to it: a complete request would have been answered by now.
            if (input.empty()) return close(connection);
            if (connection.saved.empty()) [[likely]]
                return advance(connection, input);
            if (!connection.saved.append(saved_blocks_, input)) return starve(connection);
            return advance(connection, connection.saved.view());
        }
        switch (connection.state) {
            case State::waiting:
                // One that half-closes after its request still gets its answer; one that is gone frees what it held.
                if (event.result < 0 || (input.empty() && hangs(connection))) return close(connection);
                if (hangs(connection)) return;
                [[fallthrough]];
            case State::sending:
                // A peer that sends on while its answers are under way is read again when they are out: its memory is bounded.
                if (input.empty()) {
                    connection.finished = true;
                    if (waits_in_vain(connection)) close(connection);
                } else if (connection.saved.append(saved_blocks_, input)) {
                    connection.paused = true;
                    engine_.pause_receive(connection.id());
                } else {
                    starve(connection);
                }
                return;
            case State::lingering:
                if (input.empty()) return close(connection);
                return go_on_within(connection, DeadlineClass::linger, limits_.linger_timeout);
            case State::greeting: return greeted(connection, input);
            case State::closing:
            case State::receiving:  // above
            case State::free: return;
        }
    }

    /// A proxy says who the client is; what follows on that is the client's.
    [[gnu::noinline]] void greeted(Connection& connection, std::string_view input) {
        if (input.empty()) return close(connection);
        if (!connection.saved.empty()) {
            if (!connection.saved.append(saved_blocks_, input)) return starve(connection);
            input = connection.saved.view();
        }
        const ProxyHeader header = parse_proxy_header(input);
        switch (header.state) {
            case ProxyHeader::State::incomplete:
                if (!connection.saved.assign(saved_blocks_, input)) starve(connection);
                return;
            case ProxyHeader::State::malformed: return turn_away(connection, header.why);
            case ProxyHeader::State::complete:
                if (header.source && protocol_.wants_peer()) protocol_.learn_peer(connection.session, peer_name(*header.source).view());
                return advance(connection, input.substr(header.size));
        }
    }

    /// PROXY protocol §2: nothing is answered, as nobody knows to whom.
    void turn_away(Connection& connection, std::string_view why) {
        if (greeting_refused_) greeting_refused_(protocol_.peer(connection.session), why);
        close(connection);
    }

    /// There is no memory for its input.
    void starve(Connection& connection) {
        accept_no_more(ENOMEM);
        close(connection);
    }

    /// Stops 3 to 6: lets the protocol judge the input and sends what it answers.
    void advance(Connection& connection, std::string_view input) {
        batch_.clear();
        const Advance result = protocol_.advance(connection.session, input, batch_);
        ASSERT(result.consumed <= input.size());
        // Not by remove_prefix(), which the compiler calls.
        const std::size_t done = result.next == Next::close ? input.size() : result.consumed;
        if (!connection.saved.assign(saved_blocks_, {input.data() + done, input.size() - done})) {
            if (batch_.lease != no_lease) protocol_.release(batch_.lease);
            if (result.next == Next::held) protocol_.hold(connection.session, connection.id().slot);  // it may be told before it is gone
            if (quota_ != nullptr) quota_->give_back(batch_.answers);
            return starve(connection);
        }
        if (!batch_.empty()) [[likely]]
            return send(connection, result.next);
        VERIFY(result.next != Next::flush);
        go_on(connection, result.next);
    }

    /// Nothing is to be sent before what comes next.
    [[gnu::noinline]] void go_on(Connection& connection, Next next) {
        // A request may be done with without a byte.
        if (batch_.answers != 0) settle(batch_.answers);
        connection.after_send = next;
        if (next > Next::close) note_wait(connection);
        after(connection);
    }

    void wait_for_input(Connection& connection) {
        connection.state = State::receiving;
        if (connection.finished) return close(connection);
        drain_.became_quiet(now_);
        if (std::exchange(connection.paused, false)) engine_.resume_receive(connection.id());
        switch (protocol_.phase(connection.session)) {
            case Phase::idle:
                // Empty lines that come between requests (RFC 9112 §2.2) do not move it.
                if (connection.deadline.in == DeadlineClass::write) deadlines_.set(connection.deadline, DeadlineClass::idle, now_);
                return;
            case Phase::head:
                // The whole head has one deadline, from its first byte: more bytes do not move it.
                if (connection.deadline.in != DeadlineClass::head) deadlines_.set(connection.deadline, DeadlineClass::head, now_);
                return;
            case Phase::body: return go_on_within(connection, DeadlineClass::body, limits_.body_timeout);
        }
    }

    /// What came moves the deadline of a class that has a bound in all as well. Where less of that is left than the class allows for one
    /// pause, the deadline stays where it is: it comes before the whole is over.
    void go_on_within(Connection& connection, DeadlineClass kind, std::chrono::nanoseconds whole) {
        if (connection.deadline.in != kind) connection.since = now_;
        if (now_ - connection.since <= whole - deadlines_.duration(kind)) deadlines_.set(connection.deadline, kind, now_);
    }

    // ---- output

    /// What is sent otherwise than in answer to input; in line the usual way is the shorter one.
    [[gnu::noinline]] void send_apart(Connection& connection, Next after) { send(connection, after); }

    /// Stop 7: send.
    [[gnu::always_inline]] void send(Connection& connection, Next after) {
        connection.state = State::sending;
        connection.after_send = after;
        if (after > Next::close) [[unlikely]]
            note_wait(connection);
        connection.answers = batch_.answers;
        connection.lease = batch_.lease;
        connection.mark = 0;
        deadlines_.set(connection.deadline, DeadlineClass::write, now_);
        engine_.send(connection.id(), batch_.slices(), urgency_of(after));
    }

    [[nodiscard]] io::Urgency urgency_of(Next after) const {
        if (after == Next::close) return io::Urgency::last;
        // Nobody waits to hear that an ordinary answer is on its way, unless the last of them ends the program.
        return after == Next::receive && quota_ == nullptr ? io::Urgency::relaxed : io::Urgency::prompt;
    }

    /// Stop 8: completed.
    void sent(Connection& connection, int result) {
        if (connection.state != State::sending) [[unlikely]] {
            VERIFY(connection.state == State::closing);
            return;
        }
        if (result < 0) return close(connection);
        settle(connection.answers);
        connection.answers = 0;
        release(connection);
        if (connection.after_send == Next::receive) [[likely]]
            return connection.paused ? advance(connection, connection.saved.view()) : wait_for_input(connection);
        after(connection);
    }

    /// What was owed has been sent.
    void after(Connection& connection) {
        switch (connection.after_send) {
            case Next::receive: return wait_for_input(connection);
            case Next::flush: return advance(connection, connection.saved.view());
            case Next::close: return begin_close(connection);
            case Next::later:
            case Next::held: return wait_until_due(connection);
            case Next::reset: return begin_reset(connection);
        }
    }

    void settle(std::uint32_t answers) {
        outcome_.answered += answers;
        if (quota_ != nullptr && quota_->settle(answers)) crew_.orders.report();
    }

    // ---- an answer that waits

    /// Of what comes behind Next::close.
    [[gnu::noinline]] void note_wait(Connection& connection) {
        if (connection.after_send == Next::held) protocol_.hold(connection.session, connection.id().slot);
        if (connection.after_send == Next::later) connection.since = batch_.due;
    }

    void wait_until_due(Connection& connection) {
        connection.state = State::waiting;
        connection.mark = no_place;
        Deadlines::clear(connection.deadline);
        if (connection.after_send == Next::held) return;
        if (hangs(connection)) return hang(connection);
        if (waits_in_vain(connection)) return close(connection);
        if (!delays_.add(connection.deadline.slot, connection.since)) starve(connection);
    }
    /// What was pipelined behind it is not answered either. It is read all the same: it may have to be gone before the peer's FIN is seen.
    void hang(Connection& connection) {
        if (connection.finished) return close(connection);
        connection.saved.clear(saved_blocks_);
        if (std::exchange(connection.paused, false)) engine_.resume_receive(connection.id());
    }
    /// Only its end, or ours, ends it.
    [[nodiscard]] static bool hangs(const Connection& connection) {
        return connection.after_send == Next::later && connection.since == io::Instant::max();
    }

    [[gnu::noinline]] void resume_those_due() {
        while (const std::optional<std::uint32_t> slot = delays_.take_due(now_)) {
            Connection& connection = connections_[*slot];
            connection.mark = no_place;
            connection.after_send == Next::reset ? reset_once_received(connection) : resume(connection);
        }
    }

    /// What was held need not wait any longer. Earlier answers may still be on their way: then it is due when they are out.
    void resume_those_ready() {
        while (const std::optional<std::uint32_t> slot = protocol_.next_ready()) {
            Connection& connection = connections_[*slot];
            if (connection.state == State::waiting) {
                resume(connection);
            } else if (connection.state == State::sending) {
                connection.after_send = Next::later;
                connection.since = now_;
            }
        }
    }

    /// Stop 8: due.
    void resume(Connection& connection) {
        batch_.clear();
        const Advance result = protocol_.resume(connection.session, batch_);
        const Next next = result.next == Next::receive ? Next::flush : result.next;
        if (!batch_.empty()) return send_apart(connection, next);
        go_on(connection, next);
    }

    /// RST makes the peer's system forget what the peer has not received, so that comes first. It has as long as for any answer.
    void begin_reset(Connection& connection) {
        connection.state = State::waiting;
        connection.mark = no_place;
        deadlines_.set(connection.deadline, DeadlineClass::write, now_);
        reset_once_received(connection);
    }
    void reset_once_received(Connection& connection) {
        static constexpr std::chrono::milliseconds look_again{1};
        if (engine_.unreceived(connection.id()) == 0) return end(connection, &Engine::reset);
        if (!delays_.add(connection.deadline.slot, now_ + look_again)) close(connection);
    }

    void release(Connection& connection) {
        if (connection.lease != no_lease) protocol_.release(std::exchange(connection.lease, no_lease));
    }

    // ---- a connection goes, in three steps: FIN, discarding what still comes, close

    void begin_close(Connection& connection) {
        if (connection.finished) return close(connection);
        engine_.shutdown_send(connection.id());
        connection.state = State::lingering;
        go_on_within(connection, DeadlineClass::linger, limits_.linger_timeout);
        if (std::exchange(connection.paused, false)) engine_.resume_receive(connection.id());
    }

    void close(Connection& connection) { end(connection, &Engine::close); }

    void end(Connection& connection, void (Engine::*how)(io::ConnectionId)) {
        if (connection.state == State::waiting && connection.mark != no_place) delays_.remove(connection.mark);
        if (quota_ != nullptr) quota_->give_back(std::exchange(connection.answers, 0));
        connection.saved.clear(saved_blocks_);
        Deadlines::clear(connection.deadline);
        connection.state = State::closing;
        (engine_.*how)(connection.id());
    }

    void closed(Connection& connection) {
        release(connection);  // a cut send may use its bytes until now
        protocol_.close(connection.session);
        connections_.give_back(connection);
        if (const std::optional<io::Accepted> next = crew_.places.pass_on(seat_)) open(*next);
        fill_up();
    }

    void expired(Connection& connection) {
        switch (connection.state) {
            case State::receiving:
                batch_.clear();
                return give_up(connection, protocol_.expire(connection.session, connection.saved.view(), batch_));
            case State::sending: {
                const std::uint64_t progress = engine_.sent_so_far(connection.id());
                if (progress == connection.mark) return close(connection);
                connection.mark = progress;
                return deadlines_.set(connection.deadline, DeadlineClass::write, now_);
            }
            case State::greeting:
                if (!connection.saved.empty()) return turn_away(connection, "the PROXY header was not complete in time");
                [[fallthrough]];
            case State::waiting:  // for a reset
            case State::lingering: return close(connection);
            case State::closing:
            case State::free: return;
        }
    }

    /// Nothing more is read of a request that did not come in time.
    void give_up(Connection& connection, Next next) {
        connection.saved.clear(saved_blocks_);
        if (!batch_.empty()) return send_apart(connection, next);
        next == Next::close ? close(connection) : go_on(connection, next);
    }

    // ---- orders

    void woken() {
        protocol_.renew();
        resume_those_ready();
        if (limits_.census != nullptr && limits_.census->is_asked(seat_)) limits_.census->tell(seat_, {outcome_.answered, is_busy()});
        inbox_settled_ = crew_.orders.accepting_ended();  // before it is looked into
        crew_.mailbox.collect(seat_, inbox_);
        for (const io::Accepted& accepted : inbox_) open(accepted);
        inbox_.clear();
        switch (crew_.orders.order()) {
            // A connection was handed over or has gone: there may be room again.
            case Order::serve: return fill_up();
            case Order::announce: protocol_.announce_close(); return fill_up();
            case Order::drain: return drain();
            case Order::abort: return abort();
        }
    }

    void drain() {
        if (!drain_.begin(now_)) return;
        protocol_.announce_close();
        acceptor_.leave_to_successors();
        take_waiting(Places::Limit::ignored);
        acceptor_.resume();  // if the limit was reached: what waits in the backlog has arrived, too
        room_due_ = io::Instant::max();
    }

    /// Nothing more has arrived: accepting ends, and the connections leave that have been quiet for long enough.
    void sweep() {
        drain_.looked();
        if (drain_.stage() == Stage::aborted) return;
        // Without a ticket of --max-requests left, whatever a client came for will not be answered.
        const bool answers = quota_ == nullptr || !quota_->is_used_up();
        connections_.for_each([&](Connection& connection) {
            if (waits_in_vain(connection)) return close(connection);
            const std::optional<Quiet> quiet = quiet_kind(connection);
            if (!quiet) return;
            const io::Instant until = drain_.kept_until(*quiet, deadlines_.began(connection.deadline));
            until > now_&& answers ? drain_.look_no_later_than(until) : close(connection);
        });
        if (drain_.stage() != Stage::emptying) return;
        drain_.emptied();
        acceptor_.end();
        inbox_settled_ = false;
        crew_.orders.end_accepting();
    }

    /// Whether its answer is due after the end. A peer that has sent its FIN may still want it, and has mostly left: then nobody is cut.
    [[nodiscard]] bool waits_in_vain(const Connection& connection) const {
        return connection.state == State::waiting && connection.after_send == Next::later && connection.finished &&
               drain_.is_too_late(connection.since, limits_.drain_timeout);
    }

    /// What a connection waits for on which nothing is under way; none: something is.
    [[nodiscard]] std::optional<Quiet> quiet_kind(const Connection& connection) const {
        if (connection.state == State::greeting) return Quiet::fresh;  // no byte of a request has come
        if (connection.state != State::receiving || begun(connection)) return std::nullopt;
        return protocol_.phase(connection.session) == Phase::idle ? Quiet::idle : Quiet::fresh;
    }

    /// Whether a byte of a request has come that is owed an answer.
    [[nodiscard]] bool begun(const Connection& connection) const {
        return !connection.saved.empty() || protocol_.phase(connection.session) == Phase::body;
    }

    /// Whether a request has begun or an answer that counts as one is under way.
    [[nodiscard]] bool is_busy() {
        bool busy = false;
        connections_.for_each([&](const Connection& connection) {
            const bool reads = (connection.state == State::receiving || connection.state == State::sending) && begun(connection);
            // What is sent before an answer, or is a part of it, counts as none.
            const bool waits_next = connection.after_send == Next::later || connection.after_send == Next::held;
            const bool sends = connection.state == State::sending && (connection.answers != 0 || waits_next);
            busy = busy || reads || sends || connection.state == State::waiting;
        });
        return busy;
    }

    void abort() {
        connections_.for_each([this](const Connection& connection) {
            const bool is_owed = connection.state == State::waiting && !hangs(connection);
            if (is_owed || connection.state == State::sending || (connection.state == State::receiving && begun(connection)))
                ++outcome_.cut;
        });
        if (drain_.stage() == Stage::serving || drain_.stage() == Stage::emptying) crew_.orders.end_accepting();
        drain_.abort();
    }

    static constexpr std::uint64_t no_place = ~std::uint64_t{0};

    Engine& engine_;
    P& protocol_;
    ServerLimits limits_;
    Crew& crew_;
    std::uint32_t seat_;
    Quota* quota_;
    std::function<void(int)> accept_failed_;
    std::function<void(std::string_view, std::string_view)> greeting_refused_;

    Acceptor<Engine> acceptor_;
    ConnectionTable<Connection> connections_;
    Deadlines deadlines_;
    struct PlaceOf {
        ConnectionTable<Connection>* connections;
        std::uint64_t& operator()(std::uint32_t slot) const { return (*connections)[slot].mark; }
    };
    Delays<PlaceOf> delays_{PlaceOf{&connections_}};
    BlockPool saved_blocks_;
    Batch batch_;
    io::Instant now_{};
    Lull lull_;
    Drain drain_;
    bool ran_out_ = false;                       ///< descriptors or memory did, and no connection has gone since
    io::Instant room_due_ = io::Instant::max();  ///< when somebody waits for a place: when to look who may leave one
    bool inbox_settled_ = false;                 ///< looked into after all workers had ended accepting: nothing is handed over any more
    SparingVector<io::Accepted> inbox_;
    ServerOutcome outcome_;
};

}  // namespace tinyhttpd::tcp
