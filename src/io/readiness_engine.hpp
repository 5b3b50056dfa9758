// SPDX-License-Identifier: MIT
// ReadinessEngine: the engine contract on top of a poller that only tells readiness (epoll, kqueue). Each verb tries its
// system call at once and parks on EAGAIN; what it learns is kept until wait() may say so. Receives go into a few
// scratch buffers, shared by all connections, so that the bytes are judged while they are still in the cache.
// It does not know what the bytes mean, has no timers and never blocks but in Poller::wait().
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/slot_array.hpp"
#include "base/sparing_vector.hpp"
#include "base/verify.hpp"
#include "io/engine.hpp"
#include "io/readiness.hpp"
#include "io/slot_queue.hpp"
#include "io/socket_calls.hpp"

namespace tinyhttpd::io {

template <Poller P>
class ReadinessEngine {
public:
    static constexpr std::string_view name = P::name;

    [[nodiscard]] static Result<std::unique_ptr<ReadinessEngine>> create(const EngineOptions& options) {
        TRY(P poller, P::create());
        auto engine = std::make_unique<ReadinessEngine>(std::move(poller), options);
        if (!engine->make_room()) return fail("start an engine", {}, ENOMEM);
        return engine;
    }
    /// Use create().
    ReadinessEngine(P poller, const EngineOptions& options)
        : poller_(std::move(poller)),
          options_(options),
          scratch_(std::make_unique_for_overwrite<char[]>(receives_per_wait * options.receive_bytes)) {}

    ReadinessEngine(const ReadinessEngine&) = delete;
    ReadinessEngine& operator=(const ReadinessEngine&) = delete;

    ~ReadinessEngine() {
        for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
            if (connections_[slot].fd >= 0) ::close(connections_[slot].fd);
        }
    }

    [[nodiscard]] Result<void> add_listener(ListenerId listener, int fd) {
        if (listener >= listeners_.size()) listeners_.resize(listener + 1);
        if (!make_room()) return fail("watch a listening socket", {}, ENOMEM);
        TRY_VOID(poller_.add_listener(fd, make_tag(listener_slot, listener)));
        listeners_[listener] = {.fd = fd, .accepting = true};
        return {};
    }
    void pause_accept(ListenerId listener) {
        if (std::exchange(listeners_[listener].accepting, false)) poller_.remove_listener(listeners_[listener].fd);
    }
    void resume_accept(ListenerId listener) {
        Listener& resumed = listeners_[listener];
        if (resumed.accepting) return;
        // Refused only for want of kernel memory: the listener stays paused, and its owner resumes it again later.
        resumed.accepting = poller_.add_listener(resumed.fd, make_tag(listener_slot, listener)).has_value();
        if (resumed.accepting || std::exchange(resumed.refused_in_wait, wait_number_) == wait_number_) return;
        pending_.push_reserved({.kind = EventKind::accepted, .result = -ENOMEM, .listener = listener});
    }

    [[nodiscard]] Result<void> open(ConnectionId id, int fd) {
        VERIFY(id.slot < options_.max_connections);
        Fd owned(fd);
        if (!connections_.ensure(id.slot) || !make_room()) return fail("open a connection", {}, ENOMEM);
        Connection& connection = connections_[id.slot];
        VERIFY(connection.fd < 0);
        TRY_VOID(poller_.add_connection(fd, make_tag(id.slot, id.generation)));
        static_cast<void>(owned.release());
        connection.fd = fd;
        connection.generation = id.generation;
        connection.receiving = true;
        connection.readable = connection.hungup = connection.finished = false;
        connection.received_in_wait = wait_number_ - 1;
        return {};
    }

    void pause_receive(ConnectionId id) { at(id).receiving = false; }
    void resume_receive(ConnectionId id) {
        Connection& connection = at(id);
        connection.receiving = true;
        if (connection.readable) queue_.push(id.slot);
    }

    // In line where the batch is made: a call costs 80 instructions per request.
    [[gnu::always_inline]] void send(ConnectionId id, std::span<const Slice> slices, Urgency urgency = Urgency::prompt) {
        Connection& connection = at(id);
        VERIFY(!connection.parked && !slices.empty() && slices.size() <= Batch::capacity);
        std::size_t total = slices.front().size;
        for (const Slice& slice : slices.subspan(1)) total += slice.size;
        const long sent = send_slices(connection.fd, slices, urgency == Urgency::last);
        if (sent == static_cast<long>(total)) [[likely]] {
            pending_.push_reserved({.kind = EventKind::sent, .connection = id});
            relaxed_ += urgency == Urgency::relaxed;
        } else if (sent < 0 && sent != -EAGAIN && sent != -EWOULDBLOCK) {
            pending_.push_reserved({.kind = EventKind::sent, .result = static_cast<int>(sent), .connection = id});
        } else {
            park(connection, id, slices, sent > 0 ? static_cast<std::size_t>(sent) : 0);
        }
    }
    [[nodiscard]] std::uint64_t sent_so_far(ConnectionId id) const {
        const Connection& connection = connections_[id.slot];
        return connection.fd >= 0 && connection.generation == id.generation && connection.parked ? connection.parked->sent : 0;
    }

    void shutdown_send(ConnectionId id) {
        VERIFY(!at(id).parked);
        ::shutdown(at(id).fd, SHUT_WR);  // ENOTCONN: the peer is gone, which receiving will show
    }

    void close(ConnectionId id) {
        Connection& connection = at(id);
        connection.parked.reset();
        ::close(std::exchange(connection.fd, -1));  // leaves the poller with its last descriptor
        pending_.push_reserved({.kind = EventKind::closed, .connection = id});
    }

    void reset(ConnectionId id) {
        reset_at_close(at(id).fd);
        close(id);
    }
    [[nodiscard]] std::size_t unreceived(ConnectionId id) const {
        const Connection& connection = connections_[id.slot];
        return connection.fd >= 0 && connection.generation == id.generation ? unreceived_bytes(connection.fd) : 0;
    }

    [[nodiscard]] std::span<const Event> wait(std::optional<Instant> deadline) {
        Instant until = deadline.value_or(Instant::max());
        if (!lent_events_.empty()) [[unlikely]]
            SparingVector<Event>().swap(lent_events_);
        events_.clear();
        events_.swap(pending_);
        // Nobody waits for these: a turn for them alone would cost a client with one request at a time a tenth of its instructions.
        const std::size_t relaxed = std::exchange(relaxed_, 0);
        if (relaxed > 0) until = relaxed_deadline(until, now_);
        lent_ = 0;
        ++wait_number_;
        for (;;) {
            while (next_ready_ < ready_count_) {
                if (handle(poller_.readiness(next_ready_++))) return events_.span();
            }
            for (; turn_left_ > 0; --turn_left_) {
                const std::uint32_t slot = queue_.pop();
                Connection& connection = connections_[slot];
                if (connection.fd < 0 || !proceed(connection, {slot, connection.generation})) continue;
                --turn_left_;
                return events_.span();
            }
            if (events_.size() > relaxed) return events_.span();
            // The descriptors that are known to be ready have had their turn: see who else is, then go round again.
            ready_count_ = poller_.wait(queue_.empty() ? time_left(until, now_) : std::chrono::nanoseconds(0));
            now_ = std::chrono::steady_clock::now();
            next_ready_ = 0;
            turn_left_ = queue_.size();
            if (ready_count_ == 0 && turn_left_ == 0 && now_ >= until) return events_.span();
        }
    }
    [[nodiscard]] Instant now() const { return now_; }

    void wake() { poller_.wake(); }

private:
    /// What is left of a send that the socket would not take at once.
    struct ParkedSend {
        std::array<Slice, Batch::capacity> slices;
        std::size_t first = 0;
        std::size_t count = 0;
        std::uint64_t sent = 0;

        void advance(std::size_t bytes) {
            sent += bytes;
            while (first < count && bytes >= slices[first].size) bytes -= slices[first++].size;
            if (first < count) slices[first] = {slices[first].data + bytes, slices[first].size - bytes};
        }
    };

    struct Connection {
        int fd = -1;
        std::uint32_t generation = 0;
        std::unique_ptr<ParkedSend> parked;
        std::uint32_t received_in_wait = 0;  ///< the number of the last wait() that delivered a `received`
        QueueLink link;                      ///< of queue_
        bool receiving = false;              ///< not paused
        bool readable = false;               ///< a receive may yield something
        bool hungup = false;                 ///< the poller saw the end: a short read does not mean that nothing follows
        bool finished = false;               ///< FIN or an error was delivered
    };
    static_assert(sizeof(Connection) <= 32);

    struct Listener {
        int fd = -1;
        bool accepting = false;
        std::uint32_t refused_in_wait = ~std::uint32_t{0};  ///< the number of the last wait() after which the poller refused it
    };

    // Enough that what a wait() costs by itself is shared by several requests, few enough that the bytes stay in the cache.
    static constexpr std::size_t receives_per_wait = 8;
    static constexpr int sends_per_turn = 4;

    [[nodiscard]] Connection* find(ConnectionId id) {
        if (id.slot >= connections_.size()) return nullptr;
        Connection& connection = connections_[id.slot];
        return connection.fd >= 0 && connection.generation == id.generation ? &connection : nullptr;
    }
    [[nodiscard]] Connection& at(ConnectionId id) {
        Connection& connection = connections_[id.slot];
        VERIFY(connection.fd >= 0 && connection.generation == id.generation);
        return connection;
    }

    /// Makes room for all the events that one wait() may deliver, so that none is lost when memory runs out. False: there is none.
    [[nodiscard]] bool make_room() {
        // Of a connection a `sent` and a `closed` beside the receives; of a listener what it accepts, its end and its refusal.
        const std::size_t most =
            1 + receives_per_wait + 2 * std::size_t{connections_.size()} + (std::size_t{options_.accepts_at_once} + 2) * listeners_.size();
        if (most <= std::min(events_.capacity(), pending_.capacity())) return true;
        SparingVector<Event> fresh;
        if (!pending_.reserve(most) || !fresh.reserve(most)) return false;
        // The caller may be going through the events, which it does not lose before the next wait().
        events_.swap(fresh);
        if (lent_events_.empty()) lent_events_.swap(fresh);
        return true;
    }

    /// True when it lent the last scratch buffer, so that wait() has to return.
    [[nodiscard]] bool handle(const Readiness& ready) {
        const ConnectionId id{tag_slot(ready.tag), tag_generation(ready.tag)};
        if (id.slot == listener_slot) {
            accept_some(id.generation);
            return false;
        }
        if (id.slot == waker_slot) {
            poller_.wake_seen();
            events_.push_reserved({.kind = EventKind::woken});
            return false;
        }
        Connection* connection = find(id);
        if (connection == nullptr) return false;  // closed by an earlier event of this batch
        connection->readable |= ready.readable;
        connection->hungup |= ready.ended;
        return proceed(*connection, id);
    }

    [[nodiscard]] bool proceed(Connection& connection, ConnectionId id) {
        if (connection.parked) [[unlikely]]
            send_more(connection, id);
        if (!connection.readable || !connection.receiving || connection.finished) return false;
        if (connection.received_in_wait == wait_number_) [[unlikely]] {  // one in each: the rest has to wait for the next
            queue_.push(id.slot);
            return false;
        }
        return receive(connection, id);
    }

    [[nodiscard]] bool receive(Connection& connection, ConnectionId id) {
        char* const buffer = scratch_.get() + lent_ * options_.receive_bytes;
        const long count = receive_bytes(connection.fd, buffer, options_.receive_bytes);
        if (count > 0) [[likely]] {
            // epoll(7): a stream that yields less than was asked for is drained; the next byte makes a new edge.
            connection.readable = static_cast<std::size_t>(count) == options_.receive_bytes || connection.hungup;
            if (connection.readable) queue_.push(id.slot);
        } else {
            connection.readable = false;
            if (count == -EAGAIN || count == -EWOULDBLOCK) return false;
            connection.finished = true;
        }
        events_.push_reserved({.kind = EventKind::received, .result = static_cast<int>(count), .connection = id, .data = buffer});
        connection.received_in_wait = wait_number_;
        return ++lent_ == receives_per_wait;
    }

    void park(Connection& connection, ConnectionId id, std::span<const Slice> slices, std::size_t sent) {
        connection.parked.reset(new (std::nothrow) ParkedSend);
        if (!connection.parked) return pending_.push_reserved({.kind = EventKind::sent, .result = -ENOMEM, .connection = id});
        std::copy(slices.begin(), slices.end(), connection.parked->slices.begin());
        connection.parked->count = slices.size();
        connection.parked->advance(sent);
        // A short send may have filled the socket or met a limit of one call: only EAGAIN promises an edge.
        if (sent > 0) queue_.push(id.slot);
    }

    void send_more(Connection& connection, ConnectionId id) {
        ParkedSend& parked = *connection.parked;
        for (int i = 0; i < sends_per_turn; ++i) {
            const long sent =
                send_slices(connection.fd, std::span(parked.slices).subspan(parked.first, parked.count - parked.first), false);
            if (sent == -EAGAIN || sent == -EWOULDBLOCK) return;
            if (sent > 0) parked.advance(static_cast<std::size_t>(sent));
            if (sent < 0 || parked.first == parked.count) {
                events_.push_reserved({.kind = EventKind::sent, .result = sent < 0 ? static_cast<int>(sent) : 0, .connection = id});
                connection.parked.reset();
                return;
            }
        }
        queue_.push(id.slot);  // a fast reader of a large body: let the others have their turn
    }

    void accept_some(ListenerId listener) {
        for (std::uint32_t i = 0; i < options_.accepts_at_once && listeners_[listener].accepting; ++i) {
            const int fd = accept_connection(listeners_[listener].fd);
            if (fd == -EAGAIN) return;
            if (fd < 0) pause_accept(listener);
            events_.push_reserved({.kind = EventKind::accepted, .result = fd, .listener = listener});
        }
    }

    P poller_;
    EngineOptions options_;
    std::unique_ptr<char[]> scratch_;  ///< receives_per_wait buffers
    std::size_t lent_ = 0;             ///< how many of them the running wait() has lent
    std::uint32_t wait_number_ = 0;
    SlotArray<Connection> connections_;
    std::vector<Listener> listeners_;

    SparingVector<Event> events_;       ///< what the running wait() returns
    SparingVector<Event> pending_;      ///< what verbs learned since the last one
    std::size_t relaxed_ = 0;           ///< how many of them are of sends with Urgency::relaxed
    SparingVector<Event> lent_events_;  ///< what the last one returned, if open() had to make room since
    std::size_t ready_count_ = 0;
    std::size_t next_ready_ = 0;
    SlotQueue<Connection> queue_{connections_};  ///< known to be ready although the poller will not say so again
    std::uint32_t turn_left_ = 0;                ///< so many at its front have their turn now
    Instant now_ = std::chrono::steady_clock::now();
};

}  // namespace tinyhttpd::io
