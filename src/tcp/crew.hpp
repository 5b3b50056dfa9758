// SPDX-License-Identifier: MIT
// Crew: all that the workers of one server share, and how the main thread directs them. Nothing here is touched per
// request: a worker looks at it when a connection comes or goes, or when it is woken.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "base/sparing_vector.hpp"
#include "io/engine.hpp"
#include "tcp/placement.hpp"

namespace tinyhttpd::tcp {

/// What the main thread wants of the workers; it only ever goes forward.
enum class Order : std::uint8_t {
    serve,
    announce,  ///< serve on, but every answer announces the close (--shutdown-delay)
    drain,     ///< stop accepting, answer what has begun, close the rest, return
    abort,     ///< close everything and return
};

class Crew {
public:
    /// `max_connections` is the limit for all workers together. `report` is called from worker threads when something happened that
    /// the main thread waits for (a worker returned, the listeners are no longer in use); it must not block. `home_cpus`: as Placement's.
    Crew(std::uint32_t workers, std::uint32_t max_connections, std::function<void()> report, std::span<const int> home_cpus = {});
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew();

    [[nodiscard]] std::uint32_t workers() const { return workers_; }

    // -- the main thread
    void direct(Order order);
    /// True once no worker accepts any more: the listening sockets can be closed.
    [[nodiscard]] bool accepting_ended() const { return accepting_.load(std::memory_order_acquire) == 0; }
    [[nodiscard]] bool all_returned() const { return running_.load(std::memory_order_acquire) == 0; }
    /// The errno with which a worker has failed; 0: none has.
    [[nodiscard]] int failure() const { return failure_.load(std::memory_order_acquire); }

    // -- the worker that sits at `seat`
    /// Registers how to wake this worker; called before it may be handed anything.
    void take_seat(std::uint32_t seat, std::function<void()> wake);
    [[nodiscard]] Order order() const { return order_.load(std::memory_order_acquire); }
    /// Called once by each worker when it has stopped accepting; the last call wakes all, since nothing can be handed over any more.
    void end_accepting();
    void return_from(std::uint32_t seat);
    /// This worker cannot go on, for the reason `error_number`: the main thread has to end the others, too.
    void fail(int error_number);
    /// Tells the main thread to look (the quota is reached).
    void report() const { report_(); }

    /// Where a connection that `seat` has just accepted should live (Placement::choose).
    [[nodiscard]] std::uint32_t place(std::uint32_t seat, int cpu) const;
    /// Whether anybody waits who was accepted beyond the limit. As long as nobody does it makes sense to accept, at the limit as well: only
    /// who is accepted can be known to want a place.
    [[nodiscard]] bool anyone_waits() const { return waiting_count_.load() != 0; }
    /// Counts a connection at `seat`. False when the limit is reached: then nothing was counted.
    [[nodiscard]] bool admit(std::uint32_t seat);
    /// The same beyond the limit, for a connection that was accepted before the drain and must be served.
    void admit_regardless(std::uint32_t seat);
    /// One of `seat`'s connections has gone. Its place goes to whoever waits longest, who is to be opened at `seat`: a place that was
    /// free for a moment could be taken by somebody who has just come.
    [[nodiscard]] std::optional<io::Accepted> pass_place_on(std::uint32_t seat);
    /// A connection that was counted at `seat` did not come about.
    void dismiss(std::uint32_t seat);
    /// Gives an admitted connection's descriptor to another worker and wakes it. False when memory has run out: it stays the caller's.
    [[nodiscard]] bool hand_over(std::uint32_t seat, io::Accepted accepted);
    /// What was handed to `seat` since the last call; `into` is empty.
    void collect(std::uint32_t seat, SparingVector<io::Accepted>& into);

    /// Accepted beyond the limit (an engine may accept several at once): whoever next has room takes them, as if from the backlog. All
    /// workers are woken: one of them may have a connection that makes room. False when memory has run out: it stays the caller's.
    [[nodiscard]] bool put_waiting(io::Accepted accepted);
    enum class Limit : std::uint8_t { kept, ignored };
    /// Counts the next of them at `seat`. None when nobody waits or, with the limit kept, there is no room.
    [[nodiscard]] std::optional<io::Accepted> take_waiting(std::uint32_t seat, Limit limit);

    /// Somebody waits for whom no connection makes room yet; now the caller's will. Each that waits is claimed once.
    [[nodiscard]] bool claim_waiting();

    /// Whether place() looks at the CPU.
    [[nodiscard]] bool places_by_cpu() const { return placement_.is_by_cpu(); }

private:
    /// One worker as the others see it, on cache lines of its own.
    struct alignas(64) Seat {
        std::atomic<std::uint32_t> connections = 0;
        std::mutex mutex;
        SparingVector<io::Accepted> inbox;
        std::function<void()> wake;
        bool returned = false;
    };

    void wake_all();
    /// The first of those that wait. Requires waiting_mutex_, and that somebody does.
    [[nodiscard]] io::Accepted next_waiting();

    std::uint32_t workers_;
    std::uint32_t max_connections_;
    Placement placement_;
    std::function<void()> report_;
    std::unique_ptr<Seat[]> seats_;
    std::atomic<std::uint32_t> connections_ = 0;
    std::atomic<std::uint32_t> accepting_;
    std::atomic<std::uint32_t> running_;
    std::atomic<Order> order_ = Order::serve;
    std::atomic<int> failure_ = 0;
    std::mutex waiting_mutex_;
    SparingVector<io::Accepted> waiting_;
    std::atomic<std::uint32_t> waiting_count_ = 0;
    std::size_t unclaimed_ = 0;  ///< of those that wait
};

}  // namespace tinyhttpd::tcp
