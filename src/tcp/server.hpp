// SPDX-License-Identifier: MIT
// Server: one worker's event loop. It owns this worker's connections and nothing else: the engine moves the bytes, the
// protocol judges them, the crew (crew.hpp) is all it shares with the other workers. A request passes here at stops 2, 7 and
// 8 of the design: an event finds its connection, a batch of answers is sent, the completion goes on or closes.
// It knows no socket call, no HTTP and no configuration.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/quota.hpp"
#include "base/slot_array.hpp"
#include "base/verify.hpp"
#include "io/engine.hpp"
#include "tcp/connection.hpp"
#include "tcp/crew.hpp"
#include "tcp/deadlines.hpp"
#include "tcp/peer_name.hpp"
#include "tcp/protocol.hpp"

namespace tinyhttpd::tcp {

struct ServerLimits {
    /// Most input that a connection may keep unconsumed: the longest head and one receive.
    std::size_t saved_input = 20 * 1024;
    std::chrono::nanoseconds head_timeout = std::chrono::seconds(10);
    std::chrono::nanoseconds idle_timeout = std::chrono::seconds(75);
    std::chrono::nanoseconds write_timeout = std::chrono::seconds(30);
    /// A body may take this many times head_timeout in all, and head_timeout without progress.
    int body_timeout_factor = 30;
    /// RFC 9112 §9.6: how long and how much is read after the last answer, so that a reset cannot destroy it on its way.
    std::chrono::nanoseconds linger_timeout = std::chrono::seconds(2);
    std::uint64_t linger_bytes = 1024 * 1024;
    /// Slots there may be: the limit on connections, and those that a drain still takes from the backlog beyond it.
    std::uint32_t max_slots = 1024;
    /// How long accepting stays paused when descriptors ran out and no connection of this worker closes.
    std::chrono::nanoseconds accept_retry = std::chrono::milliseconds(100);
};

/// What became of a worker's connections.
struct ServerOutcome {
    std::uint64_t answered = 0;  ///< final responses whose bytes were all handed to the kernel
    std::uint64_t cut = 0;       ///< connections closed by an abort although a request or an answer was under way
};

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
          deadlines_({limits.idle_timeout, limits.head_timeout, limits.head_timeout, limits.write_timeout, limits.linger_timeout}),
          saved_blocks_(limits.saved_input) {}

    /// Accepts from `fds`, which stay the caller's and may be shared with other workers.
    [[nodiscard]] Result<void> listen(std::span<const int> fds) {
        for (const int fd : fds) {
            TRY_VOID(engine_.add_listener(listeners_, fd));
            ++listeners_;
        }
        return {};
    }

    /// Serves until the crew is ordered to drain or abort and this worker is done with it.
    ServerOutcome run() {
        while (!done()) {
            const std::span<const io::Event> events = engine_.wait(next_deadline());
            if (engine_.now() != now_) turn_began();
            for (const io::Event& event : events) handle(event);
            if (sweep_due_) [[unlikely]]
                sweep(events.empty());
        }
        return outcome_;
    }

private:
    using Connection = tcp::Connection<typename P::Session>;
    using State = ConnectionState;

    enum class Stage : std::uint8_t {
        serving,
        emptying,  ///< ordered to drain: whatever has already arrived is taken in first, connections in the backlog too
        draining,  ///< accepting has ended; only connections with a request under way are left
        aborted,
    };

    // ---- the loop

    [[nodiscard]] bool done() const {
        return stage_ == Stage::aborted || (stage_ == Stage::draining && open_ == 0 && inbox_settled_ && !sweep_due_);
    }

    [[nodiscard]] std::optional<io::Instant> next_deadline() const {
        if (sweep_due_) return now_;
        io::Instant next = std::min(deadlines_.earliest(), accept_again_);
        if (const std::optional<io::Instant> tick = protocol_.next_tick()) next = std::min(next, *tick);
        return next != never ? std::optional(next) : std::nullopt;
    }

    void turn_began() {
        now_ = engine_.now();
        protocol_.tick(now_);
        while (const DeadlineLink* link = deadlines_.take_expired(now_)) expired(link->slot);
        if (now_ >= accept_again_) accept_again();
    }

    void handle(const io::Event& event) {
        switch (event.kind) {
            case io::EventKind::received: return received(event);
            case io::EventKind::sent: return sent(event);
            case io::EventKind::closed: return closed(event);
            case io::EventKind::accepted: return accepted(event);
            case io::EventKind::woken: return woken();
        }
    }

    [[nodiscard]] Connection& at(const io::Event& event) {
        Connection& connection = connections_[event.connection.slot];
        VERIFY(connection.generation == event.connection.generation && connection.state != State::free);
        return connection;
    }
    [[nodiscard]] static io::ConnectionId id_of(const Connection& connection, std::uint32_t slot) { return {slot, connection.generation}; }

    // ---- a connection comes

    void accepted(const io::Event& event) {
        if (event.result < 0) {
            accept_failed_(-event.result);
            pause_accepting();
            accept_again_ = now_ + limits_.accept_retry;
            return;
        }
        // While draining nothing is handed over: the others may be gone before they could look.
        const std::uint32_t seat = stage_ == Stage::serving ? crew_.place(seat_) : seat_;
        if (stage_ != Stage::serving) {
            crew_.admit_regardless(seat);
        } else if (!crew_.admit(seat)) {
            crew_.put_waiting(event.result);
            pause_accepting();
            return;
        }
        seat == seat_ ? open(event.result) : crew_.hand_over(seat, event.result);
    }

    void open(int fd) {
        const std::uint32_t slot = take_slot();
        if (slot >= limits_.max_slots) [[unlikely]] {
            free_slots_.push_back(slot);
            crew_.dismiss(seat_);
            ::close(fd);
            return;
        }
        Connection& connection = connections_[slot];
        PeerName peer;
        if (protocol_.wants_peer()) peer = peer_name(fd);
        if (auto opened = engine_.open(id_of(connection, slot), fd); !opened) {
            free_slots_.push_back(slot);
            crew_.dismiss(seat_);
            return accept_failed_(opened.error().code);
        }
        ++open_;
        sweep_due_ = stage_ != Stage::serving;  // it may have nothing to say
        connection.deadline.slot = slot;
        connection.state = State::receiving;
        connection.session = typename P::Session{};
        protocol_.open(connection.session, peer.view());
        deadlines_.set(connection.deadline, DeadlineClass::head, now_);
    }

    [[nodiscard]] std::uint32_t take_slot() {
        if (free_slots_.empty()) {
            const std::uint32_t first = connections_.size();
            connections_.ensure(first);
            free_slots_.reserve(connections_.size());
            for (std::uint32_t slot = connections_.size(); slot-- > first;) free_slots_.push_back(slot);
        }
        const std::uint32_t slot = free_slots_.back();
        free_slots_.pop_back();
        return slot;
    }

    void pause_accepting() {
        accept_paused_ = true;
        for (io::ListenerId listener = 0; listener < listeners_; ++listener) engine_.pause_accept(listener);
    }
    void accept_again() {
        accept_again_ = never;
        accept_paused_ = false;
        for (io::ListenerId listener = 0; listener < listeners_; ++listener) engine_.resume_accept(listener);
    }

    // ---- input

    void received(const io::Event& event) {
        Connection& connection = at(event);
        const std::uint32_t slot = event.connection.slot;
        if (connection.state == State::receiving) [[likely]] {
            // 0: the peer sends nothing more. Nothing is owed to it: a complete request would have been answered by now.
            if (event.result <= 0) return close(connection, slot);
            const auto size = static_cast<std::size_t>(event.result);
            if (connection.saved) return append(connection, slot, {event.data, size});
            return advance(connection, slot, {event.data, size});
        }
        if (connection.state == State::lingering) {
            connection.progress += static_cast<std::uint64_t>(std::max(event.result, 0));
            if (event.result <= 0 || connection.progress > limits_.linger_bytes) close(connection, slot);
            return;
        }
        VERIFY(connection.state == State::closing);  // receiving is paused while sending
    }

    void append(Connection& connection, std::uint32_t slot, std::string_view input) {
        VERIFY(connection.saved_size + input.size() <= saved_blocks_.block_size());
        std::memcpy(connection.saved.get() + connection.saved_size, input.data(), input.size());
        connection.saved_size += static_cast<std::uint32_t>(input.size());
        advance(connection, slot, saved(connection));
    }
    [[nodiscard]] static std::string_view saved(const Connection& connection) { return {connection.saved.get(), connection.saved_size}; }

    /// Stops 3 to 7: lets the protocol judge the input and sends what it answers.
    void advance(Connection& connection, std::uint32_t slot, std::string_view input) {
        batch_.clear();
        const Advance result = protocol_.advance(connection.session, input, batch_);
        ASSERT(result.consumed <= input.size());
        if (result.next == Next::close) {
            drop_saved(connection);
        } else if (!save(connection, input.substr(result.consumed))) {
            release_batch();
            return close(connection, slot);
        }
        if (!batch_.empty()) return send(connection, slot, result.next);
        VERIFY(result.next != Next::flush);
        if (result.next == Next::close) return begin_close(connection, slot);
        wait_for_input(connection, slot);
    }

    [[nodiscard]] bool save(Connection& connection, std::string_view rest) {
        if (rest.empty()) [[likely]] {
            drop_saved(connection);
            return true;
        }
        if (!connection.saved) connection.saved = saved_blocks_.take();
        if (!connection.saved) return false;
        std::memmove(connection.saved.get(), rest.data(), rest.size());
        connection.saved_size = static_cast<std::uint32_t>(rest.size());
        return true;
    }
    void drop_saved(Connection& connection) {
        if (!connection.saved) return;
        saved_blocks_.give_back(std::move(connection.saved));
        connection.saved_size = 0;
    }

    void wait_for_input(Connection& connection, std::uint32_t slot) {
        connection.state = State::receiving;
        switch (protocol_.phase(connection.session)) {
            case Phase::idle: return deadlines_.set(connection.deadline, DeadlineClass::idle, now_);
            case Phase::head:
                // The whole head has one deadline, from its first byte: more bytes do not move it.
                if (connection.deadline.in != DeadlineClass::head) deadlines_.set(connection.deadline, DeadlineClass::head, now_);
                return;
            case Phase::body:
                if (connection.deadline.in != DeadlineClass::body) connection.body_began = now_;
                if (now_ - connection.body_began >= limits_.body_timeout_factor * limits_.head_timeout) return expired(slot);
                return deadlines_.set(connection.deadline, DeadlineClass::body, now_);
        }
    }

    // ---- output

    void send(Connection& connection, std::uint32_t slot, Next after) {
        const io::ConnectionId id = id_of(connection, slot);
        engine_.pause_receive(id);
        connection.state = State::sending;
        connection.after_send = after;
        connection.answers = batch_.answers;
        connection.lease = batch_.lease;
        connection.progress = 0;
        deadlines_.set(connection.deadline, DeadlineClass::write, now_);
        engine_.send(id, batch_.slices());
    }

    void sent(const io::Event& event) {
        Connection& connection = at(event);
        if (connection.state == State::closing) return;
        VERIFY(connection.state == State::sending);
        const std::uint32_t slot = event.connection.slot;
        if (event.result < 0) return close(connection, slot);
        outcome_.answered += connection.answers;
        if (quota_ != nullptr && quota_->settle(connection.answers)) crew_.report();
        release(connection);
        connection.answers = 0;
        switch (connection.after_send) {
            case Next::receive:
                wait_for_input(connection, slot);
                if (connection.state == State::receiving) engine_.resume_receive(event.connection);
                sweep_due_ = stage_ != Stage::serving;
                return;
            case Next::flush: engine_.resume_receive(event.connection); return advance(connection, slot, saved(connection));
            case Next::close: return begin_close(connection, slot);
        }
    }

    void release(Connection& connection) {
        if (connection.lease != no_lease) protocol_.release(std::exchange(connection.lease, no_lease));
    }
    void release_batch() {
        if (batch_.lease != no_lease) protocol_.release(batch_.lease);
        if (quota_ != nullptr && batch_.answers > 0) quota_->give_back(batch_.answers);
    }

    // ---- a connection goes, in three steps: FIN, discarding what still comes, close

    void begin_close(Connection& connection, std::uint32_t slot) {
        const io::ConnectionId id = id_of(connection, slot);
        engine_.shutdown_send(id);
        connection.state = State::lingering;
        connection.progress = 0;
        deadlines_.set(connection.deadline, DeadlineClass::linger, now_);
        engine_.resume_receive(id);
    }

    void close(Connection& connection, std::uint32_t slot) {
        if (quota_ != nullptr && connection.answers > 0) quota_->give_back(connection.answers);
        connection.answers = 0;
        drop_saved(connection);
        Deadlines::clear(connection.deadline);
        connection.state = State::closing;
        engine_.close(id_of(connection, slot));
    }

    void closed(const io::Event& event) {
        Connection& connection = at(event);
        release(connection);  // a cut send may use its bytes until now
        protocol_.close(connection.session);
        connection.state = State::free;
        ++connection.generation;
        free_slots_.push_back(event.connection.slot);
        --open_;
        crew_.dismiss(seat_);
        const int waiting = crew_.take_waiting();
        if (waiting >= 0) {
            crew_.admit_regardless(seat_);
            open(waiting);
        } else if (accept_paused_ && stage_ == Stage::serving) {
            accept_again();
        }
    }

    void expired(std::uint32_t slot) {
        Connection& connection = connections_[slot];
        switch (connection.state) {
            case State::receiving:
                batch_.clear();
                protocol_.expire(connection.session, batch_);
                if (batch_.empty()) return close(connection, slot);
                drop_saved(connection);
                return send(connection, slot, Next::close);
            case State::sending: {
                const std::uint64_t progress = engine_.sent_so_far(id_of(connection, slot));
                if (progress == connection.progress) return close(connection, slot);
                connection.progress = progress;
                return deadlines_.set(connection.deadline, DeadlineClass::write, now_);
            }
            case State::lingering: return close(connection, slot);
            case State::closing:
            case State::free: return;
        }
    }

    // ---- orders

    void woken() {
        inbox_settled_ = crew_.accepting_ended();
        crew_.collect(seat_, inbox_);
        for (const int fd : inbox_) open(fd);
        inbox_.clear();
        switch (crew_.order()) {
            case Order::serve:
                if (accept_paused_ && accept_again_ == never) accept_again();
                return;
            case Order::announce: return protocol_.announce_close();
            case Order::drain: return drain();
            case Order::abort: return abort();
        }
    }

    void drain() {
        if (stage_ != Stage::serving) return;
        protocol_.announce_close();
        stage_ = Stage::emptying;
        sweep_due_ = true;
        sweep_at_latest_ = now_ + emptying_time;
        for (int fd = crew_.take_waiting(); fd >= 0; fd = crew_.take_waiting()) {
            crew_.admit_regardless(seat_);
            open(fd);
        }
    }

    /// Once nothing more has arrived, ends accepting and closes the connections that wait for nothing but a next request.
    void sweep(bool nothing_arrived) {
        if (stage_ == Stage::aborted || (!nothing_arrived && now_ < sweep_at_latest_)) return;
        sweep_due_ = false;
        for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
            Connection& connection = connections_[slot];
            if (connection.state == State::receiving && !begun(connection)) close(connection, slot);
        }
        if (stage_ == Stage::draining) return;
        stage_ = Stage::draining;
        pause_accepting();
        accept_again_ = never;
        inbox_settled_ = false;
        crew_.end_accepting();
    }

    /// Whether a byte of a request has come that is owed an answer.
    [[nodiscard]] bool begun(const Connection& connection) const {
        return connection.saved_size > 0 || protocol_.phase(connection.session) == Phase::body;
    }

    void abort() {
        for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
            Connection& connection = connections_[slot];
            if (connection.state == State::sending || (connection.state == State::receiving && begun(connection))) ++outcome_.cut;
        }
        if (stage_ == Stage::serving || stage_ == Stage::emptying) crew_.end_accepting();
        stage_ = Stage::aborted;
    }

    static constexpr io::Instant never = io::Instant::max();
    /// Under a load that never pauses, "everything that has arrived" needs an end.
    static constexpr std::chrono::milliseconds emptying_time{100};

    Engine& engine_;
    P& protocol_;
    ServerLimits limits_;
    Crew& crew_;
    std::uint32_t seat_;
    Quota* quota_;
    std::function<void(int)> accept_failed_;

    SlotArray<Connection> connections_;
    std::vector<std::uint32_t> free_slots_;
    Deadlines deadlines_;
    BlockPool saved_blocks_;
    Batch batch_;
    io::Instant now_{};
    std::uint32_t open_ = 0;  ///< connections whose slot is in use
    io::ListenerId listeners_ = 0;
    bool accept_paused_ = false;
    io::Instant accept_again_ = never;  ///< when accepting is tried again after descriptors ran out
    Stage stage_ = Stage::serving;
    bool sweep_due_ = false;  ///< connections may be left that the drain should close
    io::Instant sweep_at_latest_{};
    bool inbox_settled_ = false;  ///< looked into after all workers had ended accepting: nothing is handed over any more
    std::vector<int> inbox_;
    ServerOutcome outcome_;
};

}  // namespace tinyhttpd::tcp
