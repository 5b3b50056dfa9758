// SPDX-License-Identifier: MIT
#include "tcp/places.hpp"

#include <unistd.h>

#include <algorithm>

namespace tinyhttpd::tcp {

Places::Places(Mailbox& mailbox, std::uint32_t max_connections, std::span<const int> home_cpus)
    : mailbox_(mailbox),
      max_connections_(max_connections),
      placement_(mailbox.workers(), home_cpus),
      held_(std::make_unique<Held[]>(mailbox.workers())) {}

Places::~Places() {
    for (const io::Accepted& accepted : waiting_) ::close(accepted.fd);
}

std::uint32_t Places::choose(std::uint32_t seat, int cpu) const {
    return placement_.choose(seat, cpu, [this](std::uint32_t i) { return held_[i].connections.load(std::memory_order_relaxed); });
}

bool Places::admit(std::uint32_t seat) {
    std::uint32_t count = connections_.load();
    do {
        if (count >= max_connections_) return false;
    } while (!connections_.compare_exchange_weak(count, count + 1));
    held_[seat].connections.fetch_add(1, std::memory_order_relaxed);
    return true;
}

void Places::admit_regardless(std::uint32_t seat) {
    connections_.fetch_add(1);
    held_[seat].connections.fetch_add(1, std::memory_order_relaxed);
}

void Places::give_back(std::uint32_t seat) {
    held_[seat].connections.fetch_sub(1, std::memory_order_relaxed);
    // Whoever stopped accepting at the limit has to look again, those with no connection of their own too: the kernel may have told
    // nobody else of what waits in the backlog (EPOLLEXCLUSIVE).
    if (connections_.fetch_sub(1) == max_connections_) mailbox_.wake_all();
}

std::optional<io::Accepted> Places::pass_on(std::uint32_t seat) {
    std::optional<io::Accepted> next;
    if (anyone_waits()) {
        const std::scoped_lock lock(waiting_mutex_);
        if (!waiting_.empty()) next = next_waiting();
    }
    if (!next) {
        give_back(seat);
    } else if (!anyone_waits()) {
        mailbox_.wake_all();  // those that stopped accepting while somebody waited
    }
    return next;
}

bool Places::put_waiting(io::Accepted accepted) {
    {
        const std::scoped_lock lock(waiting_mutex_);
        if (!waiting_.push(accepted)) return false;
        ++unclaimed_;
        waiting_count_.store(static_cast<std::uint32_t>(waiting_.size()));
    }
    mailbox_.wake_all();
    return true;
}

std::optional<io::Accepted> Places::take_waiting(std::uint32_t seat, Limit limit) {
    if (waiting_count_.load() == 0) return std::nullopt;
    const std::scoped_lock lock(waiting_mutex_);
    if (waiting_.empty()) return std::nullopt;
    if (limit == Limit::ignored) {
        admit_regardless(seat);
    } else if (!admit(seat)) {
        return std::nullopt;
    }
    return next_waiting();
}

io::Accepted Places::next_waiting() {
    const io::Accepted accepted = waiting_.pop_front();
    unclaimed_ = std::min(unclaimed_, waiting_.size());
    waiting_count_.store(static_cast<std::uint32_t>(waiting_.size()));
    return accepted;
}

bool Places::claim_waiting() {
    const std::scoped_lock lock(waiting_mutex_);
    if (unclaimed_ == 0) return false;
    --unclaimed_;
    return true;
}

}  // namespace tinyhttpd::tcp
