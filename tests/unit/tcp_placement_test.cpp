// SPDX-License-Identifier: MIT
// Placement: a request crosses no processor without need, and no processor idles while another has too much to do.
#include "tcp/placement.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

namespace tinyhttpd::tcp {
namespace {

/// What each worker holds after `count` connections have come, the n-th of them on CPU cpu(n), all accepted by worker 0.
std::vector<std::uint32_t> held_after(std::uint32_t workers, std::vector<int> cpus, int count, const std::function<int(int)>& cpu) {
    const Placement placement(workers, cpus);
    std::vector<std::uint32_t> held(workers);
    for (int n = 0; n < count; ++n) ++held[placement.choose(0, cpu(n), [&](std::uint32_t seat) { return held[seat]; })];
    return held;
}

using Held = std::vector<std::uint32_t>;

TEST(PlacementTest, AConnectionLivesWhereItsPacketsArrive) {
    const Placement placement(2, std::array{0, 1});
    const auto held = [](std::uint32_t) { return 50U; };
    EXPECT_EQ(placement.choose(0, 1, held), 1U);
    EXPECT_EQ(placement.choose(1, 0, held), 0U);
    EXPECT_EQ(held_after(2, {0, 1}, 100, [](int n) { return n % 10 == 0; }), (Held{90, 10}));
}

TEST(PlacementTest, AWorkerThatHasNoneGetsTheNextWhereverItsPacketsArrive) {
    EXPECT_EQ(held_after(2, {0, 1}, 2, [](int) { return 1; }), (Held{1, 1}));
    EXPECT_EQ(held_after(2, {0, 1}, 8, [](int) { return 1; }), (Held{1, 7}));
    EXPECT_EQ(held_after(4, {0, 1, 2, 3}, 4, [](int) { return 2; }), (Held{1, 1, 1, 1}));
}

TEST(PlacementTest, NoWorkerHoldsMuchMoreThanTwiceItsShare) {
    // All clients on one CPU of eight.
    const Held held = held_after(8, {0, 1, 2, 3, 4, 5, 6, 7}, 800, [](int) { return 5; });
    EXPECT_EQ(std::accumulate(held.begin(), held.end(), 0U), 800U);
    EXPECT_LE(held[5], 201U);
    for (const std::uint32_t count : held) EXPECT_GE(count, 80U);
    // Of two workers twice a share is everything, as with a network card of one queue.
    EXPECT_EQ(held_after(2, {0, 1}, 200, [](int) { return 0; }), (Held{199, 1}));
}

TEST(PlacementTest, WhereTheCpuIsNotKnownConnectionsAreSpreadEvenly) {
    const std::vector<std::pair<std::vector<int>, int>> cases = {
        {{0, 1}, -1},         // a unix socket
        {{0, 1}, 7},          // packets are handled outside the affinity mask
        {{}, 1},              // a system without such numbers
        {{4, 6}, 1'000'000},  // no CPU at all
    };
    for (const auto& [cpus, cpu] : cases) {
        const Held held = held_after(2, cpus, 100, [cpu](int) { return cpu; });
        EXPECT_NEAR(held[0], 50, 1) << cpu;
        EXPECT_NEAR(held[1], 50, 1) << cpu;
    }
}

TEST(PlacementTest, TheNumbersOfTheCpusAreThoseOfTheMask) {
    const Placement placement(2, std::array{3, 9});
    const auto held = [](std::uint32_t) { return 50U; };
    EXPECT_EQ(placement.choose(0, 9, held), 1U);
    EXPECT_EQ(placement.choose(1, 3, held), 0U);
}

TEST(PlacementTest, FewerWorkersThanCpusAreEachAtHomeOnSeveral) {
    EXPECT_EQ(held_after(2, {0, 1, 2, 3}, 100, [](int n) { return n % 4; }), (Held{50, 50}));
    EXPECT_EQ(held_after(1, {0, 1, 2, 3}, 10, [](int n) { return n % 4; }), (Held{10}));
}

TEST(PlacementTest, MoreWorkersThanCpusShareThemEvenly) {
    EXPECT_EQ(held_after(4, {0, 1}, 100, [](int n) { return n % 2; }), (Held{25, 25, 25, 25}));
    const Held held = held_after(6, {0, 1}, 600, [](int) { return 1; });
    EXPECT_NEAR(held[1], held[3], 1);
    EXPECT_NEAR(held[3], held[5], 1);
}

}  // namespace
}  // namespace tinyhttpd::tcp
