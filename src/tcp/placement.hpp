// SPDX-License-Identifier: MIT
// Placement: which worker a new connection lives on. A request that crosses processors pays for a wake-up and for cache misses both
// ways; so a connection goes to the worker of the CPU that its packets arrive on, unless some worker has none or that one holds more
// than twice its share: then to the one with the fewest.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tinyhttpd::tcp {

class Placement {
public:
    /// Worker i is at home on CPU cpus[i % size], whether it is pinned there or not: it is the packets that wake it, and they do so
    /// where they are. Empty: no CPU is any worker's, and connections are spread evenly.
    Placement(std::uint32_t workers, std::span<const int> cpus);

    /// Whether choose() looks at the CPU at all.
    [[nodiscard]] bool is_by_cpu() const { return workers_ > 1 && !home_.empty(); }
    /// The worker for a connection that worker `here` has accepted and whose packets arrive on `cpu` (-1: not known). `held`: how many
    /// connections each worker has, by seat.
    template <class Held>
    [[nodiscard]] std::uint32_t choose(std::uint32_t here, int cpu, Held held) const {
        std::uint64_t all = 0;
        std::uint32_t least = here;
        for (std::uint32_t seat = 0; seat < workers_; ++seat) {
            all += held(seat);
            if (held(seat) < held(least)) least = seat;
        }
        const std::uint32_t fewest = held(least);
        if (const std::uint32_t first = home_of(cpu); first < workers_) {
            // More workers than CPUs: those of this one share its connections.
            std::uint32_t home = first;
            for (std::uint32_t seat = first; seat < workers_; seat += step_) {
                if (held(seat) < held(home)) home = seat;
            }
            const bool is_no_worse = held(home) <= fewest;
            const bool has_its_share = std::uint64_t{held(home)} * workers_ <= 2 * all;
            if (is_no_worse || (fewest > 0 && has_its_share)) return home;
            return least;
        }
        // A hand-over costs a wake-up, so a small difference stays: among many connections it does not matter.
        return held(here) > fewest + fewest / 32 ? least : here;
    }

private:
    /// The first worker of a CPU; workers_ when there is none.
    [[nodiscard]] std::uint32_t home_of(int cpu) const {
        return cpu >= 0 && static_cast<std::size_t>(cpu) < home_.size() ? home_[static_cast<std::size_t>(cpu)] : workers_;
    }

    std::uint32_t workers_;
    std::uint32_t step_;
    std::vector<std::uint32_t> home_;  ///< by CPU
};

/// The CPU on which the last packet of a connection has been handled (socket(7), SO_INCOMING_CPU); -1 when it is not known, as on unix
/// sockets.
[[nodiscard]] int incoming_cpu(int fd);

}  // namespace tinyhttpd::tcp
