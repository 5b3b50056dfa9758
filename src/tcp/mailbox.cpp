// SPDX-License-Identifier: MIT
#include "tcp/mailbox.hpp"

#include <unistd.h>

#include <utility>

#include "base/verify.hpp"

namespace tinyhttpd::tcp {

Mailbox::Mailbox(std::uint32_t workers) : workers_(workers), seats_(std::make_unique<Seat[]>(workers)) {}

void Mailbox::take_seat(std::uint32_t seat, std::function<void()> wake) {
    const std::scoped_lock lock(seats_[seat].mutex);
    seats_[seat].wake = std::move(wake);
}

void Mailbox::close(std::uint32_t seat) {
    const std::scoped_lock lock(seats_[seat].mutex);
    seats_[seat].wake = nullptr;
    seats_[seat].closed = true;
    for (const io::Accepted& accepted : seats_[seat].inbox) ::close(accepted.fd);
    seats_[seat].inbox.clear();
}

bool Mailbox::hand_over(std::uint32_t seat, io::Accepted accepted) {
    // One lock for both: a connection is either in the inbox that close() empties, or comes after it and is closed here.
    const std::scoped_lock lock(seats_[seat].mutex);
    if (seats_[seat].closed) {  // only after an abort: a draining worker stays until nobody accepts
        ::close(accepted.fd);
        return true;
    }
    if (!seats_[seat].inbox.push(accepted)) return false;
    if (seats_[seat].wake) seats_[seat].wake();
    return true;
}

void Mailbox::collect(std::uint32_t seat, SparingVector<io::Accepted>& into) {
    ASSERT(into.empty());
    const std::scoped_lock lock(seats_[seat].mutex);
    into.swap(seats_[seat].inbox);
}

void Mailbox::wake_all() {
    for (std::uint32_t i = 0; i < workers_; ++i) {
        const std::scoped_lock lock(seats_[i].mutex);
        if (seats_[i].wake) seats_[i].wake();
    }
}

}  // namespace tinyhttpd::tcp
