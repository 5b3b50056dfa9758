// SPDX-License-Identifier: MIT
// The last lines of a run, which scripts and people read beside the exit status.
#include "app/last_words.hpp"

#include <gtest/gtest.h>

#include "unit/log_support.hpp"

namespace tinyhttpd {
namespace {

using namespace std::chrono_literals;

std::string said(const Served& served) {
    const log::testing::Report report;
    log::Diagnostics diagnostics(log::Level::info, report.descriptor());
    say_last_words(diagnostics, served);
    return report.text();
}

TEST(LastWords, ACleanStopThatNobodyWatchesIsSilent) {
    EXPECT_EQ(said({.answered = 5, .max_requests = 5}), "");
}

TEST(LastWords, Status4SaysHowFarItCame) {
    EXPECT_EQ(said({.status = ExitStatus::time_over, .answered = 3, .max_requests = 5}),
              "tinyhttpd: error: --max-time ended after 3 of 5 requests\n");
    EXPECT_EQ(said({.status = ExitStatus::time_over, .answered = 0, .max_requests = 1}),
              "tinyhttpd: error: --max-time ended after 0 of 1 request\n");
}

TEST(LastWords, WhoWasCutIsCounted) {
    EXPECT_EQ(said({.status = ExitStatus::forced, .cut = 1}), "tinyhttpd: warning: stopped by force: 1 request was cut off\n");
    EXPECT_EQ(said({.status = ExitStatus::forced, .cut = 1234}), "tinyhttpd: warning: stopped by force: 1,234 requests were cut off\n");
}

TEST(LastWords, ATerminalShowsWhatThereWas) {
    EXPECT_EQ(said({.answered = 12'345, .time = 182s, .on_terminal = true}), "tinyhttpd: info: stopped after 12,345 requests in 3 m 2 s\n");
}

TEST(LastWords, CountsAreGroupedByThousands) {
    EXPECT_EQ(counted_requests(0), "0 requests");
    EXPECT_EQ(counted_requests(1), "1 request");
    EXPECT_EQ(counted_requests(999), "999 requests");
    EXPECT_EQ(counted_requests(1000), "1,000 requests");
    EXPECT_EQ(counted_requests(1'234'567), "1,234,567 requests");
}

TEST(LastWords, TimeHasItsTwoLargestUnits) {
    EXPECT_EQ(time_text(0ms), "0.0 s");
    EXPECT_EQ(time_text(1599ms), "1.5 s");
    EXPECT_EQ(time_text(9999ms), "9.9 s");
    EXPECT_EQ(time_text(42s), "42 s");
    EXPECT_EQ(time_text(60s), "1 m 0 s");
    EXPECT_EQ(time_text(182s), "3 m 2 s");
    EXPECT_EQ(time_text(2h + 5min + 59s), "2 h 5 m");
}

}  // namespace
}  // namespace tinyhttpd
