// SPDX-License-Identifier: MIT
// Server: one worker's event loop. It owns this worker's connections and nothing else: the engine moves the bytes, the
// protocol judges them, the crew (crew.hpp) is all it shares with the other workers. A request passes here at stops 2, 7 and
// 8 of the design: an event finds its connection, a batch of answers is sent, the completion goes on or closes.
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
#include "tcp/connection.hpp"
#include "tcp/crew.hpp"
#include "tcp/deadlines.hpp"
#include "tcp/peer_name.hpp"
#include "tcp/protocol.hpp"
#include "tcp/server_limits.hpp"

namespace tinyhttpd::tcp {

template <io::Engine Engine, Protocol P>
class Server {
public:
    /// `quota` may be null. `accept_failed` is called with an errno when accepting had to pause; it must not block.
    Server(Engine& engine, P& protocol, const ServerLimits& limits, Crew& crew, std::uint32_t seat, Quota* quota,
           std::function<void(int)> accept_failed)
        : engine_(engine),
          protocol_(protocol),
          limits_(limits),
          crew_(crew),
          seat_(seat),
          quota_(quota),
          accept_failed_(std::move(accept_failed)),
          acceptor_(engine, limits.accept_retry),
          deadlines_({limits.idle_timeout, limits.head_timeout, limits.head_timeout, limits.write_timeout, limits.linger_timeout}),
          saved_blocks_(limits.saved_input) {}

    /// Accepts from `fds`, which stay the caller's and may be shared with other workers.
    [[nodiscard]] Result<void> listen(std::span<const int> fds) { return acceptor_.listen(fds); }

    /// Serves until the crew is ordered to drain or abort and this worker is done with it.
    ServerOutcome run() {
        while (stage_ == Stage::serving || !done()) {
            const std::span<const io::Event> events = engine_.wait(next_deadline());
            const bool turned = engine_.now() != now_;
            if (turned) turn_began();
            for (const io::Event& event : events) handle(event);
            // Behind the events: what has come in time may have waited here for too long.
            while (const DeadlineLink* link = turned ? deadlines_.take_expired(now_) : nullptr) expired(connections_[link->slot]);
            if (sweep_due_) [[unlikely]]
                sweep(events.empty());
        }
        return outcome_;
    }

private:
    using Connection = tcp::Connection<typename P::Session>;
    using State = ConnectionState;
    using Stage = ServerStage;

    // ---- the loop

    [[nodiscard]] bool done() const {
        return stage_ == Stage::aborted || (stage_ == Stage::draining && connections_.empty() && inbox_settled_ && !sweep_due_);
    }

    [[nodiscard]] std::optional<io::Instant> next_deadline() const {
        if (sweep_due_) [[unlikely]]
            return now_;
        io::Instant next = std::min(deadlines_.earliest(), acceptor_.due());
        if (const std::optional<io::Instant> tick = protocol_.next_tick()) next = std::min(next, *tick);
        return next != io::Instant::max() ? std::optional(next) : std::nullopt;
    }

    void turn_began() {
        now_ = engine_.now();
        protocol_.tick(now_);
        acceptor_.resume_when_due(now_);
    }

    void handle(const io::Event& event) {
        switch (event.kind) {
            case io::EventKind::received: return received(at(event), event);
            case io::EventKind::sent: return sent(at(event), event.result);
            case io::EventKind::closed: return closed(at(event));
            case io::EventKind::accepted: return accepted(event.result, event.listener);
            case io::EventKind::woken: return woken();
            case io::EventKind::failed: crew_.fail(-event.result); return abort();
        }
    }

    [[nodiscard]] Connection& at(const io::Event& event) {
        Connection& connection = connections_[event.connection.slot];
        VERIFY(connection.generation == event.connection.generation && connection.state != State::free);
        return connection;
    }

    // ---- a connection comes

    void accepted(int result, io::ListenerId listener) {
        if (result < 0) return accept_no_more(-result);
        // While draining nothing is handed over: the others may be gone before they could look.
        const io::Accepted connection{result, listener};
        if (stage_ != Stage::serving) return open_regardless(connection);
        const std::uint32_t seat = crew_.place(seat_);
        if (!crew_.admit(seat)) {
            if (crew_.put_waiting(connection)) return acceptor_.pause();
            ::close(result);
            return accept_no_more(ENOMEM);
        }
        if (seat == seat_) return open(connection);
        if (crew_.hand_over(seat, connection)) return;
        ::close(result);
        turn_away(seat, ENOMEM);
    }

    /// Descriptors or memory ran out.
    void accept_no_more(int error_number) {
        accept_failed_(error_number);
        acceptor_.pause_and_retry(now_);
    }
    /// The same, seen by a connection that was admitted.
    void turn_away(std::uint32_t seat, int error_number) {
        crew_.dismiss(seat);
        accept_no_more(error_number);
    }

    /// A descriptor that was accepted although the limit was reached.
    void open_regardless(io::Accepted accepted) {
        crew_.admit_regardless(seat_);
        open(accepted);
    }

    /// Those that were accepted when there was no room.
    void take_waiting(Crew::Limit limit) {
        while (const std::optional<io::Accepted> accepted = crew_.take_waiting(seat_, limit)) open(*accepted);
    }

    /// There may be room again. Accepting at the limit would only bring more of those that wait, each time somebody goes.
    void fill_up() {
        take_waiting(Crew::Limit::kept);
        if (stage_ != Stage::serving || crew_.has_room()) acceptor_.resume();
    }

    void open(io::Accepted accepted) {
        Connection* const connection = connections_.take(limits_.max_slots);
        if (connection == nullptr) {
            ::close(accepted.fd);
            return turn_away(seat_, ENOMEM);
        }
        PeerName peer;
        if (protocol_.wants_peer()) peer = peer_name(accepted.fd);
        if (const auto opened = engine_.open(connection->id(), accepted.fd); !opened) {
            connections_.give_back(*connection);
            return turn_away(seat_, opened.error().code);
        }
        connection->state = State::receiving;
        connection->paused = connection->finished = false;
        connection->session = typename P::Session{};
        protocol_.open(connection->session, peer.view(), accepted.listener);
        deadlines_.set(connection->deadline, DeadlineClass::head, now_);
        sweep_again();  // it may have nothing to say
    }

    // ---- input

    void received(Connection& connection, const io::Event& event) {
        const std::string_view input(event.data, static_cast<std::size_t>(std::max(event.result, 0)));
        switch (connection.state) {
            case State::receiving:
                // 0: the peer sends nothing more. Nothing is owed to it: a complete request would have been answered by now.
                if (input.empty()) return close(connection);
                if (connection.saved.empty()) [[likely]]
                    return advance(connection, input);
                if (!connection.saved.append(saved_blocks_, input)) return starve(connection);
                return advance(connection, connection.saved.view());
            case State::sending:
                // A peer that sends on while its answers are under way is read again when they are out: its memory is bounded.
                if (input.empty()) {
                    connection.finished = true;
                } else if (connection.saved.append(saved_blocks_, input)) {
                    connection.paused = true;
                    engine_.pause_receive(connection.id());
                } else {
                    starve(connection);
                }
                return;
            case State::lingering:
                connection.progress += input.size();
                if (input.empty() || connection.progress > limits_.linger_bytes) close(connection);
                return;
            case State::closing:
            case State::free: return;
        }
    }

    /// There is no memory for its input.
    void starve(Connection& connection) {
        accept_no_more(ENOMEM);
        close(connection);
    }

    /// Stops 3 to 7: lets the protocol judge the input and sends what it answers.
    void advance(Connection& connection, std::string_view input) {
        batch_.clear();
        const Advance result = protocol_.advance(connection.session, input, batch_);
        ASSERT(result.consumed <= input.size());
        input.remove_prefix(result.next == Next::close ? input.size() : result.consumed);
        if (!connection.saved.assign(saved_blocks_, input)) {
            if (batch_.lease != no_lease) protocol_.release(batch_.lease);
            if (quota_ != nullptr) quota_->give_back(batch_.answers);
            return starve(connection);
        }
        if (!batch_.empty()) [[likely]]
            return send(connection, result.next);
        VERIFY(result.next != Next::flush);
        result.next == Next::close ? begin_close(connection) : wait_for_input(connection);
    }

    void wait_for_input(Connection& connection) {
        connection.state = State::receiving;
        if (connection.finished) return close(connection);
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
            case Phase::body:
                if (connection.deadline.in != DeadlineClass::body) connection.body_began = now_;
                if (now_ - connection.body_began >= limits_.body_timeout_factor * limits_.head_timeout) return expired(connection);
                return deadlines_.set(connection.deadline, DeadlineClass::body, now_);
        }
    }

    // ---- output

    void send(Connection& connection, Next after) {
        connection.state = State::sending;
        connection.after_send = after;
        connection.answers = batch_.answers;
        connection.lease = batch_.lease;
        connection.progress = 0;
        deadlines_.set(connection.deadline, DeadlineClass::write, now_);
        engine_.send(connection.id(), batch_.slices(), urgency_of(after));
    }

    [[nodiscard]] io::Urgency urgency_of(Next after) const {
        if (after == Next::close) return io::Urgency::last;
        // Nobody waits to hear that an ordinary answer is on its way, unless the last of them ends the program.
        return after == Next::receive && quota_ == nullptr ? io::Urgency::relaxed : io::Urgency::prompt;
    }

    void sent(Connection& connection, int result) {
        if (connection.state == State::closing) return;
        VERIFY(connection.state == State::sending);
        if (result < 0) return close(connection);
        outcome_.answered += connection.answers;
        if (quota_ != nullptr && quota_->settle(connection.answers)) crew_.report();
        connection.answers = 0;
        release(connection);
        if (connection.after_send == Next::close) return begin_close(connection);
        if (connection.after_send == Next::flush || connection.paused) return advance(connection, connection.saved.view());
        wait_for_input(connection);
        sweep_again();
    }

    void release(Connection& connection) {
        if (connection.lease != no_lease) protocol_.release(std::exchange(connection.lease, no_lease));
    }

    // ---- a connection goes, in three steps: FIN, discarding what still comes, close

    void begin_close(Connection& connection) {
        if (connection.finished) return close(connection);
        engine_.shutdown_send(connection.id());
        connection.state = State::lingering;
        connection.progress = 0;
        deadlines_.set(connection.deadline, DeadlineClass::linger, now_);
        if (std::exchange(connection.paused, false)) engine_.resume_receive(connection.id());
    }

    void close(Connection& connection) {
        if (quota_ != nullptr) quota_->give_back(std::exchange(connection.answers, 0));
        connection.saved.clear(saved_blocks_);
        Deadlines::clear(connection.deadline);
        connection.state = State::closing;
        engine_.close(connection.id());
    }

    void closed(Connection& connection) {
        release(connection);  // a cut send may use its bytes until now
        protocol_.close(connection.session);
        connections_.give_back(connection);
        crew_.dismiss(seat_);
        fill_up();
    }

    void expired(Connection& connection) {
        switch (connection.state) {
            case State::receiving:
                batch_.clear();
                protocol_.expire(connection.session, batch_);
                if (batch_.empty()) return close(connection);
                connection.saved.clear(saved_blocks_);
                return send(connection, Next::close);
            case State::sending: {
                const std::uint64_t progress = engine_.sent_so_far(connection.id());
                if (progress == connection.progress) return close(connection);
                connection.progress = progress;
                return deadlines_.set(connection.deadline, DeadlineClass::write, now_);
            }
            case State::lingering: return close(connection);
            case State::closing:
            case State::free: return;
        }
    }

    // ---- orders

    void woken() {
        inbox_settled_ = crew_.accepting_ended();
        crew_.collect(seat_, inbox_);
        for (const io::Accepted& accepted : inbox_) open(accepted);
        inbox_.clear();
        switch (crew_.order()) {
            // A connection was handed over or has gone: there may be room again.
            case Order::serve: return fill_up();
            case Order::announce: protocol_.announce_close(); return fill_up();
            case Order::drain: return drain();
            case Order::abort: return abort();
        }
    }

    void drain() {
        if (stage_ != Stage::serving) return;
        protocol_.announce_close();
        stage_ = Stage::emptying;
        sweep_again();
        take_waiting(Crew::Limit::ignored);
        acceptor_.resume();  // if the limit was reached: what waits in the backlog has arrived, too
    }

    /// Connections may be left that the drain should close, once it is clear that nothing more has arrived on them.
    void sweep_again() {
        if (stage_ == Stage::serving || sweep_due_) [[likely]]
            return;
        sweep_due_ = true;
        sweep_at_latest_ = now_ + emptying_time;
    }

    /// Once nothing more has arrived, ends accepting and closes the connections that wait for nothing but a next request.
    void sweep(bool nothing_arrived) {
        if (stage_ == Stage::aborted || (!nothing_arrived && now_ < sweep_at_latest_)) return;
        sweep_due_ = false;
        connections_.for_each([this](Connection& connection) {
            if (connection.state == State::receiving && !begun(connection)) close(connection);
        });
        if (stage_ == Stage::draining) return;
        stage_ = Stage::draining;
        acceptor_.end();
        inbox_settled_ = false;
        crew_.end_accepting();
    }

    /// Whether a byte of a request has come that is owed an answer.
    [[nodiscard]] bool begun(const Connection& connection) const {
        return !connection.saved.empty() || protocol_.phase(connection.session) == Phase::body;
    }

    void abort() {
        connections_.for_each([this](const Connection& connection) {
            if (connection.state == State::sending || (connection.state == State::receiving && begun(connection))) ++outcome_.cut;
        });
        if (stage_ == Stage::serving || stage_ == Stage::emptying) crew_.end_accepting();
        stage_ = Stage::aborted;
    }

    /// Under a load that never pauses, "everything that has arrived" needs an end.
    static constexpr std::chrono::milliseconds emptying_time{100};

    Engine& engine_;
    P& protocol_;
    ServerLimits limits_;
    Crew& crew_;
    std::uint32_t seat_;
    Quota* quota_;
    std::function<void(int)> accept_failed_;

    Acceptor<Engine> acceptor_;
    ConnectionTable<Connection> connections_;
    Deadlines deadlines_;
    BlockPool saved_blocks_;
    Batch batch_;
    io::Instant now_{};
    Stage stage_ = Stage::serving;
    bool sweep_due_ = false;
    io::Instant sweep_at_latest_{};
    bool inbox_settled_ = false;  ///< looked into after all workers had ended accepting: nothing is handed over any more
    SparingVector<io::Accepted> inbox_;
    ServerOutcome outcome_;
};

}  // namespace tinyhttpd::tcp
