// SPDX-License-Identifier: MIT
// EventList: the events of one wait(), appended on the hot path. Like a vector, but appending is a few instructions in line and
// growing (a mass of closed connections) a call out of line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "io/engine.hpp"

namespace tinyhttpd::io {

class EventList {
public:
    // In line, so that an event is built where it stays.
    [[gnu::always_inline]] void push(const Event& event) {
        if (size_ == capacity_) [[unlikely]]
            grow();
        events_.get()[size_++] = event;  // operator[] would check for null each time
    }
    void clear() { size_ = 0; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::span<const Event> span() const { return {events_.get(), size_}; }
    void swap(EventList& other) noexcept {
        std::swap(events_, other.events_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

private:
    [[gnu::noinline, gnu::cold]] void grow() {
        const std::size_t capacity = capacity_ * 2;
        auto events = std::make_unique<Event[]>(capacity);
        std::copy_n(events_.get(), size_, events.get());
        events_ = std::move(events);
        capacity_ = capacity;
    }

    std::size_t size_ = 0;
    std::size_t capacity_ = 64;
    std::unique_ptr<Event[]> events_ = std::make_unique<Event[]>(capacity_);
};

}  // namespace tinyhttpd::io
