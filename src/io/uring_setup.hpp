// SPDX-License-Identifier: MIT
// Uring: an io_uring instance as the engine needs it, and the block of receive buffers that goes with it. Asks the kernel for
// the strongest set of features it knows, and says in one line why it got none. It judges nothing that it carries.
#pragma once

#include <liburing.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.hpp"

namespace tinyhttpd::io {

/// Owns the rings. Created, used and destroyed on one thread (IORING_SETUP_SINGLE_ISSUER).
class Uring {
public:
    struct Size {
        unsigned submissions;
        unsigned completions;
    };
    /// The sets of setup flags to try in turn; the first that the kernel knows is taken. All contain SINGLE_ISSUER, which came
    /// with Linux 6.0 as multishot receive did, and cannot be tried for by itself.
    static constexpr unsigned deferred[] = {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,  // Linux 6.1
                                            IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG};
    static constexpr std::span<const unsigned> strongest = deferred;
    static constexpr std::span<const unsigned> weaker = strongest.subspan(1);

    /// The Error's text is one line that names the cause: a sysctl, a filter, an old kernel, a limit.
    [[nodiscard]] static Result<std::unique_ptr<Uring>> create(Size size, std::span<const unsigned> flag_sets = strongest);
    Uring() = default;
    Uring(const Uring&) = delete;
    Uring& operator=(const Uring&) = delete;
    ~Uring();

    /// An entry of the submission queue, all zero, to be filled in; null: the queue is full. As io_uring_get_sqe(), for a ring without the
    /// features that it asks for each time.
    [[nodiscard]] io_uring_sqe* next_entry() {
        io_uring_sq& queue = ring_.sq;
        const unsigned tail = queue.sqe_tail;
        if (tail - io_uring_smp_load_acquire(queue.khead) == queue.ring_entries) [[unlikely]]
            return nullptr;
        queue.sqe_tail = tail + 1;
        io_uring_sqe& entry = queue.sqes[tail & queue.ring_mask];
        // What is left of its last use, a buffer group for one, would be done again.
        entry = {};
        return &entry;
    }
    /// Submits what is in the queue, lets completions happen and waits, at most as long as given, until there is one; not at all with zero,
    /// nor when one lies in the queue already. One system call; what the kernel did not take stays in the queue for the next time.
    /// 0, or the errno of a kernel that does not serve this ring any more.
    [[nodiscard]] int enter(std::chrono::nanoseconds longest);
    /// How many entries of the queue the kernel has not taken. As io_uring_sq_ready(), for a ring that nobody polls.
    [[nodiscard]] unsigned unsubmitted() const { return ring_.sq.sqe_tail - *ring_.sq.khead; }
    /// Submits what is in the queue, and returns as enter() does.
    [[nodiscard]] int submit();

    /// Cancels all operations. When it returns each has ended, so that the kernel touches no memory that is freed next.
    void end_all();

    [[nodiscard]] io_uring* get() { return &ring_; }

private:
    void publish();

    io_uring ring_{};
    unsigned enter_flags_ = 0;
    bool open_ = false;
};

/// The receive buffers of one engine: a ring through which the kernel is given buffers and picks one when bytes arrive, so
/// that a connection without any owns none. The kernel goes round through all it has been given, each of which is a page or
/// more of memory: so it is given few at first, and more when it says that it has none.
class UringBuffers {
public:
    /// Registers `count` buffers (a power of two) as group `group`. `uring` outlives the object.
    [[nodiscard]] static Result<std::unique_ptr<UringBuffers>> create(Uring& uring, int group, unsigned count, std::size_t bytes_each);
    UringBuffers() = default;
    UringBuffers(const UringBuffers&) = delete;
    UringBuffers& operator=(const UringBuffers&) = delete;
    ~UringBuffers();

    [[nodiscard]] const char* at(unsigned id) const { return memory_ + stride_ * id; }
    /// Doubles what the kernel has, from the next publish() on, unless that is all there are.
    void provide_more();
    /// The kernel does not use the buffer again before the next publish(): until then its bytes stay.
    void give_back(unsigned id) {
        const unsigned place = tail_++;
        // The kernel takes buffers in the order in which it is given them, so the place mostly names this one already.
        if (ring_->bufs[place & mask_].bid != id) [[unlikely]]
            fill(place, id);
    }
    void publish() { io_uring_smp_store_release(&ring_->tail, static_cast<std::uint16_t>(tail_)); }

private:
    /// Keeps buffers from all beginning in the same cache set, and each from sharing a line with its neighbour.
    static constexpr std::size_t colour_bytes = 64;

    void fill(unsigned place, unsigned id);
    [[nodiscard]] std::size_t ring_bytes() const { return (std::size_t{mask_} + 1) * sizeof(io_uring_buf); }

    Uring* uring_ = nullptr;
    io_uring_buf_ring* ring_ = nullptr;
    char* memory_ = nullptr;
    std::size_t memory_bytes_ = 0;
    std::size_t stride_ = 0;
    unsigned size_ = 0;
    unsigned mask_ = 0;
    int group_ = 0;
    unsigned provided_ = 0;
    unsigned tail_ = 0;  ///< of the ring, with what has been given back since publish()
    bool registered_ = false;
};

}  // namespace tinyhttpd::io
