// SPDX-License-Identifier: MIT
// Deadlines: a connection that stalls is cut when it should be, and one that does not is left alone.
#include "tcp/deadlines.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace tinyhttpd::tcp {
namespace {

using namespace std::chrono_literals;

class DeadlinesTest : public testing::Test {
protected:
    void SetUp() override {
        for (std::uint32_t i = 0; i < links_.size(); ++i) links_[i].slot = i;
    }
    std::vector<std::uint32_t> expired_at(io::Instant now) {
        std::vector<std::uint32_t> slots;
        while (const DeadlineLink* link = deadlines_.take_expired(now)) slots.push_back(link->slot);
        return slots;
    }

    const io::Instant start_{1000s};
    std::array<DeadlineLink, 4> links_;
    Deadlines deadlines_{{75s, 10s, 10s, 30s, 2s}};
};

TEST_F(DeadlinesTest, AServerWithoutConnectionsSleepsForEver) {
    EXPECT_EQ(deadlines_.earliest(), io::Instant::max());
    EXPECT_TRUE(expired_at(start_ + 1000h).empty());
}

TEST_F(DeadlinesTest, EachClassExpiresAfterItsOwnTimeAndInOrder) {
    deadlines_.set(links_[0], DeadlineClass::idle, start_);
    deadlines_.set(links_[1], DeadlineClass::head, start_);
    deadlines_.set(links_[2], DeadlineClass::linger, start_ + 1s);
    EXPECT_EQ(deadlines_.earliest(), start_ + 3s);
    EXPECT_TRUE(expired_at(start_ + 3s - 1ns).empty());
    EXPECT_EQ(expired_at(start_ + 3s), std::vector<std::uint32_t>{2});
    EXPECT_EQ(deadlines_.earliest(), start_ + 10s);
    EXPECT_EQ(expired_at(start_ + 10s), std::vector<std::uint32_t>{1});
    EXPECT_EQ(expired_at(start_ + 75s), std::vector<std::uint32_t>{0});
    EXPECT_EQ(deadlines_.earliest(), io::Instant::max());
}

TEST_F(DeadlinesTest, AConnectionThatGoesOnIsNotCut) {
    deadlines_.set(links_[0], DeadlineClass::idle, start_);
    deadlines_.set(links_[0], DeadlineClass::write, start_ + 70s);
    deadlines_.set(links_[0], DeadlineClass::idle, start_ + 71s);
    EXPECT_TRUE(expired_at(start_ + 100s).empty());
    EXPECT_EQ(expired_at(start_ + 146s), std::vector<std::uint32_t>{0});
}

TEST_F(DeadlinesTest, WhoHasWaitedLongestIsKnownInEachClass) {
    EXPECT_EQ(deadlines_.first(DeadlineClass::idle), nullptr);
    deadlines_.set(links_[1], DeadlineClass::idle, start_);
    deadlines_.set(links_[2], DeadlineClass::idle, start_ + 1s);
    deadlines_.set(links_[3], DeadlineClass::head, start_);
    EXPECT_EQ(deadlines_.first(DeadlineClass::idle), &links_[1]);
    EXPECT_EQ(deadlines_.began(links_[2]), start_ + 1s);
    deadlines_.set(links_[1], DeadlineClass::write, start_ + 2s);
    EXPECT_EQ(deadlines_.first(DeadlineClass::idle), &links_[2]);
}

TEST_F(DeadlinesTest, ADeadlineThatIsOverWakesNobodyTwice) {
    deadlines_.set(links_[0], DeadlineClass::linger, start_);
    deadlines_.set(links_[1], DeadlineClass::head, start_);
    Deadlines::clear(links_[0]);
    EXPECT_FALSE(deadlines_.has_expired(start_ + 2s));
    EXPECT_EQ(deadlines_.earliest(), start_ + 10s);
    EXPECT_TRUE(deadlines_.has_expired(start_ + 10s));
}

TEST_F(DeadlinesTest, AClosedConnectionLeavesTheQueueAndTheOthersStay) {
    for (DeadlineLink& link : links_) deadlines_.set(link, DeadlineClass::head, start_);
    Deadlines::clear(links_[1]);
    Deadlines::clear(links_[1]);  // twice is harmless
    EXPECT_EQ(expired_at(start_ + 10s), (std::vector<std::uint32_t>{0, 2, 3}));
}

}  // namespace
}  // namespace tinyhttpd::tcp
