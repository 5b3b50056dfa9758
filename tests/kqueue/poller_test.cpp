// SPDX-License-Identifier: MIT
// What the kqueue poller asks of the kernel and makes of its answers, on any system: over the simulated kernel. Everything that
// an engine has to keep is in tests/contract, which runs over the same simulation.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/fd.hpp"
#include "io/kqueue_poller.hpp"
#include "kqueue/simulated_kqueue.hpp"

namespace tinyhttpd::io {
namespace {

using namespace std::chrono_literals;
namespace simulation = kqueue_simulation;

constexpr Tag tag = make_tag(7, 3);

struct kevent event(std::int16_t filter, unsigned flags, std::int64_t data) {
    return {.ident = 5,
            .filter = filter,
            .flags = static_cast<std::uint16_t>(flags),
            .fflags = 0,
            .data = data,
            .udata = reinterpret_cast<void*>(tag)};
}

Readiness readiness_of(const struct kevent& one) {
    auto poller = KqueuePoller::create();
    EXPECT_TRUE(poller);
    simulation::script({one});
    EXPECT_EQ(poller->wait(0ns), 1u);
    return poller->readiness(0);
}

TEST(KqueuePoller, last_bytes_that_come_together_with_the_end_are_read_to_the_end) {
    const Readiness ready = readiness_of(event(EVFILT_READ, EV_CLEAR | EV_EOF, 100));
    EXPECT_EQ(ready.tag, tag);
    EXPECT_TRUE(ready.readable);
    EXPECT_TRUE(ready.ended);
    EXPECT_FALSE(ready.writable);
}

TEST(KqueuePoller, bytes_without_an_end_may_be_read_to_the_first_short_receive) {
    const Readiness ready = readiness_of(event(EVFILT_READ, EV_CLEAR, 100));
    EXPECT_TRUE(ready.readable);
    EXPECT_FALSE(ready.ended);
}

TEST(KqueuePoller, the_end_of_our_own_sending_is_not_taken_for_the_peers) {
    // After shutdown(SHUT_WR) the write filter reports EV_EOF while the peer may go on sending.
    const Readiness ready = readiness_of(event(EVFILT_WRITE, EV_CLEAR | EV_EOF, 0));
    EXPECT_TRUE(ready.writable);
    EXPECT_FALSE(ready.readable);
    EXPECT_FALSE(ready.ended);
}

TEST(KqueuePoller, a_connection_is_watched_in_both_directions_and_by_edges) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    const Fd near(ends[0]), far(ends[1]);
    auto poller = KqueuePoller::create();
    ASSERT_TRUE(poller);
    ASSERT_TRUE(poller->add_connection(near.get(), tag));
    ASSERT_EQ(poller->wait(0ns), 1u);
    EXPECT_TRUE(poller->readiness(0).writable);
    EXPECT_EQ(poller->wait(0ns), 0u) << "the same edge twice";
    ASSERT_EQ(::send(far.get(), "x", 1, 0), 1);
    const std::size_t count = poller->wait(0ns);
    bool readable = false;
    for (std::size_t i = 0; i < count; ++i) readable |= poller->readiness(i).readable && poller->readiness(i).tag == tag;
    EXPECT_TRUE(readable);
    EXPECT_EQ(poller->wait(0ns), 0u) << "level-triggered: an engine that is paused would spin";
}

TEST(KqueuePoller, a_descriptor_that_cannot_be_watched_is_an_error_and_not_a_crash) {
    auto poller = KqueuePoller::create();
    ASSERT_TRUE(poller);
    EXPECT_FALSE(poller->add_connection(-1, tag));
}

}  // namespace
}  // namespace tinyhttpd::io
