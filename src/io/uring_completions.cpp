// SPDX-License-Identifier: MIT
// The half of UringEngine that turns completions into events; uring_engine.cpp has the verbs and the submissions.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "io/socket_calls.hpp"
#include "io/uring_engine.hpp"

namespace tinyhttpd::io {

namespace {

/// Results that say nothing about the connection: the operation is to be tried again. ENOBUFS: all receive buffers were taken.
bool is_passing(int result) {
    return result == -EINTR || result == -EAGAIN || result == -ENOBUFS || result == -ECANCELED;
}

}  // namespace

/// After a system call: the silent sends of which no completion speaks have succeeded, if all were submitted and no completion
/// still waits for room in the queue.
void UringEngine::confirm_silent() {
    io_uring* const ring = uring_->get();
    if (uring_->unsubmitted() > 0 || io_uring_cq_has_overflow(ring)) [[unlikely]]
        return;
    const io_uring_cqe* const queue = ring->cq.cqes;
    const unsigned mask = ring->cq.ring_mask;
    const unsigned begin = *ring->cq.khead;
    for (unsigned next = begin; next != begin + ready_; ++next) {
        const std::uint64_t tag = queue[next & mask].user_data;
        if (uring_tag::kind_of(tag) == Operation::send) [[unlikely]]
            connections_[uring_tag::id_of(tag).slot].silent = false;
    }
    for (const ConnectionId id : silent_) {
        Connection& connection = connections_[id.slot];
        if (connection.generation != id.generation || !std::exchange(connection.silent, false)) continue;
        connection.send_left = 0;
        if (connection.gathered) [[unlikely]]
            drop_message(connection);
        events_.push_reserved({.kind = EventKind::sent, .connection = id});
        if (connection.life != Life::open) [[unlikely]]
            finish_close(connection, id);
    }
    silent_.clear();
}

void UringEngine::take_completions() {
    io_uring* const ring = uring_->get();
    const io_uring_cqe* const queue = ring->cq.cqes;
    const unsigned mask = ring->cq.ring_mask;
    const unsigned begin = *ring->cq.khead;
    const unsigned end = begin + ready_;
    unsigned next = begin;
    for (; next != end; ++next) {
        const io_uring_cqe& completion = queue[next & mask];
        const Operation kind = uring_tag::kind_of(completion.user_data);
        if (kind == Operation::receive) {
            if (!take_received(completion)) break;
        } else if (kind == Operation::send) {
            take_sent(completion);
        } else {
            take_other(completion);
        }
    }
    ready_ = end - next;
    io_uring_cq_advance(ring, next - begin);
}

/// The connection is there: it is not free before all of its operations have completed.
UringEngine::Connection& UringEngine::connection_of(const io_uring_cqe& completion) {
    const ConnectionId id = uring_tag::id_of(completion.user_data);
    Connection& connection = connections_[id.slot];
    VERIFY(connection.generation == id.generation);
    return connection;
}

/// False: it belongs to the next span.
bool UringEngine::take_received(const io_uring_cqe& completion) {
    Connection& connection = connection_of(completion);
    if (connection.turn == turn_ && !events_.empty()) [[unlikely]]
        return false;
    constexpr unsigned usual = IORING_CQE_F_BUFFER | IORING_CQE_F_MORE;
    if ((completion.flags & usual) != usual || !connection.wanted || connection.starved || connection.spill) [[unlikely]]
        return take_received_slowly(connection, completion);
    const unsigned buffer = completion.flags >> IORING_CQE_BUFFER_SHIFT;
    connection.turn = turn_;
    events_.push_reserved({.kind = EventKind::received,
                           .result = completion.res,
                           .connection = uring_tag::id_of(completion.user_data),
                           .data = buffers_->at(buffer)});
    buffers_->give_back(buffer);
    return true;
}

/// The last completion of a receive, or one that comes while nobody wants it. False: it belongs to the next span.
bool UringEngine::take_received_slowly(Connection& connection, const io_uring_cqe& completion) {
    // The events before it may be what its receiver waits for: it is spilled only if receiving is still paused after those.
    if (!connection.wanted && connection.life == Life::open && !events_.empty()) return false;
    const ConnectionId id = uring_tag::id_of(completion.user_data);
    const int result = completion.res;
    const bool has_buffer = (completion.flags & IORING_CQE_F_BUFFER) != 0;
    const unsigned buffer = completion.flags >> IORING_CQE_BUFFER_SHIFT;
    const char* data = has_buffer ? buffers_->at(buffer) : nullptr;
    if (has_buffer) buffers_->give_back(buffer);
    if (result == -ENOBUFS) buffers_->provide_more();
    if ((completion.flags & IORING_CQE_F_MORE) == 0) {
        connection.receive = (result > 0 || is_passing(result)) && !connection.starved ? Receive::none : Receive::ended;
        if (connection.receive == Receive::none || connection.starved) revisited_.push(id.slot);
    }
    if (connection.life != Life::open) {
        finish_close(connection, id);
    } else if (result <= 0 && connection.receive != Receive::ended) {
        // Nothing has come.
    } else if (!connection.wanted || connection.spill || connection.starved) {
        spill(connection, id, {data, result});
    } else {
        connection.turn = turn_;
        events_.push_reserved({.kind = EventKind::received, .result = result, .connection = id, .data = data});
    }
    return true;
}

void UringEngine::take_sent(const io_uring_cqe& completion) {
    Connection& connection = connection_of(completion);
    VERIFY(connection.send_left > 0);
    connection.silent = false;
    if (completion.res < 0 || static_cast<std::size_t>(completion.res) != connection.send_left || connection.gathered ||
        connection.life != Life::open) [[unlikely]]
        return take_sent_slowly(connection, completion);
    connection.send_left = 0;
    events_.push_reserved({.kind = EventKind::sent, .connection = uring_tag::id_of(completion.user_data)});
}

/// A short write, several slices, an error, or a send that close() meant to cut.
void UringEngine::take_sent_slowly(Connection& connection, const io_uring_cqe& completion) {
    const ConnectionId id = uring_tag::id_of(completion.user_data);
    const auto taken = static_cast<std::size_t>(std::max(completion.res, 0));
    const bool completed = taken == connection.send_left;
    const bool goes_on = completion.res >= 0 || completion.res == -EAGAIN || completion.res == -EINTR;
    int result = std::min(completion.res, 0);
    if (connection.life == Life::open && !completed && goes_on) {
        const Slice all{connection.outgoing.data, connection.send_left};
        if (connection.gathered || gather(connection, std::span(&all, 1))) {
            connection.outgoing.message->advance(taken);
            connection.send_left -= taken;
            return submit_send_again(connection, id);
        }
        result = -ENOMEM;
    }
    connection.send_left = 0;
    if (connection.gathered) drop_message(connection);
    if (completed || connection.life == Life::open) {
        events_.push_reserved({.kind = EventKind::sent, .result = result, .connection = id});
    }
    finish_close(connection, id);
}

/// Keeps for show() what comes while receiving is paused, and what comes behind that. Behind a gap nothing is of use.
void UringEngine::spill(Connection& connection, ConnectionId id, Input input) {
    if (connection.starved) return;
    if (!keep(connection, input)) {
        connection.starved = true;
        if (connection.receive == Receive::none) connection.receive = Receive::ended;
    }
    // A peer that goes on sending is not read any more. What its receive completes until it is cancelled is bounded: the
    // kernel takes at most 32 buffers in a row from one socket.
    if (connection.receive == Receive::armed && (connection.starved || connection.spill->left() >= options_.receive_bytes)) {
        cancel(uring_tag::make(Operation::receive, id));
        connection.receive = Receive::cancelling;
    }
}

bool UringEngine::keep(Connection& connection, Input input) {
    if (!connection.spill) connection.spill = spare_spills_.take();
    if (!connection.spill) return false;
    Spill& spill = *connection.spill;
    if (input.result > 0) return spill.bytes.append({input.data, static_cast<std::size_t>(input.result)});
    spill.end = input.result;
    spill.ended = true;
    return true;
}

void UringEngine::lend(std::unique_ptr<Spill> spill) {
    spill->next = std::move(lent_spills_);
    lent_spills_ = std::move(spill);
}

/// Before the next system call: shows what was spilled, and arms what is to receive again.
void UringEngine::revisit() {
    for (std::uint32_t left = std::min(revisited_.size(), shown_max); left > 0; --left) {
        const std::uint32_t slot = revisited_.pop();
        Connection& connection = connections_[slot];
        if (connection.life != Life::open || !connection.wanted) continue;  // resume_receive() puts it back
        const ConnectionId id{slot, connection.generation};
        connection.spill || connection.starved ? show(connection, id) : arm_receive_if_wanted(connection, id);
    }
}

void UringEngine::show(Connection& connection, ConnectionId id) {
    if (!connection.spill) {
        if (connection.receive != Receive::ended) return;  // it is being cancelled, and comes back here when it has been
        connection.starved = false;
        events_.push_reserved({.kind = EventKind::received, .result = -ENOMEM, .connection = id});
        return;
    }
    Spill& spill = *connection.spill;
    const std::size_t size = std::min(spill.left(), options_.receive_bytes);
    connection.turn = turn_;
    if (size > 0 || spill.ended) {
        events_.push_reserved({.kind = EventKind::received,
                               .result = size > 0 ? static_cast<int>(size) : spill.end,
                               .connection = id,
                               .data = spill.bytes.data() + spill.shown});
    }
    const bool more = size > 0 && spill.ended;
    spill.shown += size;
    if (more || spill.left() > 0) return revisited_.push(id.slot);
    lend(std::move(connection.spill));
    connection.starved ? revisited_.push(id.slot) : arm_receive_if_wanted(connection, id);
}

void UringEngine::finish_close(Connection& connection, ConnectionId id) {
    if (connection.life != Life::descriptor_closed || connection.send_left > 0) return;
    if (connection.receive == Receive::armed || connection.receive == Receive::cancelling) return;
    connection.life = Life::free;
    events_.push_reserved({.kind = EventKind::closed, .connection = id});
}

void UringEngine::take_other(const io_uring_cqe& completion) {
    const ConnectionId id = uring_tag::id_of(completion.user_data);
    switch (uring_tag::kind_of(completion.user_data)) {
        case Operation::close: take_closed(completion); return finish_close(connections_[id.slot], id);
        case Operation::poll: return take_poll(completion);
        case Operation::cancel: return;  // what was to be cancelled had ended by itself
        case Operation::receive:
        case Operation::send: break;
    }
    VERIFY(false);
}

void UringEngine::take_closed(const io_uring_cqe& completion) {
    Connection& connection = connection_of(completion);
    // close(2) fails for a socket only if it is none. Any other error says that the operation was not carried out.
    if (completion.res < 0 && completion.res != -EBADF) ::close(connection.fd);
    connection.fd = -1;
    connection.life = Life::descriptor_closed;
}

void UringEngine::take_poll(const io_uring_cqe& completion) {
    const std::uint32_t index = uring_tag::id_of(completion.user_data).slot;
    if (index == waker_index) {
        if (std::exchange(woken_in_turn_, turn_) != turn_) events_.push_reserved({.kind = EventKind::woken});
        if ((completion.flags & IORING_CQE_F_MORE) == 0) arm_waker();
        return;
    }
    listeners_[index].armed = false;
    accept_some(index);
    if (listeners_[index].accepting) resume_accept(index);
}

void UringEngine::accept_some(ListenerId listener) {
    Listener& accepting = listeners_[listener];
    // Each completion that is left may be of two events; who is not accepted now is in the next span.
    for (std::uint32_t i = 0; i < options_.accepts_at_once && accepting.accepting && events_.room() > completions_room(); ++i) {
        const int fd = accept_connection(accepting.fd);
        if (fd == -EAGAIN) return;
        if (fd < 0) accepting.accepting = false;
        events_.push_reserved({.kind = EventKind::accepted, .result = fd, .listener = listener});
    }
}

}  // namespace tinyhttpd::io
