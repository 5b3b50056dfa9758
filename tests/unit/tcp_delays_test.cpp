// SPDX-License-Identifier: MIT
// Delays: whoever is due comes in the order of the times, and whoever leaves before is out.
#include "tcp/delays.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "support/random.hpp"
#include "unit/allocation_count.hpp"

namespace tinyhttpd::tcp {
namespace {

using namespace std::chrono_literals;

struct Places {
    std::vector<std::uint64_t>* places;
    std::uint64_t& operator()(std::uint32_t slot) const { return (*places)[slot]; }
};

const io::Instant start{1h};

TEST(Delays, ComeWhenTheyAreDueAndInOrder) {
    const std::uint64_t seed = support::any_seed();
    SCOPED_TRACE(support::seed_text(seed));
    support::Random random(seed);
    std::vector<std::uint64_t> places(500);
    Delays delays(Places{&places});
    std::vector<std::pair<io::Instant, std::uint32_t>> expected;
    for (std::uint32_t slot = 0; slot < places.size(); ++slot) {
        const io::Instant due = start + std::chrono::milliseconds(random.below(50U));  // many at the same time
        ASSERT_TRUE(delays.add(slot, due));
        expected.emplace_back(due, slot);
    }
    for (int i = 0; i < 200; ++i) {
        const std::size_t gone = random.below(expected.size());
        delays.remove(places[expected[gone].second]);
        expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(gone));
    }
    std::ranges::stable_sort(expected, {}, &std::pair<io::Instant, std::uint32_t>::first);
    EXPECT_EQ(delays.earliest(), expected.front().first);
    EXPECT_EQ(delays.take_due(expected.front().first - 1ns), std::nullopt);
    for (const auto& [due, slot] : expected) ASSERT_EQ(delays.take_due(due), slot);
    EXPECT_EQ(delays.earliest(), io::Instant::max());
}

TEST(Delays, WithoutMemoryOneIsRefusedAndTheOthersStay) {
    std::vector<std::uint64_t> places(1000);
    Delays delays(Places{&places});
    std::uint32_t added = 0;
    {
        ASSERT_TRUE(delays.add(added++, start));
        const testing::OutOfMemory out_of_memory;
        while (delays.add(added, start)) ++added;
    }
    EXPECT_EQ(delays.size(), added);
    for (std::uint32_t slot = 0; slot < added; ++slot) EXPECT_EQ(delays.take_due(start), slot);
}

}  // namespace
}  // namespace tinyhttpd::tcp
