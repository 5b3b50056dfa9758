// SPDX-License-Identifier: MIT
// SlotQueue: connections of an engine that are to be looked at again, in the order in which they joined. It is threaded through the
// connections themselves, so that joining it never allocates; a connection is in it once at most.
#pragma once

#include <cstdint>
#include <utility>

#include "base/slot_array.hpp"
#include "base/verify.hpp"

namespace tinyhttpd::io {

/// What a connection has in it for a SlotQueue. It survives the connection: one that is closed stays in the queue, and whoever takes
/// its slot out of it finds it closed, or another one in its place.
struct QueueLink {
    static constexpr std::uint32_t outside = ~std::uint32_t{0};

    std::uint32_t next = outside;  ///< the slot behind this one, its own slot if it is the last; or: it is in no queue
};

template <class Connection>
class SlotQueue {
public:
    explicit SlotQueue(SlotArray<Connection>& connections) : connections_(connections) {}

    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::uint32_t size() const { return size_; }

    /// Puts `slot` at the end, unless it is in the queue.
    void push(std::uint32_t slot) {
        std::uint32_t& next = connections_[slot].link.next;
        if (next != QueueLink::outside) return;
        next = slot;
        (size_++ == 0 ? first_ : connections_[last_].link.next) = slot;
        last_ = slot;
    }
    /// Takes out the first. Requires !empty().
    std::uint32_t pop() {
        ASSERT(size_ > 0);
        const std::uint32_t slot = first_;
        first_ = std::exchange(connections_[slot].link.next, QueueLink::outside);
        --size_;
        return slot;
    }

private:
    SlotArray<Connection>& connections_;
    std::uint32_t first_ = 0;
    std::uint32_t last_ = 0;
    std::uint32_t size_ = 0;
};

}  // namespace tinyhttpd::io
