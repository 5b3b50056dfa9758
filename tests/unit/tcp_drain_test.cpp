// SPDX-License-Identifier: MIT
// Drain and Lull: whom a stop waits for and for how long, and that nothing is concluded from what the kernel was not asked for.
#include "tcp/drain.hpp"

#include <gtest/gtest.h>

#include "tcp/lull.hpp"

namespace tinyhttpd::tcp {
namespace {

using namespace std::chrono_literals;

constexpr io::Instant start{1000s};

TEST(DrainTest, AServerThatServesLooksAtNoConnection) {
    Drain drain;
    EXPECT_TRUE(drain.serving());
    drain.became_quiet(start);
    EXPECT_EQ(drain.look_due(), io::Instant::max());
}

TEST(DrainTest, ItBeginsOnceAndLooksAtOnce) {
    Drain drain;
    EXPECT_TRUE(drain.begin(start));
    EXPECT_EQ(drain.stage(), Drain::Stage::emptying);
    EXPECT_EQ(drain.look_due(), start);
    EXPECT_FALSE(drain.begin(start + 1s));
}

TEST(DrainTest, AClientThatWasLetInMaySayWhatItCameForHoweverLongItHadWaited) {
    Drain drain;
    drain.begin(start);
    EXPECT_EQ(drain.kept_until(Drain::Quiet::fresh, start - 9s), start + Drain::fresh_grace);
    EXPECT_EQ(drain.kept_until(Drain::Quiet::fresh, start + 100ms), start + Drain::fresh_grace);
}

TEST(DrainTest, AnIdleConnectionHoldsTheEndUpOnlyWhileItsNextRequestMayBeOnItsWay) {
    Drain drain;
    drain.begin(start);
    EXPECT_LE(drain.kept_until(Drain::Quiet::idle, start - Drain::idle_grace), start);
    EXPECT_EQ(drain.kept_until(Drain::Quiet::idle, start - 1ms), start - 1ms + Drain::idle_grace);
}

TEST(DrainTest, TheNextLookIsForTheOneThatLeavesFirst) {
    Drain drain;
    drain.begin(start);
    drain.looked();
    EXPECT_EQ(drain.look_due(), io::Instant::max());
    drain.look_no_later_than(start + 500ms);
    drain.look_no_later_than(start + 25ms);
    drain.look_no_later_than(start + 100ms);
    EXPECT_EQ(drain.look_due(), start + 25ms);
}

TEST(LullTest, TheKernelIsAskedOnceMoreBeforeAnythingExpires) {
    Lull lull;
    EXPECT_FALSE(lull.has_come(true, start));  // a wait that SIGSTOP interrupted has looked at nothing
    EXPECT_TRUE(lull.has_come(true, start));
}

TEST(LullTest, WhatHadArrivedIsAnsweredFirst) {
    Lull lull;
    for (int turn = 0; turn < 5; ++turn) EXPECT_FALSE(lull.has_come(false, start + turn * 1ms));
    EXPECT_TRUE(lull.has_come(true, start + 5ms));
    EXPECT_FALSE(lull.has_come(true, start + 6ms));
}

TEST(LullTest, ALoadThatNeverPausesDoesNotKeepStalledClientsForEver) {
    Lull lull;
    EXPECT_FALSE(lull.has_come(false, start));
    EXPECT_FALSE(lull.has_come(false, start + Lull::longest_wait - 1ms));
    EXPECT_TRUE(lull.has_come(false, start + Lull::longest_wait));
}

TEST(LullTest, AProcessThatIsStoppedWhileItPollsPollsAgain) {
    Lull lull;
    EXPECT_FALSE(lull.has_come(false, start));
    EXPECT_FALSE(lull.has_come(false, start + 1h));
    EXPECT_FALSE(lull.has_come(false, start + 1h + 1ms));
    EXPECT_TRUE(lull.has_come(true, start + 1h + 2ms));
}

TEST(LullTest, WhatIsOverWhenItIsLookedForBeginsAnew) {
    Lull lull;
    EXPECT_FALSE(lull.has_come(false, start));
    lull.forget();
    EXPECT_FALSE(lull.has_come(false, start + 1h));
}

}  // namespace
}  // namespace tinyhttpd::tcp
