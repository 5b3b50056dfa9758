// SPDX-License-Identifier: MIT
#include "tcp/crew.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace tinyhttpd::tcp {

Crew::Crew(std::uint32_t workers, std::uint32_t max_connections, std::function<void()> report, std::span<const int> home_cpus)
    : workers_(workers),
      max_connections_(max_connections),
      placement_(workers, home_cpus),
      report_(std::move(report)),
      seats_(std::make_unique<Seat[]>(workers)),
      accepting_(workers),
      running_(workers) {}

Crew::~Crew() {
    for (const io::Accepted& accepted : waiting_) ::close(accepted.fd);
}

void Crew::direct(Order order) {
    order_.store(order, std::memory_order_release);
    wake_all();
}

void Crew::wake_all() {
    for (std::uint32_t i = 0; i < workers_; ++i) {
        const std::scoped_lock lock(seats_[i].mutex);
        if (seats_[i].wake) seats_[i].wake();
    }
}

void Crew::take_seat(std::uint32_t seat, std::function<void()> wake) {
    const std::scoped_lock lock(seats_[seat].mutex);
    seats_[seat].wake = std::move(wake);
}

void Crew::end_accepting() {
    if (accepting_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    wake_all();
    report_();
}

void Crew::return_from(std::uint32_t seat) {
    {
        const std::scoped_lock lock(seats_[seat].mutex);
        seats_[seat].wake = nullptr;
        seats_[seat].returned = true;
        for (const io::Accepted& accepted : seats_[seat].inbox) ::close(accepted.fd);
        seats_[seat].inbox.clear();
    }
    running_.fetch_sub(1, std::memory_order_acq_rel);
    report_();
}

void Crew::fail(int error_number) {
    failure_.store(error_number, std::memory_order_release);
    report_();
}

std::uint32_t Crew::place(std::uint32_t seat, int cpu) const {
    return placement_.choose(seat, cpu, [this](std::uint32_t i) { return seats_[i].connections.load(std::memory_order_relaxed); });
}

bool Crew::admit(std::uint32_t seat) {
    std::uint32_t count = connections_.load();
    do {
        if (count >= max_connections_) return false;
    } while (!connections_.compare_exchange_weak(count, count + 1));
    seats_[seat].connections.fetch_add(1, std::memory_order_relaxed);
    return true;
}

void Crew::admit_regardless(std::uint32_t seat) {
    connections_.fetch_add(1);
    seats_[seat].connections.fetch_add(1, std::memory_order_relaxed);
}

std::optional<io::Accepted> Crew::pass_place_on(std::uint32_t seat) {
    std::optional<io::Accepted> next;
    if (anyone_waits()) {
        const std::scoped_lock lock(waiting_mutex_);
        if (!waiting_.empty()) next = next_waiting();
    }
    if (!next) {
        dismiss(seat);
    } else if (!anyone_waits()) {
        wake_all();  // those that stopped accepting while somebody waited
    }
    return next;
}

void Crew::dismiss(std::uint32_t seat) {
    seats_[seat].connections.fetch_sub(1, std::memory_order_relaxed);
    // Whoever stopped accepting at the limit has to look again, those with no connection of their own too: the kernel may have told
    // nobody else of what waits in the backlog (EPOLLEXCLUSIVE).
    if (connections_.fetch_sub(1) == max_connections_) wake_all();
}

bool Crew::hand_over(std::uint32_t seat, io::Accepted accepted) {
    const std::scoped_lock lock(seats_[seat].mutex);
    if (seats_[seat].returned) {  // only after an abort: a draining worker stays until nobody accepts
        ::close(accepted.fd);
        return true;
    }
    if (!seats_[seat].inbox.push(accepted)) return false;
    if (seats_[seat].wake) seats_[seat].wake();
    return true;
}

void Crew::collect(std::uint32_t seat, SparingVector<io::Accepted>& into) {
    ASSERT(into.empty());
    const std::scoped_lock lock(seats_[seat].mutex);
    into.swap(seats_[seat].inbox);
}

bool Crew::put_waiting(io::Accepted accepted) {
    {
        const std::scoped_lock lock(waiting_mutex_);
        if (!waiting_.push(accepted)) return false;
        ++unclaimed_;
        waiting_count_.store(static_cast<std::uint32_t>(waiting_.size()));
    }
    wake_all();
    return true;
}

std::optional<io::Accepted> Crew::take_waiting(std::uint32_t seat, Limit limit) {
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

io::Accepted Crew::next_waiting() {
    const io::Accepted accepted = waiting_.pop_front();
    unclaimed_ = std::min(unclaimed_, waiting_.size());
    waiting_count_.store(static_cast<std::uint32_t>(waiting_.size()));
    return accepted;
}

bool Crew::claim_waiting() {
    const std::scoped_lock lock(waiting_mutex_);
    if (unclaimed_ == 0) return false;
    --unclaimed_;
    return true;
}

}  // namespace tinyhttpd::tcp
