// SPDX-License-Identifier: MIT
// UringEngine: the engine contract on io_uring, Linux 6.0 or later. Each TCP connection has one receive in the kernel for as
// long as it lives (multishot), which picks a buffer when bytes arrive; sends and closes gather in the submission queue until
// wait() hands them over and fetches completions in one system call. It knows nothing of what the bytes mean.
//
// Completions are taken from the queue a span at a time: bytes for a connection that already has some in the span begin the
// next span, and so do those that nobody wants before the events ahead of them have been seen: its receiver may resume.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <span>
#include <vector>

#include "base/fd.hpp"
#include "base/slot_array.hpp"
#include "base/sparing_vector.hpp"
#include "base/verify.hpp"
#include "io/engine.hpp"
#include "io/slot_queue.hpp"
#include "io/uring_connection.hpp"
#include "io/uring_setup.hpp"

namespace tinyhttpd::io {

class UringEngine {
public:
    static constexpr std::string_view name = "io_uring";

    /// Refused by the kernel: the Error says why in one line. To be called on the thread that will call wait().
    [[nodiscard]] static Result<std::unique_ptr<UringEngine>> create(const EngineOptions& options,
                                                                     std::span<const unsigned> flag_sets = Uring::strongest);
    /// Use create().
    UringEngine(std::unique_ptr<Uring> uring, std::unique_ptr<UringBuffers> buffers, Fd waker, const EngineOptions& options);
    UringEngine(const UringEngine&) = delete;
    UringEngine& operator=(const UringEngine&) = delete;
    ~UringEngine();

    [[nodiscard]] Result<void> add_listener(ListenerId listener, int fd);
    void pause_accept(ListenerId listener);
    void resume_accept(ListenerId listener);

    [[nodiscard]] Result<void> open(ConnectionId id, int fd);

    /// The receive stays in the kernel: what comes meanwhile is spilled, and it is cancelled only when that becomes too much.
    void pause_receive(ConnectionId id) { at(id).wanted = false; }
    void resume_receive(ConnectionId id) {
        Connection& connection = at(id);
        connection.wanted = true;
        if (connection.spill || connection.receive != Receive::armed) [[unlikely]]
            resume_slowly(connection, id);
    }

    // In line where the batch is made, as the other engines have it.
    [[gnu::always_inline]] void send(ConnectionId id, std::span<const Slice> slices, Urgency urgency = Urgency::prompt) {
        Connection& connection = at(id);
        VERIFY(connection.send_left == 0 && !slices.empty() && slices.size() <= Batch::capacity);
        connection.outgoing.data = slices.front().data;
        connection.send_left = slices.front().size;
        if (slices.size() > 1 && !gather(connection, slices)) [[unlikely]]
            return submit_failure(id);
        connection.silent = urgency == Urgency::relaxed && connection.send_left <= send_bytes_max && silent_.room() > 0;
        if (connection.silent) silent_.push_reserved(id);
        submit_send(connection, id, urgency);
    }
    [[nodiscard]] std::uint64_t sent_so_far(ConnectionId id) const {
        const Connection& connection = connections_[id.slot];
        return connection.generation == id.generation && connection.gathered ? connection.outgoing.message->sent : 0;
    }
    void shutdown_send(ConnectionId id) {
        VERIFY(at(id).send_left == 0);
        ::shutdown(at(id).fd, SHUT_WR);  // not as an operation of the ring: that would run on a thread of the kernel's
    }
    void close(ConnectionId id);
    void reset(ConnectionId id);
    [[nodiscard]] std::size_t unreceived(ConnectionId id) const;

    [[nodiscard]] std::span<const Event> wait(std::optional<Instant> deadline);
    [[nodiscard]] Instant now() const { return now_; }

    void wake();

private:
    using Connection = UringConnection;
    using Operation = UringOperation;
    using Receive = UringReceive;
    using Life = UringLife;

    struct Input {
        const char* data;
        int result;
    };

    /// The poll of the waker has the last index that a tag can hold; those of the listeners have theirs.
    static constexpr std::uint32_t waker_index = uring_tag::slot_max;
    static constexpr std::uint32_t shown_max = 64;                       ///< connections that one span revisits
    static constexpr std::size_t accepts_room = 256;                     ///< connections that one span accepts, if it is otherwise full
    static constexpr std::size_t send_bytes_max = std::size_t{1} << 30;  ///< the length of an operation has 32 bits

    struct Listener {
        int fd = -1;
        bool accepting = false;
        bool armed = false;
    };

    [[nodiscard]] Connection& at(ConnectionId id) {
        Connection& connection = connections_[id.slot];
        VERIFY(connection.life == Life::open && connection.generation == id.generation);
        return connection;
    }

    /// An empty entry of the submission queue. A full queue is handed to the kernel first.
    [[nodiscard]] io_uring_sqe* submission() {
        io_uring_sqe* entry = uring_->next_entry();
        return entry != nullptr ? entry : submission_of_full_queue();
    }
    [[nodiscard, gnu::noinline]] io_uring_sqe* submission_of_full_queue();
    void arm_waker();
    void arm_listener(ListenerId listener);
    void arm_receive(Connection& connection, ConnectionId id);
    void arm_receive_if_wanted(Connection& connection, ConnectionId id);
    void cancel(std::uint64_t operation);
    /// Not by io_uring_prep_send(), which fills in zeros that are there.
    [[gnu::always_inline]] void submit_send(const Connection& connection, ConnectionId id, Urgency urgency) {
        io_uring_sqe* const entry = submission();
        entry->fd = connection.fd;
        entry->user_data = uring_tag::make(Operation::send, id);
        if (connection.gathered) [[unlikely]] {
            entry->opcode = IORING_OP_SENDMSG;
            entry->addr = reinterpret_cast<std::uintptr_t>(&connection.outgoing.message->header);
            entry->len = 1;
        } else {
            entry->opcode = IORING_OP_SEND;
            entry->addr = reinterpret_cast<std::uintptr_t>(connection.outgoing.data);
            entry->len = static_cast<std::uint32_t>(std::min(connection.send_left, send_bytes_max));
        }
        if (connection.silent) {
            // All of it within the system call that submits it, or a completion that says how much: so silence means success.
            entry->msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL;
            entry->flags = IOSQE_CQE_SKIP_SUCCESS;
        } else {
            // What has come of a short send is completed without: a segment that waits is pushed by the next send, too.
            entry->msg_flags = MSG_NOSIGNAL | (urgency == Urgency::last ? MSG_MORE : 0);
        }
    }
    [[gnu::noinline]] void submit_send_again(Connection& connection, ConnectionId id);
    [[gnu::noinline]] void submit_failure(ConnectionId id);
    [[nodiscard, gnu::noinline]] bool gather(Connection& connection, std::span<const Slice> slices);
    [[gnu::noinline]] void drop_message(Connection& connection);
    [[gnu::noinline]] void resume_slowly(Connection& connection, ConnectionId id);

    [[nodiscard]] Connection& connection_of(const io_uring_cqe& completion);

    /// Makes room for all that a span may hold, once and for all. False: memory has run out.
    [[nodiscard]] bool make_room();
    /// Events that all the completions that fit into the queue may be of.
    [[nodiscard]] std::size_t completions_room() const { return 2 * std::size_t{uring_->get()->cq.ring_entries}; }

    void begin_span();
    void revisit();
    void show(Connection& connection, ConnectionId id);
    void confirm_silent();
    void take_completions();
    [[nodiscard]] bool take_received(const io_uring_cqe& completion);
    [[nodiscard, gnu::noinline]] bool take_received_slowly(Connection& connection, const io_uring_cqe& completion);
    void take_sent(const io_uring_cqe& completion);
    [[gnu::noinline]] void take_sent_slowly(Connection& connection, const io_uring_cqe& completion);
    [[gnu::noinline]] void take_other(const io_uring_cqe& completion);
    void take_closed(const io_uring_cqe& completion);
    void take_poll(const io_uring_cqe& completion);
    void accept_some(ListenerId listener);
    void spill(Connection& connection, ConnectionId id, Input input);
    [[nodiscard]] bool keep(Connection& connection, Input input);
    void lend(std::unique_ptr<Spill> spill);
    void finish_close(Connection& connection, ConnectionId id);
    void enter(Instant until);

    std::unique_ptr<Uring> uring_;
    std::unique_ptr<UringBuffers> buffers_;
    Fd waker_;
    EngineOptions options_;
    SlotArray<Connection> connections_;
    std::vector<Listener> listeners_;

    SparingVector<Event> events_;  ///< with room for all that a span may hold
    std::uint32_t turn_ = 0;
    std::uint32_t woken_in_turn_ = 0;  ///< the last one with a `woken`
    unsigned ready_ = 0;               ///< completions that the last system call left in the queue
    int failure_ = 0;                  ///< not 0: the errno with which the kernel refuses the ring from now on
    Instant now_ = std::chrono::steady_clock::now();

    std::unique_ptr<Spill> lent_spills_;  ///< a list of those that are used up, but shown with the span at hand
    Spares<Spill> spare_spills_;
    Spares<Message> spare_messages_;
    SparingVector<ConnectionId> silent_;  ///< their send completes without a word unless it fails
    /// They have something to show, or their receive ended: it was for once, or wanted for a buffer or room for completions.
    SlotQueue<Connection> revisited_{connections_};
};
static_assert(Engine<UringEngine>);

}  // namespace tinyhttpd::io
