// SPDX-License-Identifier: MIT
// FakeEngine: the engine contract without a kernel, deterministic from the seed of its FakeNetwork. It does everything the
// contract allows and a real engine rarely does (short reads and writes, late completions, any order between connections),
// and aborts when its caller breaks a rule. Lent buffers are destroyed at the next wait(), so that AddressSanitizer sees who
// kept one; sent bytes are compared with what they were when they were submitted.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/verify.hpp"
#include "io/engine.hpp"
#include "support/fake_network.hpp"

namespace tinyhttpd::support {

class FakeEngine {
public:
    static constexpr std::string_view name = "fake";

    /// An engine in a kind network of its own.
    [[nodiscard]] static Result<std::unique_ptr<FakeEngine>> create(const io::EngineOptions& options) {
        return create(options, std::make_shared<FakeNetwork>(1));
    }
    [[nodiscard]] static Result<std::unique_ptr<FakeEngine>> create(const io::EngineOptions& options,
                                                                    std::shared_ptr<FakeNetwork> network) {
        return std::make_unique<FakeEngine>(options, std::move(network));
    }
    /// Use create().
    FakeEngine(const io::EngineOptions& options, std::shared_ptr<FakeNetwork> network)
        : options_(options), network_(std::move(network)), now_(network_->now()), connections_(options.max_connections) {}
    FakeEngine(const FakeEngine&) = delete;
    FakeEngine& operator=(const FakeEngine&) = delete;
    ~FakeEngine() {
        for (Connection& connection : connections_) {
            if (connection.state == State::open) network_->close_engine_end(*connection.link);
        }
        forget_lent();
    }

    [[nodiscard]] Result<void> add_listener(io::ListenerId listener, int fd) {
        if (listener >= listeners_.size()) listeners_.resize(listener + 1);
        VERIFY(listeners_[listener].fd < 0);
        listeners_[listener] = {fd, true};
        return {};
    }
    void pause_accept(io::ListenerId listener) { listeners_.at(listener).accepting = false; }
    void resume_accept(io::ListenerId listener) { listeners_.at(listener).accepting = true; }

    [[nodiscard]] Result<void> open(io::ConnectionId id, int fd) {
        VERIFY(id.slot < connections_.size());
        Connection& connection = connections_[id.slot];
        VERIFY(connection.state == State::free && connection.id != id);
        connection = {.state = State::open, .id = id, .fd = Fd(fd), .link = network_->claim(fd), .receiving = true};
        used_.push_back(id.slot);
        return {};
    }

    void pause_receive(io::ConnectionId id) { at(id).receiving = false; }
    void resume_receive(io::ConnectionId id) { at(id).receiving = true; }

    void send(io::ConnectionId id, std::span<const Slice> slices, io::Urgency urgency = io::Urgency::prompt) {
        Connection& connection = at(id);
        VERIFY(!connection.send && !connection.shut_down && !slices.empty() && slices.size() <= Batch::capacity);
        connection.send = std::make_unique<Send>();
        Send& send = *connection.send;
        send.urgency = urgency;
        send.slices.assign(slices.begin(), slices.end());
        for (const Slice& slice : slices) send.total += slice.size;
        VERIFY(send.total > 0);
        send.digest = digest(send);
        if (network_->random.chance(network_->knobs.eager_send)) transfer(connection);
    }
    [[nodiscard]] std::uint64_t sent_so_far(io::ConnectionId id) const {
        const Connection& connection = connections_.at(id.slot);
        VERIFY(connection.state == State::open && connection.id == id);
        return connection.send ? connection.send->sent : 0;
    }
    void shutdown_send(io::ConnectionId id) {
        Connection& connection = at(id);
        VERIFY(!connection.send);
        connection.shut_down = true;
        connection.fin_due = false;
        if (connection.link->engine_error == 0) connection.link->to_peer.fin = true;
    }
    void close(io::ConnectionId id) {
        Connection& connection = at(id);
        network_->close_engine_end(*connection.link);
        connection.state = State::closing;
        connection.closed_from = {};
    }

    void reset(io::ConnectionId id) {
        FakeLink& link = *at(id).link;
        if (!link.engine_closed && !link.peer_reset) network_->reset_peer(link);
        close(id);
    }
    [[nodiscard]] std::size_t unreceived(io::ConnectionId id) const {
        const Connection& connection = connections_.at(id.slot);
        VERIFY(connection.state == State::open && connection.id == id);
        return connection.link->to_peer.size();
    }

    [[nodiscard]] std::span<const io::Event> wait(std::optional<Instant> deadline) {
        if (!std::exchange(has_begun_span_, false)) begin_span();
        network_->pass_a_turn();
        for (;;) {
            network_->run_due();
            const bool is_over = deadline && network_->now() >= *deadline;
            if (events_.empty() && !(std::exchange(interrupted_, false) && is_over)) collect();
            if (!events_.empty() || is_over) break;
            const auto due = network_->next_due();
            if (due || deadline) {
                network_->advance_to(due && (!deadline || *due < *deadline) ? *due : *deadline);
            } else {
                block();
            }
        }
        now_ = network_->now();
        return events_;
    }
    [[nodiscard]] Instant now() const { return now_; }

    /// Whether the next wait() has something to deliver, which is settled by asking. For who runs several engines of one network in one
    /// thread: a wait() of which this says so, or whose deadline has come, does not wait, so that the clock stays theirs.
    [[nodiscard]] bool has_something() {
        if (!std::exchange(has_begun_span_, true)) begin_span();
        if (events_.empty()) collect();
        return !events_.empty();
    }
    /// The next wait() is one that SIGSTOP and SIGCONT interrupt: if its deadline came meanwhile, it has looked at nothing (epoll_wait(2)).
    void interrupt() { interrupted_ = true; }

    /// Async-signal-safe, from any thread.
    void wake() {
        const int saved = errno;
        woken_.store(true);
        // EAGAIN means that the buffer is full, so a wake-up is pending anyway.
        [[maybe_unused]] const ssize_t written = ::write(waker_.near.get(), "w", 1);
        errno = saved;
    }

    // What is left behind: both are 0 at the end of a server's life.
    [[nodiscard]] std::size_t open_connections() const { return used_.size(); }
    [[nodiscard]] std::size_t running_sends() const {
        std::size_t count = 0;
        for (const std::uint32_t slot : used_) count += connections_[slot].send != nullptr;
        return count;
    }

private:
    enum class State : std::uint8_t { free, open, closing };

    struct Send {
        std::vector<Slice> slices;
        std::size_t total = 0;
        std::size_t sent = 0;
        std::size_t digest = 0;
        io::Urgency urgency = io::Urgency::prompt;
        std::optional<int> result = {};  ///< known, but perhaps not delivered yet
    };

    struct Connection {
        State state = State::free;
        io::ConnectionId id = {~0U, ~0U};
        Fd fd = {};
        std::shared_ptr<FakeLink> link = {};
        bool receiving = false;  ///< not paused
        bool finished = false;   ///< FIN or an error was delivered
        bool shut_down = false;
        bool fin_due = false;  ///< a send with Urgency::last has been completed
        std::unique_ptr<Send> send = {};
        // Completions are held back until these times, once chance has decided so.
        std::optional<Instant> receive_from = {};
        std::optional<Instant> send_from = {};
        std::optional<Instant> sent_from = {};
        std::optional<Instant> closed_from = {};
    };

    struct Listener {
        int fd = -1;
        bool accepting = false;
    };

    struct Lent {
        std::unique_ptr<char[]> bytes;
        std::size_t size;
    };

    [[nodiscard]] Connection& at(io::ConnectionId id) {
        VERIFY(id.slot < connections_.size());
        Connection& connection = connections_[id.slot];
        VERIFY(connection.state == State::open && connection.id == id);
        return connection;
    }

    [[nodiscard]] static std::size_t digest(const Send& send) {
        std::size_t sum = 0;
        for (const Slice& slice : send.slices) sum = sum * 31 + std::hash<std::string_view>{}({slice.data, slice.size});
        return sum;
    }

    void begin_span() {
        forget_lent();
        events_.clear();
        // What was sent with Urgency::last may wait for a FIN, which has to follow at once.
        for (const std::uint32_t slot : used_) VERIFY(!connections_[slot].fin_due || connections_[slot].state == State::closing);
    }

    /// Whether a completion may be delivered now; the first time it asks, chance may hold it back for a while.
    [[nodiscard]] bool may_come(std::optional<Instant>& from) { return may_come(from, network_->knobs.delay_max); }
    [[nodiscard]] bool may_come(std::optional<Instant>& from, Microseconds longest) {
        if (!from) {
            from = network_->now();
            if (network_->random.chance(network_->knobs.delay)) {
                *from += Microseconds(network_->random.between(1, static_cast<std::uint64_t>(longest.count())));
                network_->at(*from, {});
            }
        }
        return network_->now() >= *from;
    }

    void collect() {
        if (network_->random.chance(network_->knobs.spurious_wake)) woken_.store(true);
        std::size_t batch = ~std::size_t{0};
        if (network_->random.chance(network_->knobs.short_batch)) batch = network_->random.between(1, 8);
        // Slots, then listeners, then the waker, in one numbering, so that any may come before any other.
        const auto slots = static_cast<std::uint32_t>(connections_.size());
        const auto listeners = static_cast<std::uint32_t>(listeners_.size());
        order_.assign(used_.begin(), used_.end());
        for (std::uint32_t i = 0; i <= listeners; ++i) order_.push_back(slots + i);
        network_->random.shuffle(order_);
        for (const std::uint32_t source : order_) {
            if (events_.size() >= batch) return;
            if (source < slots) {
                proceed(connections_[source]);
            } else if (source < slots + listeners) {
                accept(source - slots);
            } else if (woken_.exchange(false)) {
                events_.push_back({.kind = io::EventKind::woken});
            }
        }
    }

    void accept(io::ListenerId listener) {
        while (listeners_[listener].accepting) {
            const int result = network_->accept(listeners_[listener].fd);
            if (result == -EAGAIN) return;
            if (result < 0) listeners_[listener].accepting = false;
            events_.push_back({.kind = io::EventKind::accepted, .result = result, .listener = listener});
            if (network_->random.chance(0.3)) return;  // the rest may be another engine's
        }
    }

    void proceed(Connection& connection) {
        if (connection.state == State::closing) return finish_close(connection);
        const bool receive_first = network_->random.chance(0.5);
        if (receive_first) receive(connection);
        finish_send(connection);
        if (!receive_first) receive(connection);
    }

    void receive(Connection& connection) {
        FakeLink& link = *connection.link;
        if (!connection.receiving || connection.finished) return;
        if (link.to_engine.empty() && !link.to_engine.fin && link.engine_error == 0) return;
        if (!may_come(connection.receive_from)) return;
        connection.receive_from.reset();
        if (network_->random.chance(network_->knobs.receive_error) && link.engine_error == 0) {
            network_->kill(link, network_->random.chance(0.5) ? ECONNRESET : ETIMEDOUT);
            link.to_engine.clear();
        }
        io::Event event{.kind = io::EventKind::received, .connection = connection.id};
        if (const std::size_t waiting = std::min(link.to_engine.size(), options_.receive_bytes); waiting > 0) {
            const bool partial = network_->random.chance(network_->knobs.partial_receive);
            const std::string bytes = link.to_engine.take(partial ? network_->random.between(1, waiting) : waiting);
            lent_.push_back({std::make_unique<char[]>(bytes.size()), bytes.size()});
            std::memcpy(lent_.back().bytes.get(), bytes.data(), bytes.size());
            event.data = lent_.back().bytes.get();
            event.result = static_cast<int>(bytes.size());
        } else {
            event.result = -link.engine_error;
            connection.finished = true;
        }
        events_.push_back(event);
    }

    /// Hands over what the socket has room for, and notes the result when that was all or the connection is dead.
    void transfer(Connection& connection) {
        Send& send = *connection.send;
        FakeLink& link = *connection.link;
        if (network_->random.chance(network_->knobs.send_error) && link.engine_error == 0) {
            constexpr int errors[] = {ECONNRESET, EPIPE, ETIMEDOUT};
            network_->kill(link, network_->random.pick(errors));
        }
        if (link.engine_error != 0) {
            send.result = network_->random.chance(0.5) ? -link.engine_error : -EPIPE;
            return;
        }
        std::size_t room =
            std::min(link.peer_closed ? ~std::size_t{0} : link.to_peer.room(network_->knobs.socket_buffer_bytes), send.total - send.sent);
        if (room > 1 && network_->random.chance(network_->knobs.partial_send)) room = network_->random.between(1, room);
        if (link.peer_closed) link.engine_error = ECONNRESET;  // taken by the kernel, answered with RST
        std::size_t skip = send.sent;
        send.sent += room;
        for (const Slice& slice : send.slices) {
            const std::size_t from = std::min(skip, slice.size);
            const std::size_t count = std::min(room, slice.size - from);
            if (!link.peer_closed) link.to_peer.append({slice.data + from, count});
            skip -= from;
            room -= count;
        }
        if (send.sent == send.total) send.result = 0;
    }

    void finish_send(Connection& connection) {
        if (!connection.send) return;
        FakeLink& link = *connection.link;
        if (!connection.send->result) {
            const bool has_room = link.to_peer.room(network_->knobs.socket_buffer_bytes) > 0;
            if (!has_room && !link.peer_closed && link.engine_error == 0) return;
            if (!may_come(connection.send_from)) return;
            connection.send_from.reset();
            transfer(connection);
            // What is left goes out in a later turn of the same wait(), or the clock would stand still.
            if (!connection.send->result) return network_->at(network_->now() + Microseconds(1), {});
        }
        const bool is_relaxed = connection.send->urgency == io::Urgency::relaxed;
        if (!may_come(connection.sent_from, is_relaxed ? io::relaxed_max : network_->knobs.delay_max)) return;
        connection.sent_from.reset();
        deliver_sent(connection);
    }

    void deliver_sent(Connection& connection) {
        VERIFY(digest(*connection.send) == connection.send->digest);  // or the caller changed bytes it had lent
        events_.push_back({.kind = io::EventKind::sent, .result = *connection.send->result, .connection = connection.id});
        connection.fin_due = connection.send->urgency == io::Urgency::last && *connection.send->result == 0;
        connection.send.reset();
    }

    void finish_close(Connection& connection) {
        if (!may_come(connection.closed_from)) return;
        if (connection.send && connection.send->result) deliver_sent(connection);
        if (connection.send) VERIFY(digest(*connection.send) == connection.send->digest);
        events_.push_back({.kind = io::EventKind::closed, .connection = connection.id});
        std::erase(used_, connection.id.slot);
        connection = {.id = connection.id};  // the id stays, to tell that the next generation differs
    }

    void forget_lent() {
        for (Lent& lent : lent_) {
            std::memset(lent.bytes.get(), '\xdd', lent.size);
            asm volatile("" : : "r"(lent.bytes.get()) : "memory");  // or the compiler leaves the dead store out
        }
        lent_.clear();
    }

    /// Nothing is scheduled and there is no deadline: only another thread or a signal handler can end this.
    void block() {
        pollfd waiter{waker_.far.get(), POLLIN, 0};
        constexpr int patience_ms = 20'000;
        const int ready = ::poll(&waiter, 1, patience_ms);
        VERIFY(ready != 0);  // a server that waits for ever for nothing
        char bytes[256];
        [[maybe_unused]] const ssize_t drained = ::read(waker_.far.get(), bytes, sizeof bytes);
    }

    io::EngineOptions options_;
    std::shared_ptr<FakeNetwork> network_;
    Instant now_;
    std::vector<Connection> connections_;
    std::vector<std::uint32_t> used_;
    std::vector<Listener> listeners_;
    std::vector<io::Event> events_;
    bool has_begun_span_ = false;  ///< events_ is the next wait()'s
    bool interrupted_ = false;
    std::vector<Lent> lent_;
    std::vector<std::uint32_t> order_;
    std::atomic<bool> woken_ = false;
    DescriptorPair waker_;  ///< for a wait() with nothing scheduled: written by wake(), polled by block()
};
static_assert(io::Engine<FakeEngine>);

}  // namespace tinyhttpd::support
