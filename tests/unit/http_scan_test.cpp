// SPDX-License-Identifier: MIT
// The inner loops of the head parser by themselves: what sixteen bytes at a time say is what byte by byte says, at every place
// and length, and no byte outside the input is read. A client would otherwise be judged by the processor that it happens to meet.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

#include "http/scan.hpp"
#include "support/guarded_bytes.hpp"

namespace tinyhttpd::testing {
namespace {

using http::Cursor;
using http::FastestScan;
using http::PortableScan;

constexpr std::size_t longest = 200;

Cursor cursor(std::string_view text, std::size_t at) {
    return {text.data(), text.data() + at, text.data() + text.size()};
}

template <void (*skip)(Cursor&)>
std::size_t skipped(std::string_view text, std::size_t at) {
    Cursor in = cursor(text, at);
    skip(in);
    return static_cast<std::size_t>(in.at - in.begin);
}

/// Text of bytes that matter: mostly plain ones, so that runs are long, and every other byte now and then.
std::string random_text(std::mt19937& random, std::size_t size) {
    static constexpr std::string_view plain = "abcXYZ-019./:?=&;, ";
    static constexpr char special[] = "\r\n\t!$%\"<>#\x7f\x80\xff@[`{/\x1f";  // and the NUL behind them
    std::string text(size, '\0');
    const auto rarity = 1 + random() % 40;
    for (char& byte : text) {
        byte = random() % rarity != 0 ? plain[random() % plain.size()] : special[random() % std::size(special)];
        if (random() % 200 == 0) byte = static_cast<char>(random());
    }
    return text;
}

class Scan : public ::testing::Test {
protected:
    std::random_device::result_type seed_ = std::random_device{}();
    std::mt19937 random_{seed_};
    GuardedBytes page_{longest};
    GuardedBytes other_page_{longest};
};

TEST_F(Scan, StopsWhereThePortableOneStops) {
    for (int round = 0; round < 20'000; ++round) {
        const std::string_view text = page_.hold(random_text(random_, random_() % longest));
        const std::size_t at = random_() % (text.size() + 1);
        SCOPED_TRACE(::testing::Message() << "seed " << seed_ << ": " << ::testing::PrintToString(text) << " from " << at);
        ASSERT_EQ(skipped<FastestScan::skip_token>(text, at), skipped<PortableScan::skip_token>(text, at));
        ASSERT_EQ(skipped<FastestScan::skip_target>(text, at), skipped<PortableScan::skip_target>(text, at));
        ASSERT_EQ(skipped<FastestScan::skip_value>(text, at), skipped<PortableScan::skip_value>(text, at));
        // A host may be left to a closer look, but never be taken for longer than it is.
        ASSERT_LE(skipped<FastestScan::skip_host>(text, at), skipped<PortableScan::skip_host>(text, at));
    }
}

TEST_F(Scan, KnowsEveryByteAtEveryPlaceOfAStretch) {
    for (const std::size_t size : {std::size_t{16}, std::size_t{17}, std::size_t{63}, std::size_t{64}, std::size_t{65}, std::size_t{100}}) {
        std::string text(size, 'a');
        for (std::size_t place = 0; place < size; ++place) {
            for (int byte = 0; byte < 256; ++byte) {
                text[place] = static_cast<char>(byte);
                const Cursor in = cursor(page_.hold(text), 0);
                ASSERT_EQ(FastestScan::specials(in), PortableScan::specials(in)) << "byte " << byte << " at " << place << " of " << size;
                // Behind it something follows, as plain_name() asks.
                if (place + 1 == size) continue;
                const Cursor name = cursor(page_.hold(text + ":"), 0);
                ASSERT_EQ(FastestScan::plain_name(name), PortableScan::plain_name(name)) << "byte " << byte << " at " << place;
            }
            text[place] = 'a';
        }
    }
}

TEST_F(Scan, FindsTheSameSpecialBytesAndNames) {
    for (int round = 0; round < 20'000; ++round) {
        const std::string bytes = random_text(random_, 16 + random_() % (longest - 16)).append(":").substr(1);
        const std::string_view text = round % 2 == 0 ? page_.hold(bytes) : page_.hold_in_front(bytes);
        const Cursor in = cursor(text, random_() % text.size());
        SCOPED_TRACE(::testing::Message() << "seed " << seed_ << ": " << ::testing::PrintToString(text) << " from " << in.offset());
        ASSERT_EQ(FastestScan::specials(in), PortableScan::specials(in));
        ASSERT_EQ(FastestScan::plain_name(in), PortableScan::plain_name(in));
    }
}

TEST_F(Scan, FindsWhatTwoHeadsHaveInCommon) {
    for (int round = 0; round < 20'000; ++round) {
        const std::string one = random_text(random_, random_() % longest);
        std::string other = one.substr(0, random_() % (one.size() + 1));
        if (!other.empty() && random_() % 4 != 0) other[random_() % other.size()] ^= static_cast<char>(1 << random_() % 8);
        const std::string_view left = page_.hold(one);
        const std::string_view right = other_page_.hold(other);
        const std::size_t size = right.size();
        const auto expected = static_cast<std::size_t>(std::ranges::mismatch(left.substr(0, size), right).in2 - right.begin());
        ASSERT_EQ(FastestScan::common(left.data(), right.data(), size), expected) << "seed " << seed_;
        ASSERT_EQ(PortableScan::common(left.data(), right.data(), size), expected) << "seed " << seed_;
        ASSERT_EQ(FastestScan::whole_lines(left), left.rfind('\n') + 1) << "seed " << seed_;
        ASSERT_EQ(PortableScan::whole_lines(left), left.rfind('\n') + 1) << "seed " << seed_;
    }
}

}  // namespace
}  // namespace tinyhttpd::testing
