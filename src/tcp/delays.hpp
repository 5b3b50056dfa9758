// SPDX-License-Identifier: MIT
// Delays: when connections are due whose answers wait, each for a time of its own. A heap: unlike deadlines (deadlines.hpp) they
// come in no order. Each entry's place is written where its connection keeps it, so that one that leaves is taken out at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/sparing_vector.hpp"
#include "io/engine.hpp"

namespace tinyhttpd::tcp {

/// `Places`: called with a slot, returns the std::uint64_t& in which that connection keeps its place.
template <class Places>
class Delays {
public:
    explicit Delays(Places places) : places_(places) {}

    /// False when memory has run out. Those that are due at the same time come in the order in which they were added.
    [[nodiscard]] bool add(std::uint32_t slot, io::Instant due) {
        if (!heap_.push({due, count_++, slot})) return false;
        rise(heap_.size() - 1, *(heap_.end() - 1));
        earliest_ = heap_[0].due;
        return true;
    }
    /// `at`: its place.
    void remove(std::uint64_t at) {
        const auto place = static_cast<std::size_t>(at);
        const Entry last = *(heap_.end() - 1);
        heap_.pop();
        // The last one takes the place, and goes up or down from there.
        if (place != heap_.size()) place > 0 && last < heap_[parent(place)] ? rise(place, last) : sink(place, last);
        earliest_ = heap_.empty() ? io::Instant::max() : heap_[0].due;
    }
    /// Instant::max(): there is none.
    [[nodiscard]] io::Instant earliest() const { return earliest_; }
    /// Takes out the first that is due; none is.
    [[nodiscard]] std::optional<std::uint32_t> take_due(io::Instant now) {
        if (earliest() > now) return std::nullopt;
        const std::uint32_t slot = heap_[0].slot;
        remove(0);
        return slot;
    }
    [[nodiscard]] std::size_t size() const { return heap_.size(); }

private:
    struct Entry {
        io::Instant due;
        std::uint64_t order;
        std::uint32_t slot;
        friend bool operator<(const Entry& left, const Entry& right) {
            return left.due != right.due ? left.due < right.due : left.order < right.order;
        }
    };

    [[nodiscard]] static std::size_t parent(std::size_t place) { return (place - 1) / 2; }
    void put(std::size_t place, const Entry& entry) {
        heap_[place] = entry;
        places_(entry.slot) = place;
    }
    void rise(std::size_t place, Entry entry) {
        for (; place > 0 && entry < heap_[parent(place)]; place = parent(place)) put(place, heap_[parent(place)]);
        put(place, entry);
    }
    void sink(std::size_t place, Entry entry) {
        for (std::size_t child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
            if (child + 1 < heap_.size() && heap_[child + 1] < heap_[child]) ++child;
            if (!(heap_[child] < entry)) break;
            put(place, heap_[child]);
            place = child;
        }
        put(place, entry);
    }

    Places places_;
    SparingVector<Entry> heap_;
    io::Instant earliest_ = io::Instant::max();
    std::uint64_t count_ = 0;
};

}  // namespace tinyhttpd::tcp
