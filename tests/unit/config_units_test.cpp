// SPDX-License-Identifier: MIT
// Durations, sizes, switches and modes mean what INTERFACE says, and the texts of numbers read back to them.
#include "config/units.hpp"

#include <gtest/gtest.h>

#include "support/random.hpp"

namespace tinyhttpd::config {
namespace {

using namespace std::chrono_literals;

TEST(Units, durations_carry_their_unit) {
    EXPECT_EQ(parse_duration("250us"), Duration(250us));
    EXPECT_EQ(parse_duration("100ms"), Duration(100ms));
    EXPECT_EQ(parse_duration("5s"), Duration(5s));
    EXPECT_EQ(parse_duration("1m"), Duration(1min));
    EXPECT_EQ(parse_duration("2h"), Duration(2h));
    EXPECT_EQ(parse_duration("0"), Duration(0s));
    EXPECT_EQ(parse_duration("0s"), Duration(0s));
    for (const char* text :
         {"", "5", "s", "5 s", " 5s", "5s ", "5sec", "1h30m", "0x5s", "-1s", "+1s", "1e3s", "1.5s", "99999999999999999999s"})
        EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Units, a_bare_number_is_refused_because_programs_disagree_on_it) {
    EXPECT_EQ(parse_duration("10").error(), "a duration needs a unit: 10ms or 10s?");
}

TEST(Units, sizes_are_powers_of_1024) {
    EXPECT_EQ(parse_size("512"), 512U);
    EXPECT_EQ(parse_size("0"), 0U);
    for (const char* text : {"4k", "4K", "4KiB", "4kib"}) EXPECT_EQ(parse_size(text), 4096U) << text;
    for (const char* text : {"1M", "1m", "1MiB"}) EXPECT_EQ(parse_size(text), 1048576U) << text;
    EXPECT_EQ(parse_size("2G"), 2147483648U);
    for (const char* text : {"", "k", "4kb", "4KB", "4 k", "-1", "1.5k", "4T", "9223372036854775808", "9999999999G"})
        EXPECT_FALSE(parse_size(text)) << text;
}

TEST(Units, switches_take_the_words_people_write) {
    for (const char* text : {"true", "True", "yes", "on", "1"}) EXPECT_EQ(parse_boolean(text), true) << text;
    for (const char* text : {"false", "NO", "off", "0"}) EXPECT_EQ(parse_boolean(text), false) << text;
    for (const char* text : {"", "2", "y", "enabled", "true "}) EXPECT_FALSE(parse_boolean(text).has_value()) << text;
}

TEST(Units, modes_are_octal) {
    EXPECT_EQ(parse_mode("0660"), 0660U);
    EXPECT_EQ(parse_mode("600"), 0600U);
    EXPECT_EQ(parse_mode("0"), 0U);
    for (const char* text : {"", "888", "0o660", "1000", "-1", "rw"}) EXPECT_FALSE(parse_mode(text).has_value()) << text;
}

TEST(Units, what_is_printed_reads_back_to_the_same) {
    const std::uint64_t seed = support::any_seed();
    SCOPED_TRACE(support::seed_text(seed));
    support::Random random(seed);
    for (int round = 0; round < 2000; ++round) {
        const std::uint64_t number = random.next() >> random.between(1, 63);
        EXPECT_EQ(parse_size(size_text(number)), number);
        EXPECT_EQ(parse_duration(duration_text(Duration(number))), Duration(number));
    }
    EXPECT_EQ(size_text(16 * 1024 * 1024), "16M");
    EXPECT_EQ(duration_text(8760h), "8760h");
    EXPECT_EQ(duration_text(90s), "90s");
}

}  // namespace
}  // namespace tinyhttpd::config
