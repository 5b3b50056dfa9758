// SPDX-License-Identifier: MIT
// IdleWatch: when --exit-idle ends the program. Never while a client may still be at it, and soon after: by a clock of the test's, with
// workers that answer when it says so.
#include "app/idle_watch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

namespace tinyhttpd {
namespace {

using namespace std::chrono_literals;
using Instant = IdleWatch::Instant;
using Finding = IdleWatch::Finding;

constexpr Instant start{1h};
constexpr auto period_max = 100ms;  // between two questions
constexpr auto answer_time = 1ms;

class IdleWatchTest : public ::testing::Test {
protected:
    /// Requests of one worker: begun and ended at these times, whether answered or not.
    struct Request {
        std::uint32_t worker;
        Instant begins, ends;
        bool is_answered = true;
    };

    /// When it finds that nothing goes on; none: not before `until`. Workers answer at once, as they are at that moment.
    std::optional<Instant> idle_at(std::chrono::nanoseconds limit, const std::vector<Request>& requests, Instant until) {
        tcp::Census census(workers);
        IdleWatch watch(census, limit, start);
        for (Instant now = start; now < until; now = std::max(now + 1us, watch.due())) {
            switch (watch.look(now)) {
                case Finding::idle: return now;
                case Finding::nothing: break;
                case Finding::ask:
                    ++questions_;
                    for (std::uint32_t seat = 0; seat < workers; ++seat) census.tell(seat, state_of(seat, requests, now));
            }
        }
        return std::nullopt;
    }
    static tcp::Census::Result state_of(std::uint32_t seat, const std::vector<Request>& requests, Instant now) {
        tcp::Census::Result result;
        for (const Request& request : requests) {
            if (request.worker != seat) continue;
            result.answered += request.is_answered && request.ends <= now;
            result.is_busy |= request.begins <= now && now < request.ends;
        }
        return result;
    }
    /// Idle is what it says, from `last` on.
    static void expect_in_time(std::optional<Instant> found, Instant last, std::chrono::nanoseconds limit) {
        ASSERT_TRUE(found.has_value());
        EXPECT_GE(*found, last + limit) << "a client was cut " << (last + limit - *found) / 1us << " us early";
        EXPECT_LE(*found, last + limit + std::min<std::chrono::nanoseconds>(period_max, limit / 8 + answer_time) + 3 * answer_time);
    }

    static constexpr std::uint32_t workers = 3;
    int questions_ = 0;
};

TEST_F(IdleWatchTest, AServerThatNobodyAsksEndsFromItsStartOn) {
    for (const std::chrono::nanoseconds limit : {1ns, 1000000ns, 10000000ns, 1000000000ns, 3600000000000ns})
        expect_in_time(idle_at(limit, {}, start + 2h), start, limit);
}

TEST_F(IdleWatchTest, TheLastRequestCountsHoweverShortItWas) {
    for (const std::chrono::nanoseconds limit : {50ms, 1000ms, 10000ms}) {
        for (auto when = 0ms; when < 300ms; when += 7ms) {
            const Instant last = start + when;
            for (std::uint32_t worker = 0; worker < workers; ++worker) {
                if (when > limit) continue;
                expect_in_time(idle_at(limit, {{worker, last, last + 10us}}, start + 1h), last + 10us, limit);
            }
        }
    }
}

TEST_F(IdleWatchTest, AsLongAsAnythingIsUnderWayItGoesOn) {
    EXPECT_EQ(idle_at(1s, {{1, start + 500ms, start + 2h}}, start + 1h), std::nullopt);
    for (auto when = 1ms; when < 1s; when += 1ms)
        ASSERT_EQ(idle_at(1s, {{1, start + when, start + 1h}}, start + 5s), std::nullopt) << when / 1ms << " ms";
    std::vector<Request> requests;
    for (auto when = 0ms; when < 60s; when += 900ms) requests.push_back({2, start + when, start + when + 1us});
    expect_in_time(idle_at(1s, requests, start + 1h), requests.back().ends, 1s);
}

// One that its client gave up is not among those that were answered.
TEST_F(IdleWatchTest, ARequestThatEndsWithoutAnAnswerCountsToItsEnd) {
    for (const std::chrono::nanoseconds limit : {100ms, 1000ms}) {
        for (auto lasts = 120ms; lasts < 400ms; lasts += 3ms) {
            const Instant begin = start + 40ms;
            expect_in_time(idle_at(limit, {{0, begin, begin + lasts, false}}, start + 1h), begin + lasts, limit);
        }
    }
}

TEST_F(IdleWatchTest, WorkersAreLeftInPeaceInBetween) {
    ASSERT_TRUE(idle_at(10s, {}, start + 1min));
    EXPECT_LE(questions_, 110);
    questions_ = 0;
    ASSERT_TRUE(idle_at(80ms, {}, start + 1min));
    EXPECT_LE(questions_, 12);
}

TEST_F(IdleWatchTest, AWorkerThatDoesNotAnswerIsWaitedForAndAskedOnce) {
    tcp::Census census(2);
    IdleWatch watch(census, 10ms, start);
    ASSERT_EQ(watch.look(start), Finding::ask);
    census.tell(0, {});
    Instant now = start;
    for (int i = 0; i < 1000; ++i) {
        EXPECT_GT(watch.due(), now);
        EXPECT_LE(watch.due(), now + answer_time);
        now = watch.due();
        ASSERT_EQ(watch.look(now), Finding::nothing);
        ASSERT_FALSE(census.is_asked(0));
    }
    ASSERT_TRUE(census.is_asked(1));
    census.tell(1, {.answered = 1, .is_busy = false});
    // It is as late as its answer: from the question on nothing was under way, as far as is known.
    while (watch.look(now) != Finding::idle) {
        for (std::uint32_t seat = 0; seat < 2; ++seat)
            if (census.is_asked(seat)) census.tell(seat, {.answered = seat, .is_busy = false});
        now = std::max(now + 1us, watch.due());
        ASSERT_LT(now, start + 2s);
    }
    EXPECT_GE(now, start + 1s);
}

TEST(CensusTest, AnswersAreThoseToTheLastQuestionAndOfAll) {
    tcp::Census census(2);
    census.ask();
    EXPECT_TRUE(census.is_asked(0));
    census.tell(0, {.answered = 3, .is_busy = false});
    EXPECT_FALSE(census.is_asked(0));
    EXPECT_EQ(census.result(), std::nullopt);
    census.tell(1, {.answered = 4, .is_busy = true});
    EXPECT_EQ(census.result(), (tcp::Census::Result{.answered = 7, .is_busy = true}));
    census.ask();
    EXPECT_TRUE(census.is_asked(0));
    census.tell(1, {.answered = 5, .is_busy = false});
    EXPECT_EQ(census.result(), std::nullopt) << "an answer to an earlier question is none to this one";
    census.tell(0, {.answered = 3, .is_busy = false});
    EXPECT_EQ(census.result(), (tcp::Census::Result{.answered = 8, .is_busy = false}));
    census.ask();
    census.ask();
    for (std::uint32_t seat = 0; seat < 2; ++seat) census.tell(seat, {});
    EXPECT_NE(census.result(), std::nullopt) << "whoever missed a question answers the last";
}

}  // namespace
}  // namespace tinyhttpd
