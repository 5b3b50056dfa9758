// SPDX-License-Identifier: MIT
// Deadlines of connections, without a timer wheel or heap: all deadlines of one class last equally long, so a queue per
// class in order of arrival is already in order of expiry. Setting, moving and clearing one are a few stores.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/verify.hpp"
#include "io/engine.hpp"

namespace tinyhttpd::tcp {

enum class DeadlineClass : std::uint8_t { idle, head, body, write, linger, none };
inline constexpr std::size_t deadline_classes = static_cast<std::size_t>(DeadlineClass::none);

/// A connection's place in the queue of its class.
struct DeadlineLink {
    io::Instant at;
    std::uint32_t previous;
    std::uint32_t next;
    DeadlineClass in = DeadlineClass::none;
};

/// `Slots` yields the connection of a slot by operator[], whose member `deadline` is its DeadlineLink.
template <class Slots>
class Deadlines {
public:
    using Durations = std::array<std::chrono::nanoseconds, deadline_classes>;

    Deadlines(Slots& slots, const Durations& durations) : slots_(slots), durations_(durations) {}

    /// Starts (or starts again) the deadline of `kind` for the connection in `slot`, in place of the one it had.
    void set(std::uint32_t slot, DeadlineClass kind, io::Instant now) {
        clear(slot);
        DeadlineLink& link = slots_[slot].deadline;
        Queue& queue = queues_[static_cast<std::size_t>(kind)];
        link = {now + durations_[static_cast<std::size_t>(kind)], queue.last, nobody, kind};
        if (queue.last == nobody) {
            queue.first = slot;
            if (!earliest_ || link.at < *earliest_) earliest_ = link.at;
        } else {
            slots_[queue.last].deadline.next = slot;
        }
        queue.last = slot;
    }
    void clear(std::uint32_t slot) {
        DeadlineLink& link = slots_[slot].deadline;
        if (link.in == DeadlineClass::none) return;
        Queue& queue = queues_[static_cast<std::size_t>(link.in)];
        (link.previous == nobody ? queue.first : slots_[link.previous].deadline.next) = link.next;
        (link.next == nobody ? queue.last : slots_[link.next].deadline.previous) = link.previous;
        link.in = DeadlineClass::none;
    }
    /// No deadline expires before this time. It may be early (the connection it was for has been served since).
    [[nodiscard]] std::optional<io::Instant> earliest() const { return earliest_; }

    /// Takes one expired connection out of its queue and returns its slot, or nothing: then earliest() is exact.
    [[nodiscard]] std::optional<std::uint32_t> take_expired(io::Instant now) {
        if (!earliest_ || now < *earliest_) return {};
        std::optional<io::Instant> earliest;
        for (const Queue& queue : queues_) {
            if (queue.first == nobody) continue;
            const io::Instant at = slots_[queue.first].deadline.at;
            if (at <= now) {
                const std::uint32_t slot = queue.first;
                clear(slot);
                return slot;
            }
            if (!earliest || at < *earliest) earliest = at;
        }
        earliest_ = earliest;
        return {};
    }

private:
    static constexpr std::uint32_t nobody = ~std::uint32_t{0};
    struct Queue {
        std::uint32_t first = nobody;
        std::uint32_t last = nobody;
    };

    Slots& slots_;
    Durations durations_;
    std::array<Queue, deadline_classes> queues_;
    std::optional<io::Instant> earliest_;
};

}  // namespace tinyhttpd::tcp
