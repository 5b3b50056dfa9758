// SPDX-License-Identifier: MIT
// Mailbox: nothing handed over is lost, and nothing is leaked that comes too late.
#include "tcp/mailbox.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "unit/allocation_count.hpp"

namespace tinyhttpd::tcp {
namespace {

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) != -1;
}
int some_descriptor() {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

TEST(MailboxTest, AConnectionHandedOverArrivesAndWakesItsWorker) {
    int wakes = 0;
    Mailbox mailbox(2);
    mailbox.take_seat(1, [&] { ++wakes; });
    const int fd = some_descriptor();
    EXPECT_TRUE(mailbox.hand_over(1, {fd, 7}));
    EXPECT_EQ(wakes, 1);
    SparingVector<io::Accepted> inbox;
    mailbox.collect(1, inbox);
    ASSERT_EQ(inbox.size(), 1U);
    EXPECT_EQ(inbox.begin()->fd, fd);
    EXPECT_EQ(inbox.begin()->listener, 7U);  // what is asked of it depends on that
    inbox.clear();
    mailbox.collect(1, inbox);
    EXPECT_TRUE(inbox.empty());
    ::close(fd);
}

TEST(MailboxTest, AConnectionForAWorkerThatIsGoneIsClosedAndNotLeaked) {
    Mailbox mailbox(2);
    mailbox.take_seat(1, [] {});
    const int early = some_descriptor();
    EXPECT_TRUE(mailbox.hand_over(1, {early, 7}));
    mailbox.close(1);
    EXPECT_FALSE(is_open(early));
    const int late = some_descriptor();
    EXPECT_TRUE(mailbox.hand_over(1, {late, 7}));
    EXPECT_FALSE(is_open(late));
}

TEST(MailboxTest, WithoutMemoryAConnectionStaysWithWhoAcceptedIt) {
    Mailbox mailbox(2);
    const int fd = some_descriptor();
    {
        const testing::OutOfMemory now;
        EXPECT_FALSE(mailbox.hand_over(1, {fd, 0}));
    }
    mailbox.close(1);
    EXPECT_TRUE(is_open(fd));
    ::close(fd);
}

}  // namespace
}  // namespace tinyhttpd::tcp
