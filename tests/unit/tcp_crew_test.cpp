// SPDX-License-Identifier: MIT
// Crew: what orders, places and mailbox owe each other.
#include "tcp/crew.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace tinyhttpd::tcp {
namespace {

TEST(CrewTest, WhenAllHaveReturnedNoDescriptorIsLeftAndNobodyIsWoken) {
    bool is_over = false;
    bool is_open_then = true;
    int wakes = 0;
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    Crew crew(2, 10, [&] {
        if (!crew.orders.all_returned()) return;
        is_over = true;
        is_open_then = ::fcntl(fd, F_GETFD) != -1;
        crew.mailbox.wake_all();
    });
    crew.mailbox.take_seat(1, [&] { ++wakes; });
    crew.return_from(0);
    EXPECT_FALSE(is_over);
    ASSERT_TRUE(crew.mailbox.hand_over(1, {fd, 0}));
    EXPECT_EQ(wakes, 1);
    crew.return_from(1);
    EXPECT_TRUE(is_over);
    EXPECT_FALSE(is_open_then);
    EXPECT_EQ(wakes, 1);
}

}  // namespace
}  // namespace tinyhttpd::tcp
