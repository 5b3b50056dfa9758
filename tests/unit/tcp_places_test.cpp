// SPDX-License-Identifier: MIT
// Places: connections spread evenly, the limit holds for all workers together, and who waits for a place gets it in turn.
#include "tcp/places.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "unit/allocation_count.hpp"

namespace tinyhttpd::tcp {
namespace {

int next_waiting(Places& places, std::uint32_t seat, Places::Limit limit) {
    const std::optional<io::Accepted> accepted = places.take_waiting(seat, limit);
    return accepted ? accepted->fd : -1;
}
int some_descriptor() {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

TEST(PlacesTest, TheBusiestWorkerHoldsAtMostATenthMoreThanItsShare) {
    for (const std::uint32_t workers : {2U, 3U, 4U, 8U}) {
        Mailbox mailbox(workers);
        Places places(mailbox, 10'000, {});
        std::vector<std::uint32_t> held(workers);
        // The worst case: the kernel wakes the same worker for every connection.
        for (int i = 0; i < 100; ++i) {
            const std::uint32_t seat = places.choose(0, -1);
            ASSERT_TRUE(places.admit(seat));
            ++held[seat];
        }
        EXPECT_LE(*std::ranges::max_element(held), 110.0 / workers) << workers << " workers";
    }
}

TEST(PlacesTest, TheLimitHoldsForAllWorkersTogether) {
    Mailbox mailbox(2);
    Places places(mailbox, 3, {});
    EXPECT_TRUE(places.admit(0));
    EXPECT_TRUE(places.admit(1));
    EXPECT_TRUE(places.admit(0));
    EXPECT_FALSE(places.admit(1));
    places.give_back(0);
    EXPECT_TRUE(places.admit(1));
}

TEST(PlacesTest, ConnectionsBeyondTheLimitWaitInOrderUntilThereIsRoom) {
    Mailbox mailbox(2);
    Places places(mailbox, 1, {});
    int wakes = 0;
    mailbox.take_seat(1, [&] { ++wakes; });
    EXPECT_EQ(next_waiting(places, 0, Places::Limit::kept), -1);
    ASSERT_TRUE(places.admit(0));
    const int first = some_descriptor();
    const int last = some_descriptor();
    ASSERT_TRUE(places.put_waiting({first, 0}));
    ASSERT_TRUE(places.put_waiting({last, 0}));
    EXPECT_EQ(wakes, 2);  // the other worker may have a connection that makes room
    EXPECT_EQ(next_waiting(places, 1, Places::Limit::kept), -1);
    places.give_back(0);
    EXPECT_EQ(wakes, 3);  // the other worker may be the one that is told of what waits in the backlog
    EXPECT_EQ(next_waiting(places, 1, Places::Limit::kept), first);
    EXPECT_EQ(next_waiting(places, 1, Places::Limit::kept), -1);
    EXPECT_EQ(next_waiting(places, 1, Places::Limit::ignored), last);
    ::close(first);
    ::close(last);
}

TEST(PlacesTest, NobodyAcceptsWhereItOnlyAddsToThoseThatWait) {
    Mailbox mailbox(2);
    Places places(mailbox, 1, {});
    ASSERT_TRUE(places.admit(0));
    EXPECT_FALSE(places.anyone_waits());  // at the limit as well: somebody who comes makes an idle connection leave
    const int fd = some_descriptor();
    ASSERT_TRUE(places.put_waiting({fd, 0}));
    places.give_back(0);
    EXPECT_TRUE(places.anyone_waits());  // the one that waits comes first
    ASSERT_EQ(next_waiting(places, 1, Places::Limit::kept), fd);
    EXPECT_FALSE(places.anyone_waits());
    ::close(fd);
}

TEST(PlacesTest, APlaceThatIsLeftGoesToWhoWaitsAndNotToWhoHasJustCome) {
    Mailbox mailbox(2);
    Places places(mailbox, 1, {});
    bool stolen = false;
    mailbox.take_seat(1, [&] { stolen |= places.admit(1); });  // a worker that accepts somebody just now
    ASSERT_TRUE(places.admit(0));
    const int fd = some_descriptor();
    ASSERT_TRUE(places.put_waiting({fd, 0}));
    ASSERT_TRUE(places.claim_waiting());
    const std::optional<io::Accepted> next = places.pass_on(0);
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->fd, fd);
    EXPECT_FALSE(stolen);
    EXPECT_FALSE(places.admit(1));
    EXPECT_FALSE(places.pass_on(0).has_value());
    EXPECT_TRUE(stolen);  // nobody waits: it is free for all
    ::close(fd);
}

TEST(PlacesTest, WhenTheLastThatWaitedHasAPlaceAllAcceptAgain) {
    Mailbox mailbox(2);
    Places places(mailbox, 1, {});
    int wakes = 0;
    mailbox.take_seat(1, [&] { ++wakes; });
    ASSERT_TRUE(places.admit(0));
    ASSERT_TRUE(places.put_waiting({7, 0}));
    ASSERT_TRUE(places.put_waiting({8, 0}));
    wakes = 0;
    ASSERT_TRUE(places.pass_on(0).has_value());
    EXPECT_EQ(wakes, 0);
    ASSERT_TRUE(places.pass_on(0).has_value());
    EXPECT_EQ(wakes, 1);
}

TEST(PlacesTest, ForEachThatWaitsOneConnectionMakesRoomAndNoMore) {
    Mailbox mailbox(2);
    Places places(mailbox, 1, {});
    ASSERT_TRUE(places.admit(0));
    EXPECT_FALSE(places.claim_waiting());
    ASSERT_TRUE(places.put_waiting({some_descriptor(), 0}));
    ASSERT_TRUE(places.put_waiting({some_descriptor(), 0}));
    EXPECT_TRUE(places.claim_waiting());
    places.give_back(0);
    const int first = next_waiting(places, 1, Places::Limit::kept);
    EXPECT_TRUE(places.claim_waiting());
    EXPECT_FALSE(places.claim_waiting());
    places.give_back(1);
    const int last = next_waiting(places, 1, Places::Limit::kept);
    EXPECT_FALSE(places.claim_waiting());
    ::close(first);
    ::close(last);
}

TEST(PlacesTest, WithoutMemoryAConnectionStaysWithWhoAcceptedIt) {
    Mailbox mailbox(2);
    Places places(mailbox, 10, {});
    {
        const testing::OutOfMemory now;
        EXPECT_FALSE(places.put_waiting({7, 0}));
    }
    EXPECT_FALSE(places.anyone_waits());
    EXPECT_EQ(next_waiting(places, 0, Places::Limit::kept), -1);
}

TEST(PlacesTest, WhoStillWaitsAtTheEndIsClosedAndNotLeaked) {
    Mailbox mailbox(1);
    const int fd = some_descriptor();
    {
        Places places(mailbox, 1, {});
        ASSERT_TRUE(places.put_waiting({fd, 0}));
    }
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

}  // namespace
}  // namespace tinyhttpd::tcp
