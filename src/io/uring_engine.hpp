// SPDX-License-Identifier: MIT
// UringEngine: the engine contract on io_uring, Linux 6.0 or later. Each connection has one receive in the kernel for as long
// as it lives (multishot), which picks a buffer when bytes arrive; sends and closes gather in the submission queue until
// wait() hands them over and fetches completions in one system call. It knows nothing of what the bytes mean.
//
// Completions are taken from the queue a span at a time: one for a connection that already has an event in the span begins
// the next span. So the bytes that follow an answer are shown after the answer's `sent`, when receiving has been resumed.
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "base/fd.hpp"
#include "base/slot_array.hpp"
#include "base/verify.hpp"
#include "io/engine.hpp"
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

    void send(ConnectionId id, std::span<const Slice> slices);
    [[nodiscard]] std::uint64_t sent_so_far(ConnectionId id) const {
        const Connection& connection = connections_[id.slot];
        return connection.generation == id.generation && connection.send_left > 0 ? connection.sent : 0;
    }
    void shutdown_send(ConnectionId id) {
        VERIFY(at(id).send_left == 0);
        ::shutdown(at(id).fd, SHUT_WR);  // not as an operation of the ring: that would run on a thread of the kernel's
    }
    void close(ConnectionId id);

    [[nodiscard]] std::span<const Event> wait(std::optional<Instant> deadline);
    [[nodiscard]] Instant now() const { return now_; }

    void wake();

private:
    /// The state of a connection's receive in the kernel.
    enum class Receive : std::uint8_t {
        none,        ///< not in the kernel: to be armed again when wanted
        armed,       ///< will complete again and again
        cancelling,  ///< will complete once more, with or without bytes
        ended,       ///< FIN or an error came
    };
    enum class Life : std::uint8_t { free, open, closing, descriptor_closed };

    struct Input {
        const char* data;
        int result;
    };

    /// Input of a connection that is paused, copied so that it does not hold receive buffers.
    struct Spill {
        std::vector<char> bytes;
        std::size_t shown = 0;
        int end = 0;  ///< what to show after the bytes: 0 or a negative errno
        bool ended = false;

        [[nodiscard]] std::size_t left() const { return bytes.size() - shown; }
    };

    /// Several slices on their way: the kernel reads them until the send completes.
    struct Message {
        msghdr header{};
        std::array<iovec, Batch::capacity> vectors;

        void advance(std::size_t bytes);
    };

    struct Connection {
        int fd = -1;
        std::uint32_t generation = 0;
        const char* send_data = nullptr;   ///< of a single slice, what is left of it
        std::size_t send_left = 0;         ///< not 0: a send is running
        std::uint64_t sent = 0;            ///< bytes of the running send that the kernel has taken
        std::unique_ptr<Message> message;  ///< null: a single slice
        std::unique_ptr<Spill> spill;      ///< input, or its end, that has not been shown
        std::uint32_t turn = 0;            ///< of the last span with an event for this connection
        Receive receive = Receive::none;
        Life life = Life::free;
        bool wanted = false;  ///< receiving is not paused
        bool queued = false;  ///< in spilled_
    };

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

    [[nodiscard]] io_uring_sqe* submission();
    void arm_poll(std::uint32_t index, int fd);
    void arm_receive(Connection& connection, ConnectionId id);
    void arm_receive_if_wanted(Connection& connection, ConnectionId id);
    void cancel(std::uint64_t operation);
    void submit_send(Connection& connection, ConnectionId id);
    void resume_slowly(Connection& connection, ConnectionId id);

    void begin_span();
    void show_spilled();
    void take_completions();
    [[nodiscard]] bool take(const io_uring_cqe& completion);
    [[nodiscard]] bool take_received(const io_uring_cqe& completion, ConnectionId id);
    [[nodiscard]] bool take_sent(const io_uring_cqe& completion, ConnectionId id);
    void take_poll(std::uint32_t index);
    void accept_some(ListenerId listener);
    void spill(Connection& connection, ConnectionId id, Input input);
    void finish_close(Connection& connection, ConnectionId id);
    void enter(std::optional<Instant> deadline);

    std::unique_ptr<Uring> uring_;
    std::unique_ptr<UringBuffers> buffers_;
    Fd waker_;
    EngineOptions options_;
    SlotArray<Connection> connections_;
    std::vector<Listener> listeners_;

    std::vector<Event> events_;
    std::uint32_t turn_ = 0;
    unsigned ready_ = 0;  ///< completions that the last system call left in the queue
    Instant now_ = std::chrono::steady_clock::now();

    std::vector<std::uint16_t> lent_;                   ///< receive buffers whose bytes are in events_
    std::vector<std::unique_ptr<Spill>> lent_spills_;   ///< the same, of spills that are used up
    std::vector<std::unique_ptr<Spill>> spare_spills_;  ///< for reuse
    std::vector<std::unique_ptr<Message>> spare_messages_;
    std::vector<ConnectionId> spilled_;  ///< resumed with something to show
    std::vector<ConnectionId> showing_;  ///< spilled_, while it is gone through
    std::vector<ConnectionId> starved_;  ///< their receive ended for want of buffers, or of room for completions
};
static_assert(Engine<UringEngine>);

}  // namespace tinyhttpd::io
