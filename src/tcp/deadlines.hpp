// SPDX-License-Identifier: MIT
// Deadlines of connections, without a timer wheel or heap: all deadlines of one class last equally long, so a queue per
// class in order of arrival is already in order of expiry. Setting, moving and clearing one are a few stores.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <utility>

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
    [[nodiscard]] std::chrono::nanoseconds duration(DeadlineClass kind) const { return durations_[static_cast<std::size_t>(kind)]; }
    /// When the running deadline was started. Requires that there is one.
    [[nodiscard]] io::Instant began(const DeadlineLink& link) const { return link.at - duration(link.in); }
    /// The one of this class that was started first; null when there is none.
    [[nodiscard]] DeadlineLink* first(DeadlineClass kind) {
        DeadlineLink& ring = rings_[static_cast<std::size_t>(kind)];
        return ring.next == &ring ? nullptr : ring.next;
    }

    /// No deadline expires before this time (Instant::max(): there is none). It may be early: what it was for may be over.
    [[nodiscard]] io::Instant earliest() const { return earliest_; }
    /// Whether a deadline has expired. If not, earliest() is exact then.
    [[nodiscard]] bool has_expired(io::Instant now) {
        if (now < earliest_) return false;
        earliest_ = io::Instant::max();
        for (const DeadlineLink& ring : rings_) {
            if (ring.next != &ring) earliest_ = std::min(earliest_, ring.next->at);
        }
        return earliest_ <= now;
    }
    /// Takes one expired deadline out of its queue; null when there is none.
    [[nodiscard]] DeadlineLink* take_expired(io::Instant now) {
        if (!has_expired(now)) return nullptr;
        for (DeadlineLink& ring : rings_) {
            DeadlineLink* const first = ring.next;
            if (first == &ring || first->at > now) continue;
            clear(*first);
            return first;
        }
        std::unreachable();
    }

private:
    Durations durations_;
    std::array<DeadlineLink, deadline_classes> rings_;  ///< each the head of a circular list
    io::Instant earliest_ = io::Instant::max();
};

}  // namespace tinyhttpd::tcp
