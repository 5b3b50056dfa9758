// SPDX-License-Identifier: MIT
// Crew: all that the workers of one server share: orders, places, mailbox. Nothing here is touched per request: a worker looks at it
// when a connection comes or goes, or when it is woken. Orders and places wake workers through the mailbox, and none of the three
// holds a lock of its own meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "tcp/mailbox.hpp"
#include "tcp/orders.hpp"
#include "tcp/places.hpp"

namespace tinyhttpd::tcp {

struct Crew {
    /// See Orders, Places.
    Crew(std::uint32_t workers, std::uint32_t max_connections, std::function<void()> report, std::span<const int> home_cpus = {})
        : mailbox(workers), orders(mailbox, std::move(report)), places(mailbox, max_connections, home_cpus) {}

    /// The worker at `seat` is done. Its mailbox closes first: when all have returned, no descriptor lies in one and nobody is woken any
    /// more, so the main thread may take down what wakes them.
    void return_from(std::uint32_t seat) {
        mailbox.close(seat);
        orders.end_running();
    }

    Mailbox mailbox;
    Orders orders;
    Places places;
};

}  // namespace tinyhttpd::tcp
