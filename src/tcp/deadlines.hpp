// SPDX-License-Identifier: MIT
// Deadlines of connections, without a timer wheel or heap: all deadlines of one class last equally long, so a queue per
// class in order of arrival is already in order of expiry. Setting, moving and clearing one are a few stores.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "base/verify.hpp"
#include "io/engine.hpp"

namespace tinyhttpd::tcp {

enum class DeadlineClass : std::uint8_t { idle, head, body, write, linger, none };
inline constexpr std::size_t deadline_classes = static_cast<std::size_t>(DeadlineClass::none);

/// A connection's place in the queue of its class. It must not move while it is in one, and leaves it before it dies.
struct DeadlineLink {
    io::Instant at;
    DeadlineLink* previous = nullptr;
    DeadlineLink* next = nullptr;
    std::uint32_t slot = 0;  ///< whose deadline this is
    DeadlineClass in = DeadlineClass::none;
};

class Deadlines {
public:
    using Durations = std::array<std::chrono::nanoseconds, deadline_classes>;

    explicit Deadlines(const Durations& durations) : durations_(durations) {
        for (DeadlineLink& ring : rings_) ring.previous = ring.next = &ring;
    }
    Deadlines(const Deadlines&) = delete;
    Deadlines& operator=(const Deadlines&) = delete;

    /// Starts (or starts again) the deadline of `kind`, in place of the one there was.
    [[gnu::always_inline]] void set(DeadlineLink& link, DeadlineClass kind, io::Instant now) {
        clear(link);
        DeadlineLink& ring = rings_[static_cast<std::size_t>(kind)];
        link.at = now + durations_[static_cast<std::size_t>(kind)];
        link.in = kind;
        if (ring.next == &ring) earliest_ = std::min(earliest_, link.at);
        link.next = &ring;
        link.previous = ring.previous;
        ring.previous->next = &link;
        ring.previous = &link;
    }
    static void clear(DeadlineLink& link) {
        if (link.in == DeadlineClass::none) return;
        link.previous->next = link.next;
        link.next->previous = link.previous;
        link.in = DeadlineClass::none;
    }
    /// No deadline expires before this time (Instant::max(): there is none). It may be early: what it was for may be over.
    [[nodiscard]] io::Instant earliest() const { return earliest_; }

    /// Takes one expired deadline out of its queue, or returns null: then earliest() is exact.
    [[nodiscard]] DeadlineLink* take_expired(io::Instant now) {
        if (now < earliest_) return nullptr;
        io::Instant earliest = io::Instant::max();
        for (DeadlineLink& ring : rings_) {
            DeadlineLink* const first = ring.next;
            if (first == &ring) continue;
            if (first->at <= now) {
                clear(*first);
                return first;
            }
            earliest = std::min(earliest, first->at);
        }
        earliest_ = earliest;
        return nullptr;
    }

private:
    Durations durations_;
    std::array<DeadlineLink, deadline_classes> rings_;  ///< each the head of a circular list
    io::Instant earliest_ = io::Instant::max();
};

}  // namespace tinyhttpd::tcp
