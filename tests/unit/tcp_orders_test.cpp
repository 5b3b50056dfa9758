// SPDX-License-Identifier: MIT
// Orders: what the main thread hears of the workers, and when all of them are woken.
#include "tcp/orders.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace tinyhttpd::tcp {
namespace {

TEST(OrdersTest, AWorkerThatIsWokenSeesTheOrder) {
    Mailbox mailbox(1);
    Orders orders(mailbox, [] {});
    Order seen = Order::serve;
    mailbox.take_seat(0, [&] { seen = orders.order(); });
    orders.direct(Order::drain);
    EXPECT_EQ(seen, Order::drain);
}

TEST(OrdersTest, AWorkerThatFailsIsReported) {
    int reports = 0;
    Mailbox mailbox(2);
    Orders orders(mailbox, [&] { ++reports; });
    EXPECT_EQ(orders.failure(), 0);
    orders.fail(EPERM);
    EXPECT_EQ(orders.failure(), EPERM);
    EXPECT_EQ(reports, 1);
}

TEST(OrdersTest, TheListenersAreReportedUnusedOnlyWhenTheLastWorkerHasStopped) {
    int reports = 0;
    int wakes = 0;
    Mailbox mailbox(2);
    Orders orders(mailbox, [&] { ++reports; });
    mailbox.take_seat(0, [&] { ++wakes; });
    orders.end_accepting();
    EXPECT_FALSE(orders.accepting_ended());
    EXPECT_EQ(reports, 0);
    orders.end_accepting();
    EXPECT_TRUE(orders.accepting_ended());
    EXPECT_EQ(reports, 1);
    EXPECT_EQ(wakes, 1);  // to look into its inbox once more
}

}  // namespace
}  // namespace tinyhttpd::tcp
