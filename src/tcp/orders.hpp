// SPDX-License-Identifier: MIT
// Orders: what the main thread tells the workers, and what it waits to hear from them: that nobody accepts any more, that one has
// failed, that all have returned. No connection passes here.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "tcp/mailbox.hpp"

namespace tinyhttpd::tcp {

/// What the main thread wants of the workers; it only ever goes forward.
enum class Order : std::uint8_t {
    serve,
    announce,  ///< serve on, but every answer announces the close (--shutdown-delay)
    drain,     ///< stop accepting, answer what has begun, close the rest, return
    abort,     ///< close everything and return
};

class Orders {
public:
    /// `report` is called from worker threads when something happened that the main thread waits for (a worker returned, the listeners
    /// are no longer in use); it must not block. The workers are woken through `mailbox`, which outlives this.
    Orders(Mailbox& mailbox, std::function<void()> report);

    // -- the main thread
    void direct(Order order);
    /// True once no worker accepts any more: the listening sockets can be closed. A worker that sees it, and looks into its inbox only
    /// then, has found the last that is ever handed to it.
    [[nodiscard]] bool accepting_ended() const { return accepting_.load(std::memory_order_acquire) == 0; }
    [[nodiscard]] bool all_returned() const { return running_.load(std::memory_order_acquire) == 0; }
    /// The errno with which a worker has failed; 0: none has.
    [[nodiscard]] int failure() const { return failure_.load(std::memory_order_acquire); }

    // -- a worker
    [[nodiscard]] Order order() const { return order_.load(std::memory_order_acquire); }
    /// Called once by each worker when it has stopped accepting; the last call wakes all, since nothing can be handed over any more.
    void end_accepting();
    /// Called once by each worker, as the last thing it does here.
    void end_running();
    /// This worker cannot go on, for the reason `error_number`: the main thread has to end the others, too.
    void fail(int error_number);
    /// Tells the main thread to look (the quota is reached).
    void report() const { report_(); }

private:
    Mailbox& mailbox_;
    std::function<void()> report_;
    std::atomic<std::uint32_t> accepting_;
    std::atomic<std::uint32_t> running_;
    std::atomic<Order> order_ = Order::serve;
    std::atomic<int> failure_ = 0;
};

}  // namespace tinyhttpd::tcp
