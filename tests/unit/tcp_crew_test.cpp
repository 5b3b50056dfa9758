// SPDX-License-Identifier: MIT
// Crew: connections spread evenly, the limit holds for all workers together, nothing handed over is lost.
#include "tcp/crew.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "unit/allocation_count.hpp"

namespace tinyhttpd::tcp {
namespace {

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) != -1;
}
int next_waiting(Crew& crew, std::uint32_t seat, Crew::Limit limit) {
    const std::optional<io::Accepted> accepted = crew.take_waiting(seat, limit);
    return accepted ? accepted->fd : -1;
}
int some_descriptor() {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

TEST(CrewTest, TheBusiestWorkerHoldsAtMostATenthMoreThanItsShare) {
    for (const std::uint32_t workers : {2U, 3U, 4U, 8U}) {
        Crew crew(workers, 10'000, [] {});
        std::vector<std::uint32_t> held(workers);
        // The worst case: the kernel wakes the same worker for every connection.
        for (int i = 0; i < 100; ++i) {
            const std::uint32_t seat = crew.place(0, -1);
            ASSERT_TRUE(crew.admit(seat));
            ++held[seat];
        }
        EXPECT_LE(*std::ranges::max_element(held), 110.0 / workers) << workers << " workers";
    }
}

TEST(CrewTest, TheLimitHoldsForAllWorkersTogether) {
    Crew crew(2, 3, [] {});
    EXPECT_TRUE(crew.admit(0));
    EXPECT_TRUE(crew.admit(1));
    EXPECT_TRUE(crew.admit(0));
    EXPECT_FALSE(crew.admit(1));
    crew.dismiss(0);
    EXPECT_TRUE(crew.admit(1));
}

TEST(CrewTest, AConnectionHandedOverArrivesAndWakesItsWorker) {
    int wakes = 0;
    Crew crew(2, 10, [] {});
    crew.take_seat(1, [&] { ++wakes; });
    const int fd = some_descriptor();
    EXPECT_TRUE(crew.hand_over(1, {fd, 7}));
    EXPECT_EQ(wakes, 1);
    SparingVector<io::Accepted> inbox;
    crew.collect(1, inbox);
    ASSERT_EQ(inbox.size(), 1U);
    EXPECT_EQ(inbox.begin()->fd, fd);
    EXPECT_EQ(inbox.begin()->listener, 7U);  // what is asked of it depends on that
    inbox.clear();
    crew.collect(1, inbox);
    EXPECT_TRUE(inbox.empty());
    ::close(fd);
}

TEST(CrewTest, AConnectionForAWorkerThatIsGoneIsClosedAndNotLeaked) {
    Crew crew(2, 10, [] {});
    crew.take_seat(1, [] {});
    const int early = some_descriptor();
    EXPECT_TRUE(crew.hand_over(1, {early, 7}));
    crew.return_from(1);
    EXPECT_FALSE(is_open(early));
    const int late = some_descriptor();
    EXPECT_TRUE(crew.hand_over(1, {late, 7}));
    EXPECT_FALSE(is_open(late));
}

TEST(CrewTest, WithoutMemoryAConnectionStaysWithWhoAcceptedIt) {
    Crew crew(2, 10, [] {});
    const int fd = some_descriptor();
    {
        const testing::OutOfMemory now;
        EXPECT_FALSE(crew.hand_over(1, {fd, 0}));
        EXPECT_FALSE(crew.put_waiting({fd, 0}));
    }
    EXPECT_EQ(next_waiting(crew, 0, Crew::Limit::kept), -1);
    crew.return_from(1);
    EXPECT_TRUE(is_open(fd));
    ::close(fd);
}

TEST(CrewTest, AWorkerThatFailsIsReported) {
    int reports = 0;
    Crew crew(2, 10, [&] { ++reports; });
    EXPECT_EQ(crew.failure(), 0);
    crew.fail(EPERM);
    EXPECT_EQ(crew.failure(), EPERM);
    EXPECT_EQ(reports, 1);
}

TEST(CrewTest, ConnectionsBeyondTheLimitWaitInOrderUntilThereIsRoom) {
    Crew crew(2, 1, [] {});
    int wakes = 0;
    crew.take_seat(1, [&] { ++wakes; });
    EXPECT_EQ(next_waiting(crew, 0, Crew::Limit::kept), -1);
    ASSERT_TRUE(crew.admit(0));
    const int first = some_descriptor();
    const int last = some_descriptor();
    ASSERT_TRUE(crew.put_waiting({first, 0}));
    ASSERT_TRUE(crew.put_waiting({last, 0}));
    EXPECT_EQ(wakes, 2);  // the other worker may have a connection that makes room
    EXPECT_EQ(next_waiting(crew, 1, Crew::Limit::kept), -1);
    crew.dismiss(0);
    EXPECT_EQ(wakes, 3);  // the other worker may be the one that is told of what waits in the backlog
    EXPECT_EQ(next_waiting(crew, 1, Crew::Limit::kept), first);
    EXPECT_EQ(next_waiting(crew, 1, Crew::Limit::kept), -1);
    EXPECT_EQ(next_waiting(crew, 1, Crew::Limit::ignored), last);
    ::close(first);
    ::close(last);
}

TEST(CrewTest, NobodyAcceptsWhereItOnlyAddsToThoseThatWait) {
    Crew crew(2, 1, [] {});
    ASSERT_TRUE(crew.admit(0));
    EXPECT_FALSE(crew.anyone_waits());  // at the limit as well: somebody who comes makes an idle connection leave
    const int fd = some_descriptor();
    ASSERT_TRUE(crew.put_waiting({fd, 0}));
    crew.dismiss(0);
    EXPECT_TRUE(crew.anyone_waits());  // the one that waits comes first
    ASSERT_EQ(next_waiting(crew, 1, Crew::Limit::kept), fd);
    EXPECT_FALSE(crew.anyone_waits());
    ::close(fd);
}

TEST(CrewTest, APlaceThatIsLeftGoesToWhoWaitsAndNotToWhoHasJustCome) {
    Crew crew(2, 1, [] {});
    bool stolen = false;
    crew.take_seat(1, [&] { stolen |= crew.admit(1); });  // a worker that accepts somebody just now
    ASSERT_TRUE(crew.admit(0));
    const int fd = some_descriptor();
    ASSERT_TRUE(crew.put_waiting({fd, 0}));
    ASSERT_TRUE(crew.claim_waiting());
    const std::optional<io::Accepted> next = crew.pass_place_on(0);
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->fd, fd);
    EXPECT_FALSE(stolen);
    EXPECT_FALSE(crew.admit(1));
    EXPECT_FALSE(crew.pass_place_on(0).has_value());
    EXPECT_TRUE(stolen);  // nobody waits: it is free for all
    ::close(fd);
}

TEST(CrewTest, ForEachThatWaitsOneConnectionMakesRoomAndNoMore) {
    Crew crew(2, 1, [] {});
    ASSERT_TRUE(crew.admit(0));
    EXPECT_FALSE(crew.claim_waiting());
    ASSERT_TRUE(crew.put_waiting({some_descriptor(), 0}));
    ASSERT_TRUE(crew.put_waiting({some_descriptor(), 0}));
    EXPECT_TRUE(crew.claim_waiting());
    crew.dismiss(0);
    const int first = next_waiting(crew, 1, Crew::Limit::kept);
    EXPECT_TRUE(crew.claim_waiting());
    EXPECT_FALSE(crew.claim_waiting());
    crew.dismiss(1);
    const int last = next_waiting(crew, 1, Crew::Limit::kept);
    EXPECT_FALSE(crew.claim_waiting());
    ::close(first);
    ::close(last);
}

TEST(CrewTest, TheListenersAreReportedUnusedOnlyWhenTheLastWorkerHasStopped) {
    int reports = 0;
    int wakes = 0;
    Crew crew(2, 10, [&] { ++reports; });
    crew.take_seat(0, [&] { ++wakes; });
    crew.end_accepting();
    EXPECT_FALSE(crew.accepting_ended());
    EXPECT_EQ(reports, 0);
    crew.end_accepting();
    EXPECT_TRUE(crew.accepting_ended());
    EXPECT_EQ(reports, 1);
    EXPECT_EQ(wakes, 1);  // to look into its inbox once more
}

}  // namespace
}  // namespace tinyhttpd::tcp
