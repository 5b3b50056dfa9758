// SPDX-License-Identifier: MIT
// Places: for how many connections there is room, at which worker each of them lives, and who waits for a place. It counts and decides;
// a connection that is to live elsewhere goes there by the mailbox.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "base/sparing_vector.hpp"
#include "io/engine.hpp"
#include "tcp/mailbox.hpp"
#include "tcp/placement.hpp"

namespace tinyhttpd::tcp {

/// A worker does not accept while the limit is reached and somebody waits, and looks again only when it is woken. So what ends that wakes
/// all: give_back() at the limit, and pass_on() to the last that waited. take_waiting() need not: the place it takes was given back before.
class Places {
public:
    /// `max_connections` is the limit for all workers together. `home_cpus`: as Placement's. The workers are woken through `mailbox`,
    /// which outlives this.
    Places(Mailbox& mailbox, std::uint32_t max_connections, std::span<const int> home_cpus);
    Places(const Places&) = delete;
    Places& operator=(const Places&) = delete;
    /// Closes those that still wait.
    ~Places();

    /// Whether choose() looks at the CPU.
    [[nodiscard]] bool is_by_cpu() const { return placement_.is_by_cpu(); }
    /// Where a connection that `seat` has just accepted should live (Placement::choose).
    [[nodiscard]] std::uint32_t choose(std::uint32_t seat, int cpu) const;

    /// Counts a connection at `seat`. False when the limit is reached: then nothing was counted.
    [[nodiscard]] bool admit(std::uint32_t seat);
    /// The same beyond the limit, for a connection that was accepted before the drain and must be served.
    void admit_regardless(std::uint32_t seat);
    /// A connection that was counted at `seat` did not come about.
    void give_back(std::uint32_t seat);
    /// One of `seat`'s connections has gone. Its place goes to whoever waits longest, who is to be opened at `seat`: a place that was
    /// free for a moment could be taken by somebody who has just come.
    [[nodiscard]] std::optional<io::Accepted> pass_on(std::uint32_t seat);

    /// Accepted beyond the limit (an engine may accept several at once): whoever next has room takes them, as if from the backlog. All
    /// workers are woken: one of them may have a connection that makes room. False when memory has run out: it stays the caller's.
    [[nodiscard]] bool put_waiting(io::Accepted accepted);
    enum class Limit : std::uint8_t { kept, ignored };
    /// Counts the next of them at `seat`. None when nobody waits or, with the limit kept, there is no room.
    [[nodiscard]] std::optional<io::Accepted> take_waiting(std::uint32_t seat, Limit limit);
    /// Whether anybody waits who was accepted beyond the limit. As long as nobody does it makes sense to accept, at the limit as well: only
    /// who is accepted can be known to want a place.
    [[nodiscard]] bool anyone_waits() const { return waiting_count_.load() != 0; }
    /// Somebody waits for whom no connection makes room yet; now the caller's will. Each that waits is claimed once.
    [[nodiscard]] bool claim_waiting();

private:
    /// Of one worker, on a cache line of its own.
    struct alignas(64) Held {
        std::atomic<std::uint32_t> connections = 0;
    };

    /// The first of those that wait. Requires waiting_mutex_, and that somebody does.
    [[nodiscard]] io::Accepted next_waiting();

    Mailbox& mailbox_;
    std::uint32_t max_connections_;
    Placement placement_;
    std::unique_ptr<Held[]> held_;
    std::atomic<std::uint32_t> connections_ = 0;
    std::mutex waiting_mutex_;
    SparingVector<io::Accepted> waiting_;
    std::atomic<std::uint32_t> waiting_count_ = 0;
    std::size_t unclaimed_ = 0;  ///< of those that wait
};

}  // namespace tinyhttpd::tcp
