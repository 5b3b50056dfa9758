// SPDX-License-Identifier: MIT
#include "io/uring_engine.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "io/socket_calls.hpp"

namespace tinyhttpd::io {

namespace {

/// What an operation was, in its user_data: the kind and the slot (low half), the generation (high half).
enum class Kind : std::uint8_t { receive, send, close, poll, cancel };
constexpr unsigned kind_bits = 3;

constexpr std::uint64_t make_tag(Kind kind, ConnectionId id) {
    return std::uint64_t{id.generation} << 32 | std::uint64_t{id.slot} << kind_bits | static_cast<std::uint64_t>(kind);
}
constexpr Kind kind_of(std::uint64_t tag) {
    return static_cast<Kind>(tag & ((1U << kind_bits) - 1));
}
constexpr ConnectionId id_of(std::uint64_t tag) {
    return {static_cast<std::uint32_t>(tag) >> kind_bits, static_cast<std::uint32_t>(tag >> 32)};
}

/// The waker is polled like a listener, under the index after the last that a tag can hold.
constexpr std::uint32_t waker_index = (std::uint32_t{1} << (32 - kind_bits)) - 1;

constexpr int buffer_group = 0;
constexpr std::size_t buffer_memory_bytes = 1024 * 1024;
constexpr std::size_t buffers_max = 256;
constexpr std::size_t buffers_min = 8;
constexpr Uring::Size ring_size{.submissions = 256, .completions = 2048};

constexpr int accepts_per_turn = 16;
constexpr std::size_t spares_kept = 32;
constexpr std::size_t spare_bytes_max = 64 * 1024;

/// Results that say nothing about the connection: the operation is to be tried again. ENOBUFS: all receive buffers were taken.
bool is_passing(int result) {
    return result == -EINTR || result == -EAGAIN || result == -ENOBUFS || result == -ECANCELED;
}

template <class T>
void keep_spare(std::vector<std::unique_ptr<T>>& spares, std::unique_ptr<T> spare) {
    if (spares.size() < spares_kept) spares.push_back(std::move(spare));
}
template <class T>
std::unique_ptr<T> take_spare(std::vector<std::unique_ptr<T>>& spares) {
    if (spares.empty()) return std::make_unique<T>();
    std::unique_ptr<T> spare = std::move(spares.back());
    spares.pop_back();
    return spare;
}

}  // namespace

Result<std::unique_ptr<UringEngine>> UringEngine::create(const EngineOptions& options, std::span<const unsigned> flag_sets) {
    VERIFY(options.max_connections <= waker_index);
    TRY(auto uring, Uring::create(ring_size, flag_sets));
    const std::size_t affordable = std::bit_floor(std::clamp(buffer_memory_bytes / options.receive_bytes, buffers_min, buffers_max));
    TRY(auto buffers, UringBuffers::create(*uring, buffer_group, static_cast<unsigned>(affordable), options.receive_bytes));
    Fd waker(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!waker) return fail("create an eventfd");
    return std::make_unique<UringEngine>(std::move(uring), std::move(buffers), std::move(waker), options);
}

UringEngine::UringEngine(std::unique_ptr<Uring> uring, std::unique_ptr<UringBuffers> buffers, Fd waker, const EngineOptions& options)
    : uring_(std::move(uring)), buffers_(std::move(buffers)), waker_(std::move(waker)), options_(options) {
    arm_poll(waker_index, waker_.get());
}

UringEngine::~UringEngine() {
    io_uring_submit(uring_->get());  // closes that wait in the queue
    uring_->end_all();
    for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
        if (connections_[slot].fd >= 0) ::close(connections_[slot].fd);
    }
}

// ---- submissions

/// An empty entry of the submission queue. A full queue is handed to the kernel first.
io_uring_sqe* UringEngine::submission() {
    for (;;) {
        io_uring_sqe* entry = io_uring_get_sqe(uring_->get());
        if (entry != nullptr) [[likely]]
            return entry;
        const int submitted = io_uring_submit(uring_->get());
        if (submitted > 0) continue;
        // io_uring_enter(2): EAGAIN, memory for requests has run out for now; EINTR; EBUSY, too many completions wait.
        VERIFY(submitted == 0 || submitted == -EAGAIN || submitted == -EINTR || submitted == -EBUSY);
        ::sched_yield();
    }
}

/// One completion once `fd` is readable. Not an accept in the kernel: of several engines on one socket that wakes the first,
/// however busy it is, and it goes on accepting for a moment after a pause; and a poll is level-triggered each time it is armed.
void UringEngine::arm_poll(std::uint32_t index, int fd) {
    io_uring_sqe* entry = submission();
    io_uring_prep_poll_add(entry, fd, POLLIN);
    io_uring_sqe_set_data64(entry, make_tag(Kind::poll, {index, 0}));
}

void UringEngine::arm_receive(Connection& connection, ConnectionId id) {
    io_uring_sqe* entry = submission();
    io_uring_prep_recv_multishot(entry, connection.fd, nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = buffer_group;
    io_uring_sqe_set_data64(entry, make_tag(Kind::receive, id));
    connection.receive = Receive::armed;
}

void UringEngine::arm_receive_if_wanted(Connection& connection, ConnectionId id) {
    if (connection.receive == Receive::none && connection.wanted && !connection.spill) arm_receive(connection, id);
}

void UringEngine::cancel(std::uint64_t operation) {
    io_uring_sqe* entry = submission();
    io_uring_prep_cancel64(entry, operation, 0);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(entry, static_cast<std::uint64_t>(Kind::cancel));
}

void UringEngine::submit_send(Connection& connection, ConnectionId id) {
    io_uring_sqe* entry = submission();
    if (connection.message) {
        io_uring_prep_sendmsg(entry, connection.fd, &connection.message->header, MSG_NOSIGNAL);
    } else {
        io_uring_prep_send(entry, connection.fd, connection.send_data, connection.send_left, MSG_NOSIGNAL);
    }
    io_uring_sqe_set_data64(entry, make_tag(Kind::send, id));
}

// ---- verbs

Result<void> UringEngine::add_listener(ListenerId listener, int fd) {
    if (listener >= listeners_.size()) listeners_.resize(listener + 1);
    listeners_[listener] = {.fd = fd, .accepting = true, .armed = true};
    arm_poll(listener, fd);
    return {};
}

void UringEngine::pause_accept(ListenerId listener) {
    // The poll is taken back, since it would keep the socket listening after its owner has closed it.
    if (std::exchange(listeners_[listener].accepting, false) && listeners_[listener].armed) cancel(make_tag(Kind::poll, {listener, 0}));
}

void UringEngine::resume_accept(ListenerId listener) {
    Listener& resumed = listeners_[listener];
    resumed.accepting = true;
    // One that is armed may be about to be cancelled: take_poll() then arms it again.
    if (!std::exchange(resumed.armed, true)) arm_poll(listener, resumed.fd);
}

Result<void> UringEngine::open(ConnectionId id, int fd) {
    VERIFY(id.slot < options_.max_connections);
    connections_.ensure(id.slot);
    Connection& connection = connections_[id.slot];
    VERIFY(connection.life == Life::free);
    connection.fd = fd;
    connection.generation = id.generation;
    connection.receive = Receive::none;
    connection.life = Life::open;
    connection.wanted = true;
    connection.queued = false;
    arm_receive(connection, id);
    return {};
}

void UringEngine::resume_slowly(Connection& connection, ConnectionId id) {
    if (connection.spill) {
        if (!std::exchange(connection.queued, true)) spilled_.push_back(id);
    } else {
        arm_receive_if_wanted(connection, id);
    }
}

void UringEngine::send(ConnectionId id, std::span<const Slice> slices) {
    Connection& connection = at(id);
    VERIFY(connection.send_left == 0 && !slices.empty() && slices.size() <= Batch::capacity);
    connection.sent = 0;
    if (slices.size() == 1) [[likely]] {
        connection.send_data = slices[0].data;
        connection.send_left = slices[0].size;
    } else {
        connection.message = take_spare(spare_messages_);
        Message& message = *connection.message;
        for (std::size_t i = 0; i < slices.size(); ++i) {
            message.vectors[i] = {const_cast<char*>(slices[i].data), slices[i].size};
            connection.send_left += slices[i].size;
        }
        message.header = {};
        message.header.msg_iov = message.vectors.data();
        message.header.msg_iovlen = slices.size();
    }
    submit_send(connection, id);
}

void UringEngine::Message::advance(std::size_t bytes) {
    iovec*& first = header.msg_iov;
    while (header.msg_iovlen > 0 && bytes >= first->iov_len) {
        bytes -= first->iov_len;
        ++first;
        --header.msg_iovlen;
    }
    if (bytes > 0) *first = {static_cast<char*>(first->iov_base) + bytes, first->iov_len - bytes};
}

void UringEngine::close(ConnectionId id) {
    Connection& connection = at(id);
    connection.life = Life::closing;
    connection.wanted = false;
    // What of it is in the span at hand stays there until the next one.
    if (connection.spill) lent_spills_.push_back(std::move(connection.spill));
    // An operation in the kernel holds on to the socket: only when all have ended is it closed, and the memory of a send free.
    if (connection.send_left > 0) cancel(make_tag(Kind::send, id));
    if (connection.receive == Receive::armed) {
        cancel(make_tag(Kind::receive, id));
        connection.receive = Receive::cancelling;
    }
    io_uring_sqe* entry = submission();
    io_uring_prep_close(entry, connection.fd);
    io_uring_sqe_set_data64(entry, make_tag(Kind::close, id));
    connection.fd = -1;
}

void UringEngine::wake() {
    const int saved = errno;  // a signal handler may be the caller
    const std::uint64_t one = 1;
    // EAGAIN means that the counter is full, so a wake-up is pending anyway.
    [[maybe_unused]] const ssize_t written = ::write(waker_.get(), &one, sizeof one);
    errno = saved;
}

// ---- completions

std::span<const Event> UringEngine::wait(std::optional<Instant> deadline) {
    begin_span();
    for (;;) {
        show_spilled();
        take_completions();
        if (!events_.empty()) return events_;
        if (ready_ == 0 && spilled_.empty()) {
            enter(deadline);
            if (ready_ == 0 && deadline && now_ >= *deadline) return events_;
        }
    }
}

/// What was lent with the last span is given back.
void UringEngine::begin_span() {
    ++turn_;
    events_.clear();
    for (const std::uint16_t buffer : lent_) buffers_->give_back(buffer);
    lent_.clear();
    for (auto& used : lent_spills_) {
        if (used->bytes.capacity() > spare_bytes_max) continue;
        used->bytes.clear();
        used->shown = 0;
        used->ended = false;
        keep_spare(spare_spills_, std::move(used));
    }
    lent_spills_.clear();
}

void UringEngine::enter(std::optional<Instant> deadline) {
    buffers_->publish();
    for (const ConnectionId id : starved_) {
        Connection& connection = connections_[id.slot];
        if (connection.life == Life::open && connection.generation == id.generation) arm_receive_if_wanted(connection, id);
    }
    starved_.clear();

    io_uring* ring = uring_->get();
    // Results but those of the queue itself do not matter: what was not submitted stays in it for the next time.
    if (io_uring_cq_ready(ring) > 0 || (deadline && *deadline <= now_)) {
        io_uring_submit_and_get_events(ring);
    } else if (deadline) {
        const auto left = *deadline - now_;
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
        __kernel_timespec timeout{.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(left - seconds).count()};
        io_uring_cqe* first = nullptr;
        io_uring_submit_and_wait_timeout(ring, &first, 1, &timeout, nullptr);
    } else {
        io_uring_submit_and_wait(ring, 1);
    }
    now_ = std::chrono::steady_clock::now();
    ready_ = io_uring_cq_ready(ring);
}

void UringEngine::take_completions() {
    io_uring* ring = uring_->get();
    const unsigned head = *ring->cq.khead;
    const unsigned mask = *ring->cq.kring_mask;
    unsigned taken = 0;
    while (taken < ready_ && take(ring->cq.cqes[(head + taken) & mask])) ++taken;
    ready_ -= taken;
    io_uring_cq_advance(ring, taken);
}

/// False: it belongs to the next span.
bool UringEngine::take(const io_uring_cqe& completion) {
    const ConnectionId id = id_of(completion.user_data);
    switch (kind_of(completion.user_data)) {
        case Kind::receive: return take_received(completion, id);
        case Kind::send: return take_sent(completion, id);
        case Kind::close:
            connections_[id.slot].life = Life::descriptor_closed;
            finish_close(connections_[id.slot], id);
            return true;
        case Kind::poll: take_poll(id.slot); return true;
        case Kind::cancel: return true;  // what was to be cancelled had ended by itself
    }
    VERIFY(false);
}

bool UringEngine::take_received(const io_uring_cqe& completion, ConnectionId id) {
    Connection& connection = connections_[id.slot];
    VERIFY(connection.generation == id.generation);
    if (connection.turn == turn_ && !events_.empty()) return false;

    const bool has_buffer = (completion.flags & IORING_CQE_F_BUFFER) != 0;
    const unsigned buffer = completion.flags >> IORING_CQE_BUFFER_SHIFT;
    if ((completion.flags & IORING_CQE_F_MORE) == 0) [[unlikely]] {
        connection.receive = completion.res > 0 || is_passing(completion.res) ? Receive::none : Receive::ended;
        if (connection.receive == Receive::none) starved_.push_back(id);
    }
    const bool tells = connection.life == Life::open && (completion.res > 0 || connection.receive == Receive::ended);
    if (tells && connection.wanted && !connection.spill) [[likely]] {
        connection.turn = turn_;
        events_.push_back(
            {.kind = EventKind::received, .result = completion.res, .connection = id, .data = has_buffer ? buffers_->at(buffer) : nullptr});
        if (has_buffer) lent_.push_back(static_cast<std::uint16_t>(buffer));
        return true;
    }
    if (tells) spill(connection, id, {has_buffer ? buffers_->at(buffer) : nullptr, completion.res});
    if (has_buffer) buffers_->give_back(buffer);
    finish_close(connection, id);
    return true;
}

/// Keeps for show_spilled() what comes while receiving is paused, and what comes behind that.
void UringEngine::spill(Connection& connection, ConnectionId id, Input input) {
    if (!connection.spill) connection.spill = take_spare(spare_spills_);
    Spill& spill = *connection.spill;
    if (input.result > 0) {
        spill.bytes.insert(spill.bytes.end(), input.data, input.data + input.result);
    } else {
        spill.end = input.result;
        spill.ended = true;
    }
    // A peer that goes on sending is not read any more. What its receive completes until it is cancelled is bounded: the
    // kernel takes at most 32 buffers in a row from one socket.
    if (connection.receive == Receive::armed && spill.left() >= options_.receive_bytes) {
        cancel(make_tag(Kind::receive, id));
        connection.receive = Receive::cancelling;
    }
}

void UringEngine::show_spilled() {
    if (spilled_.empty()) [[likely]]
        return;
    std::swap(showing_, spilled_);
    for (const ConnectionId id : showing_) {
        Connection& connection = connections_[id.slot];
        if (connection.generation != id.generation || connection.life != Life::open) continue;
        connection.queued = false;
        if (!connection.spill || !connection.wanted) continue;
        Spill& spill = *connection.spill;
        const std::size_t size = std::min(spill.left(), options_.receive_bytes);
        connection.turn = turn_;
        events_.push_back({.kind = EventKind::received,
                           .result = size > 0 ? static_cast<int>(size) : spill.end,
                           .connection = id,
                           .data = spill.bytes.data() + spill.shown});
        const bool more = size > 0 && spill.ended;
        spill.shown += size;
        if (more || spill.left() > 0) {
            connection.queued = true;
            spilled_.push_back(id);
        } else {
            lent_spills_.push_back(std::move(connection.spill));
            arm_receive_if_wanted(connection, id);
        }
    }
    showing_.clear();
}

bool UringEngine::take_sent(const io_uring_cqe& completion, ConnectionId id) {
    Connection& connection = connections_[id.slot];
    VERIFY(connection.generation == id.generation && connection.send_left > 0);
    int result = completion.res;
    if (result > 0) {
        const auto bytes = static_cast<std::size_t>(result);
        connection.sent += bytes;
        connection.send_left -= bytes;
        result = 0;
        if (connection.send_left > 0) {
            connection.message ? connection.message->advance(bytes) : void(connection.send_data += bytes);
        }
    }
    const bool completed = connection.send_left == 0;
    if (!completed && connection.life == Life::open && (result == 0 || is_passing(result))) {
        submit_send(connection, id);
        return true;
    }
    connection.send_left = 0;
    if (connection.message) keep_spare(spare_messages_, std::move(connection.message));
    if (completed || connection.life == Life::open) {
        connection.turn = turn_;
        events_.push_back({.kind = EventKind::sent, .result = result, .connection = id});
    }
    finish_close(connection, id);
    return true;
}

void UringEngine::finish_close(Connection& connection, ConnectionId id) {
    if (connection.life != Life::descriptor_closed || connection.send_left > 0) return;
    if (connection.receive == Receive::armed || connection.receive == Receive::cancelling) return;
    connection.life = Life::free;
    events_.push_back({.kind = EventKind::closed, .connection = id});
}

void UringEngine::take_poll(std::uint32_t index) {
    if (index == waker_index) {
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t drained = ::read(waker_.get(), &count, sizeof count);
        events_.push_back({.kind = EventKind::woken});
        return arm_poll(waker_index, waker_.get());
    }
    listeners_[index].armed = false;
    accept_some(index);
    if (listeners_[index].accepting) resume_accept(index);
}

void UringEngine::accept_some(ListenerId listener) {
    Listener& accepting = listeners_[listener];
    for (int i = 0; i < accepts_per_turn && accepting.accepting; ++i) {
        const int fd = accept_connection(accepting.fd);
        if (fd == -EAGAIN) return;
        if (fd < 0) accepting.accepting = false;
        events_.push_back({.kind = EventKind::accepted, .result = fd, .listener = listener});
    }
}

}  // namespace tinyhttpd::io
