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

constexpr int buffer_group = 0;
constexpr std::size_t buffer_memory_bytes = 512 * 1024;
constexpr std::size_t buffers_max = 128;
constexpr std::size_t buffers_min = 8;
constexpr Uring::Size ring_size{.submissions = 256, .completions = 2048};

constexpr std::size_t spare_bytes_max = 64 * 1024;

/// Sends whose silence means success; one more than these completes aloud.
constexpr std::size_t silent_max = ring_size.completions;

/// Linux 6.17 and 6.18 at least lose the end of a unix socket's stream for a multishot receive: when a FIN follows bytes before
/// the receive gets to run, the one is read, and nothing wakes it for the other. TCP reports the FIN as one more byte to read.
bool multishot_sees_the_end(int fd) {
    int domain = AF_UNIX;
    socklen_t size = sizeof domain;
    ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    return domain != AF_UNIX;
}

}  // namespace

Result<std::unique_ptr<UringEngine>> UringEngine::create(const EngineOptions& options, std::span<const unsigned> flag_sets) {
    TRY(auto uring, Uring::create(ring_size, flag_sets));
    const std::size_t affordable = std::bit_floor(std::clamp(buffer_memory_bytes / options.receive_bytes, buffers_min, buffers_max));
    TRY(auto buffers, UringBuffers::create(*uring, buffer_group, static_cast<unsigned>(affordable), options.receive_bytes));
    Fd waker(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!waker) return fail("create an eventfd");
    auto engine = std::make_unique<UringEngine>(std::move(uring), std::move(buffers), std::move(waker), options);
    if (!engine->make_room()) return fail("start an engine", {}, ENOMEM);
    return engine;
}

UringEngine::UringEngine(std::unique_ptr<Uring> uring, std::unique_ptr<UringBuffers> buffers, Fd waker, const EngineOptions& options)
    : uring_(std::move(uring)), buffers_(std::move(buffers)), waker_(std::move(waker)), options_(options) {
    arm_waker();
}

UringEngine::~UringEngine() {
    if (failure_ == 0) static_cast<void>(uring_->submit());  // closes that wait in the queue
    uring_->end_all();
    // A descriptor that the ring has closed may be somebody else's by now.
    io_uring* const ring = uring_->get();
    do {
        unsigned head = 0;
        unsigned count = 0;
        const io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(ring, head, completion) {
            ++count;
            if (uring_tag::kind_of(completion->user_data) == Operation::close) take_closed(*completion);
        }
        io_uring_cq_advance(ring, count);
    } while (io_uring_cq_has_overflow(ring) && io_uring_get_events(ring) >= 0);
    for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
        if (connections_[slot].gathered) drop_message(connections_[slot]);
        if (connections_[slot].fd >= 0) ::close(connections_[slot].fd);
    }
}

bool UringEngine::make_room() {
    // Each silent send and each completion may be of two events: a `sent`, and a `closed` that waited for it. accept_some() sees to
    // itself, and revisit() shows so many at most.
    const std::size_t most = 2 * silent_max + completions_room() + accepts_room + shown_max;
    // A message at least, so that memory which others hold on to does not keep this worker from answering anybody for ever.
    std::unique_ptr<Message> message = spare_messages_.take();
    const bool is_one_spare = message != nullptr;
    spare_messages_.keep(std::move(message));
    return is_one_spare && silent_.reserve(silent_max) && events_.reserve(most);
}

// ---- submissions

io_uring_sqe* UringEngine::submission_of_full_queue() {
    while (failure_ == 0) {
        failure_ = uring_->submit();
        if (io_uring_sqe* entry = uring_->next_entry(); entry != nullptr) return entry;
        ::sched_yield();
    }
    return uring_->get()->sq.sqes;  // any: nothing is submitted any more
}

/// One completion once somebody can be accepted. Not an accept in the kernel: of several engines on one socket that wakes the first,
/// however busy it is, and it goes on accepting for a moment after a pause; and a poll is level-triggered each time it is armed.
void UringEngine::arm_listener(ListenerId listener) {
    io_uring_sqe* entry = submission();
    io_uring_prep_poll_add(entry, listeners_[listener].fd, POLLIN);
    io_uring_sqe_set_data64(entry, uring_tag::make(Operation::poll, {listener, 0}));
}

/// At least one completion after each write to it, whatever the counter is (this poll is edge-triggered): so nobody has to read it.
void UringEngine::arm_waker() {
    io_uring_sqe* entry = submission();
    io_uring_prep_poll_multishot(entry, waker_.get(), POLLIN);
    io_uring_sqe_set_data64(entry, uring_tag::make(Operation::poll, {waker_index, 0}));
}

void UringEngine::arm_receive(Connection& connection, ConnectionId id) {
    io_uring_sqe* entry = submission();
    io_uring_prep_recv(entry, connection.fd, nullptr, 0, 0);
    if (connection.multishot) entry->ioprio |= IORING_RECV_MULTISHOT;
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = buffer_group;
    io_uring_sqe_set_data64(entry, uring_tag::make(Operation::receive, id));
    connection.receive = Receive::armed;
}

void UringEngine::arm_receive_if_wanted(Connection& connection, ConnectionId id) {
    if (connection.receive == Receive::none && connection.wanted && !connection.spill) arm_receive(connection, id);
}

void UringEngine::cancel(std::uint64_t operation) {
    io_uring_sqe* entry = submission();
    io_uring_prep_cancel64(entry, operation, 0);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(entry, uring_tag::make(Operation::cancel, {}));
}

void UringEngine::submit_send_again(Connection& connection, ConnectionId id) {
    submit_send(connection, id, Urgency::prompt);
}

/// In place of a send for which there is no memory: it completes with EBADF, from a later wait() as all that was submitted.
void UringEngine::submit_failure(ConnectionId id) {
    io_uring_sqe* entry = submission();
    io_uring_prep_send(entry, -1, nullptr, 0, 0);
    io_uring_sqe_set_data64(entry, uring_tag::make(Operation::send, id));
}

// ---- verbs

Result<void> UringEngine::add_listener(ListenerId listener, int fd) {
    if (listener >= listeners_.size()) listeners_.resize(listener + 1);
    listeners_[listener] = {.fd = fd, .accepting = true, .armed = true};
    arm_listener(listener);
    return {};
}

void UringEngine::pause_accept(ListenerId listener) {
    // The poll is taken back, since it would keep the socket listening after its owner has closed it.
    if (std::exchange(listeners_[listener].accepting, false) && listeners_[listener].armed)
        cancel(uring_tag::make(Operation::poll, {listener, 0}));
}

void UringEngine::resume_accept(ListenerId listener) {
    Listener& resumed = listeners_[listener];
    resumed.accepting = true;
    // One that is armed may be about to be cancelled: take_poll() then arms it again.
    if (!std::exchange(resumed.armed, true)) arm_listener(listener);
}

Result<void> UringEngine::open(ConnectionId id, int fd) {
    VERIFY(id.slot < options_.max_connections && id.slot < waker_index);
    if (!connections_.ensure(id.slot)) {
        ::close(fd);
        return fail("open a connection", {}, ENOMEM);
    }
    Connection& connection = connections_[id.slot];
    VERIFY(connection.life == Life::free);
    connection.fd = fd;
    connection.generation = id.generation;
    connection.receive = Receive::none;
    connection.life = Life::open;
    connection.wanted = true;
    connection.starved = false;
    connection.multishot = multishot_sees_the_end(fd);
    arm_receive(connection, id);
    return {};
}

void UringEngine::resume_slowly(Connection& connection, ConnectionId id) {
    if (connection.spill || connection.starved) {
        revisited_.push(id.slot);
    } else {
        arm_receive_if_wanted(connection, id);
    }
}

bool UringEngine::gather(Connection& connection, std::span<const Slice> slices) {
    std::unique_ptr<Message> taken = spare_messages_.take();
    if (!taken) return false;
    connection.outgoing.message = taken.release();
    connection.gathered = true;
    Message& message = *connection.outgoing.message;
    message.sent = 0;
    message.header = {};
    message.header.msg_iov = message.vectors.data();
    message.header.msg_iovlen = slices.size();
    connection.send_left = 0;
    for (std::size_t i = 0; i < slices.size(); ++i) {
        message.vectors[i] = {const_cast<char*>(slices[i].data), slices[i].size};
        connection.send_left += slices[i].size;
    }
    return true;
}

void UringEngine::drop_message(Connection& connection) {
    spare_messages_.keep(std::unique_ptr<Message>(connection.outgoing.message));
    connection.gathered = false;
}

void UringEngine::close(ConnectionId id) {
    Connection& connection = at(id);
    connection.life = Life::closing;
    connection.wanted = false;
    // What of it is in the span at hand stays until the next one.
    if (connection.spill) lend(std::move(connection.spill));
    // An operation in the kernel holds on to the socket: only when all have ended is it closed, and the memory of a send free.
    if (connection.send_left > 0) cancel(uring_tag::make(Operation::send, id));
    if (connection.receive == Receive::armed) {
        cancel(uring_tag::make(Operation::receive, id));
        connection.receive = Receive::cancelling;
    }
    io_uring_sqe* entry = submission();
    io_uring_prep_close(entry, connection.fd);
    io_uring_sqe_set_data64(entry, uring_tag::make(Operation::close, id));
}

void UringEngine::reset(ConnectionId id) {
    reset_at_close(at(id).fd);
    close(id);
}

std::size_t UringEngine::unreceived(ConnectionId id) const {
    const Connection& connection = connections_[id.slot];
    return connection.life == Life::open && connection.generation == id.generation ? unreceived_bytes(connection.fd) : 0;
}

void UringEngine::wake() {
    const int saved = errno;  // a signal handler may be the caller
    const std::uint64_t one = 1;
    // The counter has room for 584 years of a write each nanosecond.
    [[maybe_unused]] const ssize_t written = ::write(waker_.get(), &one, sizeof one);
    errno = saved;
}

std::span<const Event> UringEngine::wait(std::optional<Instant> deadline) {
    const Instant until = deadline.value_or(Instant::max());
    begin_span();
    for (;;) {
        if (ready_ == 0 && revisited_.empty()) {
            enter(until);
            if (failure_ != 0) [[unlikely]] {
                events_.push_reserved({.kind = EventKind::failed, .result = -failure_});
                return events_.span();
            }
            if (ready_ == 0 && events_.empty() && now_ >= until) return events_.span();
        }
        if (!revisited_.empty()) [[unlikely]]
            revisit();
        take_completions();
        if (!events_.empty()) return events_.span();
    }
}

/// What was lent with the last span is given back.
void UringEngine::begin_span() {
    ++turn_;
    events_.clear();
    while (lent_spills_) [[unlikely]] {
        std::unique_ptr<Spill> used = std::move(lent_spills_);
        lent_spills_ = std::move(used->next);
        if (used->bytes.capacity() > spare_bytes_max) continue;
        used->clear();
        spare_spills_.keep(std::move(used));
    }
}

void UringEngine::enter(Instant until) {
    buffers_->publish();
    if (!silent_.empty()) until = relaxed_deadline(until, now_);
    io_uring* const ring = uring_->get();
    // It does not wait if there are completions in the queue already.
    if (failure_ == 0) failure_ = uring_->enter(time_left(until, now_));
    now_ = std::chrono::steady_clock::now();
    ready_ = io_uring_cq_ready(ring);
    if (!silent_.empty() && failure_ == 0) confirm_silent();
}

}  // namespace tinyhttpd::io
