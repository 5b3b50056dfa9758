// SPDX-License-Identifier: MIT
// Mailbox: how the others reach the worker that sits at a seat: connections are put into its inbox, and it is woken. It knows neither
// what a worker is woken for (orders.hpp, places.hpp) nor where a connection belongs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "base/sparing_vector.hpp"
#include "io/engine.hpp"

namespace tinyhttpd::tcp {

class Mailbox {
public:
    explicit Mailbox(std::uint32_t workers);

    [[nodiscard]] std::uint32_t workers() const { return workers_; }

    /// Registers how to wake the worker at `seat`; called before it may be handed anything.
    void take_seat(std::uint32_t seat, std::function<void()> wake);
    /// Closes what lies in the inbox of `seat`, and from now on what is put there: its worker looks no more.
    void close(std::uint32_t seat);

    /// Gives an admitted connection's descriptor to another worker and wakes it. False when memory has run out: it stays the caller's.
    [[nodiscard]] bool hand_over(std::uint32_t seat, io::Accepted accepted);
    /// What was handed to `seat` since the last call; `into` is empty.
    void collect(std::uint32_t seat, SparingVector<io::Accepted>& into);

    /// Whoever is woken sees what the caller has done before.
    void wake_all();

private:
    /// One worker as the others see it, on cache lines of its own.
    struct alignas(64) Seat {
        std::mutex mutex;
        SparingVector<io::Accepted> inbox;
        std::function<void()> wake;
        bool closed = false;
    };

    std::uint32_t workers_;
    std::unique_ptr<Seat[]> seats_;
};

}  // namespace tinyhttpd::tcp
