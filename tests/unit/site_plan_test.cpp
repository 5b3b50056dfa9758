// SPDX-License-Identifier: MIT
// What is drawn for a request: sequences to the letter, shares and delays by their distributions.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <vector>

#include "site/plan.hpp"
#include "site/site.hpp"

namespace tinyhttpd::site {
namespace {

using namespace std::chrono_literals;

constexpr Outcome bad{1, Fault::none};
constexpr Outcome resets{0, Fault::reset};

TEST(Plan, ASequenceGoesThroughItsStepsAndStaysWithTheLast) {
    const Plan plan({.ok = {}, .sequence = {{bad, 3}, {resets, 1}, {{}, 1}}}, 1, 0);
    std::vector<Outcome> drawn;
    for (std::uint64_t number = 0; number < 7; ++number) drawn.push_back(plan.draw(number).outcome);
    EXPECT_EQ(drawn, (std::vector<Outcome>{bad, bad, bad, resets, {}, {}, {}}));
}

TEST(Plan, SharesAreRightWithinThreeSigma) {
    constexpr std::uint64_t requests = 100'000;
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
        const Plan plan({.ok = {}, .shares = {{bad, 50'000}, {resets, 5'000}}}, seed, 7);
        std::uint64_t bads = 0;
        std::uint64_t reset = 0;
        for (std::uint64_t number = 0; number < requests; ++number) {
            const Outcome outcome = plan.draw(number).outcome;
            bads += outcome == bad ? 1 : 0;
            reset += outcome == resets ? 1 : 0;
        }
        const auto within = [](std::uint64_t count, double share) {
            const double expected = share * requests;
            return std::abs(static_cast<double>(count) - expected) < 3 * std::sqrt(expected * (1 - share));
        };
        EXPECT_TRUE(within(bads, 0.05)) << seed << ": " << bads;
        EXPECT_TRUE(within(reset, 0.005)) << seed << ": " << reset;
    }
}

TEST(Plan, AShareOfAllIsEveryRequestAndOneOfNothingNone) {
    const Plan plan({.ok = {}, .shares = {{resets, 0}, {bad, all}}}, 9, 0);
    for (std::uint64_t number = 0; number < 10'000; ++number) ASSERT_EQ(plan.draw(number).outcome, bad);
}

TEST(Plan, TheSeedAndTheResourceDecideAndNothingElse) {
    const Plan::Options options{.ok = {}, .shares = {{bad, 500'000}}};
    const auto drawn = [&options](std::uint64_t seed, std::uint32_t resource) {
        std::vector<bool> bads;
        const Plan plan(options, seed, resource);
        for (std::uint64_t number = 0; number < 200; ++number) bads.push_back(plan.draw(number).outcome == bad);
        return bads;
    };
    EXPECT_EQ(drawn(1, 0), drawn(1, 0));
    EXPECT_NE(drawn(1, 0), drawn(2, 0));
    EXPECT_NE(drawn(1, 0), drawn(1, 1));
}

/// The distance of Kolmogorov and Smirnov between what was drawn and a distribution.
template <class Distribution>
double distance(const Delay& delay, Distribution distribution) {
    constexpr std::uint64_t requests = 20'000;
    const Plan plan({.ok = {}, .delays = {delay}}, 42, 3);
    std::vector<double> drawn;
    for (std::uint64_t number = 0; number < requests; ++number) drawn.push_back(static_cast<double>(plan.draw(number).delay.count()));
    std::ranges::sort(drawn);
    double most = 0;
    for (std::size_t i = 0; i < drawn.size(); ++i) {
        const double expected = distribution(drawn[i]);
        most = std::max({most, expected - static_cast<double>(i) / requests, static_cast<double>(i + 1) / requests - expected});
    }
    return most * std::sqrt(static_cast<double>(requests));
}

// At this level one distribution in a thousand would fail that is the right one; the seed is fixed.
constexpr double critical = 1.95;

TEST(Plan, UniformDelaysAreUniform) {
    EXPECT_LT(distance({.low = 50ms, .high = 2s}, [](double drawn) { return (drawn - 50e6) / 1950e6; }), critical);
}

TEST(Plan, LognormalDelaysHaveTheirMedianAndTheirPercentile) {
    const double sigma = std::log(400.0 / 80.0) / 2.3263478740408408;
    EXPECT_LT(distance({.kind = Delay::Kind::lognormal, .low = 80ms, .high = 400ms},
                       [sigma](double drawn) { return std::erfc(-std::log(drawn / 80e6) / sigma / std::numbers::sqrt2) / 2; }),
              critical);
}

TEST(Plan, AWeightedDelayMeetsItsShareAndTheRestComesAtOnce) {
    const Plan plan({.ok = {}, .delays = {{.low = 2s, .high = 2s, .millionths = 10'000}}}, 5, 0);
    int late = 0;
    for (std::uint64_t number = 0; number < 100'000; ++number) {
        const auto delay = plan.draw(number).delay;
        ASSERT_TRUE(delay == 0s || delay == 2s);
        late += delay == 2s ? 1 : 0;
    }
    EXPECT_NEAR(late, 1000, 3 * std::sqrt(990));
}

TEST(Plan, OnlyWhatIsAlwaysTheSameIsPlain) {
    EXPECT_TRUE(Plan({}, 0, 0).is_plain());
    EXPECT_FALSE(Plan({.ok = {}, .sequence = {{bad, 1}}}, 0, 0).is_plain());
    EXPECT_FALSE(Plan({.ok = {}, .shares = {{bad, 1}}}, 0, 0).is_plain());
    EXPECT_FALSE(Plan({.ok = {}, .delays = {{.low = 1s, .high = 1s}}}, 0, 0).is_plain());
    EXPECT_FALSE(Plan({.ok = {}, .limit_rate = 1}, 0, 0).is_plain());
}

TEST(Site, RequestsAreNumberedForEachResource) {
    SiteOptions options;
    options.answers.resize(2);
    const Plan::Options sequence{.ok = {}, .sequence = {{bad, 1}, {{}, 1}}};
    options.resources = {sequence, sequence};
    options.routes = {{"/a", {}}};
    const Site site(std::move(options));
    EXPECT_EQ(site.draw(1).outcome, bad);
    EXPECT_EQ(site.draw(0).outcome, bad);
    EXPECT_EQ(site.draw(1).outcome, Outcome{});
}

}  // namespace
}  // namespace tinyhttpd::site
