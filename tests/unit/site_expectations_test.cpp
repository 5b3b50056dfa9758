// SPDX-License-Identifier: MIT
// The verdict on --expect: exact over all workers, and with a hint at what came instead.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "site/expectations.hpp"
#include "unit/allocation_count.hpp"

namespace tinyhttpd::site {
namespace {

using Lines = std::vector<std::string>;

Expectation orders(std::uint64_t least, std::optional<std::uint64_t> most, std::string text) {
    return {.count_min = least, .count_max = most, .method = "POST", .path = "/orders", .text = std::move(text)};
}

/// Tallies of as many workers as there are lists of requests, "POST /orders" each.
class Workers {
public:
    explicit Workers(Expectations expectations) : expectations_(std::make_shared<const Expectations>(std::move(expectations))) {}
    Tally& add() {
        tallies_.push_back(std::make_unique<Tally>(expectations_));
        return *tallies_.back();
    }
    [[nodiscard]] Lines verdict() const {
        std::vector<const Tally*> all;
        for (const auto& tally : tallies_) all.push_back(tally.get());
        return site::verdict(all);
    }

private:
    std::shared_ptr<const Expectations> expectations_;
    std::vector<std::unique_ptr<Tally>> tallies_;
};

/// The verdict when one worker has seen `requests`.
Lines verdict_on(const Expectation& expectation, const std::vector<std::string_view>& requests) {
    Workers workers({expectation});
    Tally& tally = workers.add();
    for (const std::string_view request : requests)
        tally.count(request.substr(0, request.find(' ')), request.substr(request.find(' ') + 1));
    return workers.verdict();
}

bool is_met(std::string method, std::string path, std::string_view request) {
    return verdict_on({.method = std::move(method), .path = std::move(path)}, {request}).empty();
}

TEST(Expectations, AVerdictSaysWhatWasExpectedWhatCameAndWhatMayHaveBeenMeant) {
    EXPECT_EQ(verdict_on(orders(2, 2, "2 POST /orders"), {"POST /orders", "POST /order", "GET /health"}),
              Lines{"expected 2 POST /orders, came 1 (nearest: POST /order, 1)"});
}

TEST(Expectations, WhatIsMetSaysNothing) {
    EXPECT_EQ(verdict_on(orders(2, 2, "2 POST /orders"), {"POST /orders", "GET /orders", "POST /orders"}), Lines{});
    EXPECT_EQ(verdict_on(orders(0, 0, "0 POST /orders"), {"GET /orders"}), Lines{});
}

TEST(Expectations, ACountIsBoundedOnBothSides) {
    for (const auto& [least, most, fits_from, fits_to] : {std::tuple(2, std::optional(2), 2, 2),
                                                          {2, std::optional<int>(), 2, 9},
                                                          {1, std::optional(3), 1, 3},
                                                          {0, std::optional(0), 0, 0}}) {
        for (int came = 0; came < 6; ++came) {
            const bool is_met = verdict_on(orders(static_cast<std::uint64_t>(least), most, ""),
                                           std::vector<std::string_view>(static_cast<std::size_t>(came), "POST /orders"))
                                    .empty();
            EXPECT_EQ(is_met, came >= fits_from && came <= fits_to) << least << ' ' << came;
        }
    }
}

TEST(Expectations, TooManyNeedNoHint) {
    EXPECT_EQ(verdict_on(orders(1, 1, "1 POST /orders"), {"POST /orders", "POST /orders", "POST /order"}),
              Lines{"expected 1 POST /orders, came 2"});
}

TEST(Expectations, WhenNothingElseCameThereIsNoHint) {
    EXPECT_EQ(verdict_on(orders(2, 2, "2 POST /orders"), {}), Lines{"expected 2 POST /orders, came 0"});
    EXPECT_EQ(verdict_on(orders(2, 2, "2 POST /orders"), {"POST /orders"}), Lines{"expected 2 POST /orders, came 1"});
}

TEST(Expectations, PathsAreExactOrAPrefixAndMethodsExactOrAny) {
    EXPECT_TRUE(is_met("POST", "/orders", "POST /orders"));
    EXPECT_FALSE(is_met("POST", "/orders", "POST /orders/"));
    EXPECT_FALSE(is_met("POST", "/orders", "POST /order"));
    EXPECT_FALSE(is_met("POST", "/orders", "post /orders"));
    EXPECT_TRUE(is_met("POST", "/orders/*", "POST /orders/7"));
    EXPECT_TRUE(is_met("POST", "/orders/*", "POST /orders/"));
    EXPECT_FALSE(is_met("POST", "/orders/*", "POST /orders"));
    EXPECT_TRUE(is_met("*", "/orders", "DELETE /orders"));
    EXPECT_TRUE(is_met("*", "*", "GET /"));
    EXPECT_FALSE(is_met("GET", "/orders", "HEAD /orders")) << "a client that asks for the head alone has not fetched anything";
}

TEST(Expectations, TheNearestIsTheClosestThenTheMostFrequent) {
    EXPECT_EQ(verdict_on(orders(1, {}, "POST /orders"), {"PUT /orders", "POST /order", "POST /ordersz", "POST /ordersz"}),
              Lines{"expected POST /orders, came 0 (nearest: POST /ordersz, 2)"});
    EXPECT_EQ(verdict_on(orders(1, {}, "POST /orders"), {"PUT /orders", "GET /", "GET /", "GET /"}),
              Lines{"expected POST /orders, came 0 (nearest: PUT /orders, 1)"});
}

TEST(Expectations, WhatAStarLeavesOpenMakesNothingFarther) {
    EXPECT_EQ(verdict_on({.method = "POST", .path = "/orders/*", .text = "POST /orders/*"},
                         {"POST /order/a-long-number-that-does-not-matter", "POST /"}),
              Lines{"expected POST /orders/*, came 0 (nearest: POST /order/a-long-number-that-does-not-matter, 1)"});
    EXPECT_EQ(verdict_on({.path = "/orders", .text = "* /orders"}, {"PROPFIND /orderz", "POST /ord"}),
              Lines{"expected * /orders, came 0 (nearest: PROPFIND /orderz, 1)"});
}

TEST(Expectations, EachThatIsUnmetHasItsLineInTheirOrder) {
    Workers workers({orders(1, {}, "POST /orders"), {.method = "GET", .path = "/a", .text = "GET /a"}, orders(3, 3, "3 POST /orders")});
    workers.add().count("GET", "/a");
    EXPECT_EQ(workers.verdict(),
              (Lines{"expected POST /orders, came 0 (nearest: GET /a, 1)", "expected 3 POST /orders, came 0 (nearest: GET /a, 1)"}));
}

TEST(Expectations, CountsAreExactOverAllWorkers) {
    constexpr std::uint64_t workers_count = 4;
    constexpr std::uint64_t each = 10'000;
    Workers workers({orders(workers_count * each, workers_count * each, ""),
                     orders(0, 0, "0 POST /orders"),
                     {.count_min = 999'999, .path = "/x", .text = "x"}});
    std::vector<Tally*> tallies;
    for (std::uint64_t i = 0; i < workers_count; ++i) tallies.push_back(&workers.add());
    std::vector<std::thread> threads;
    for (Tally* tally : tallies) {
        threads.emplace_back([tally] {
            for (std::uint64_t i = 0; i < each; ++i) tally->count("POST", "/orders");
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(workers.verdict(), (Lines{"expected 0 POST /orders, came 40000", "expected x, came 0 (nearest: POST /orders, 40000)"}));
}

TEST(Expectations, AFloodOfPathsCostsBoundedMemoryAndIsCountedNevertheless) {
    Workers workers({{.count_min = 5004, .count_max = 5004, .path = "/flood/*", .text = "5004 x"}, orders(1, {}, "POST /orders")});
    Tally& tally = workers.add();
    for (int i = 0; i < 5000; ++i) tally.count("GET", "/flood/" + std::to_string(i));
    tally.count("GET", "/flood/" + std::string(1000, 'x'));
    const auto before = tinyhttpd::testing::allocations_of_this_thread();
    tally.count("GET", "/flood/4999");
    tally.count("GET", "/flood/1");
    EXPECT_EQ(tinyhttpd::testing::allocations_of_this_thread(), before);
    const Lines lines = workers.verdict();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], "expected 5004 x, came 5003 (4002 requests were not told apart)");
    EXPECT_TRUE(lines[1].ends_with("; 4002 requests were not told apart)")) << lines[1];
}

TEST(Expectations, TheLongestThatIsToldApartIsAsLongAsPromised) {
    const std::string fits(Tally::request_size_max - 4, '/');
    EXPECT_EQ(verdict_on(orders(1, {}, "x"), {"GET " + fits}), Lines{"expected x, came 0 (nearest: GET " + fits + ", 1)"});
    EXPECT_EQ(verdict_on(orders(1, {}, "x"), {"GET " + fits + "/"}), Lines{"expected x, came 0 (1 request was not told apart)"});
}

TEST(Expectations, WithoutMemoryForTheHintTheCountIsRight) {
    Workers workers({orders(1, 1, "met"), orders(0, 0, "x")});
    Tally& tally = workers.add();
    {
        const tinyhttpd::testing::OutOfMemory none_left;
        tally.count("POST", "/orders");
    }
    EXPECT_EQ(workers.verdict(), Lines{"expected x, came 1"});
}

}  // namespace
}  // namespace tinyhttpd::site
