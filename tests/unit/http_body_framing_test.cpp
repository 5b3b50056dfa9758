// SPDX-License-Identifier: MIT
// The reader of request content by itself: where content ends, however it is split, and what it costs a peer to go on for
// ever. The grammar's cases are tests/conformance.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

#include "http/body_framing.hpp"
#include "support/guarded_bytes.hpp"

namespace tinyhttpd::testing {
namespace {

using http::BodyReader;
using http::ChunkedLimits;
using http::Refusal;

constexpr ChunkedLimits roomy{.content = 1000, .framing = 1000};

/// Feeds `input` in pieces of `step` bytes; how many bytes were taken, and how it ended.
BodyReader::Progress read_stepwise(BodyReader reader, std::string_view input, std::size_t step) {
    GuardedBytes page(input.size() + 1);
    BodyReader::Progress total;
    bool is_over = false;
    while (!input.empty() && !is_over) {
        const std::string_view shown = page.hold(input.substr(0, step));
        const BodyReader::Progress progress = reader.read(shown);
        total = {total.consumed + progress.consumed, progress.complete, progress.refusal};
        is_over = total.complete || total.refusal != Refusal::none;
        EXPECT_TRUE(is_over || progress.consumed == shown.size());
        input.remove_prefix(shown.size());
    }
    return total;
}

TEST(BodyReader, EndsALengthExactlyWhereItEnds) {
    const std::string input(100, 'x');
    for (const std::size_t step : {1U, 7U, 60U, 61U, 100U}) {
        const auto progress = read_stepwise(BodyReader::length(60), input, step);
        EXPECT_TRUE(progress.complete);
        EXPECT_EQ(progress.consumed, 60U);
    }
    EXPECT_FALSE(read_stepwise(BodyReader::length(101), input, 100).complete);
    EXPECT_TRUE(BodyReader::length(0).read("x").complete);
    EXPECT_EQ(BodyReader::length(0).read("x").consumed, 0U);
}

TEST(BodyReader, SkipsMoreThanMemoryCouldHold) {
    BodyReader reader = BodyReader::length(std::numeric_limits<std::uint64_t>::max());
    const std::string input(1 << 16, 'x');
    for (int i = 0; i < 100; ++i) EXPECT_EQ(reader.read(input).consumed, input.size());
}

TEST(BodyReader, LeavesTheNextRequestAlone) {
    const std::string content = "5;a=\"b\"\r\nhello\r\n0\r\nT: u\r\n\r\n";
    for (std::size_t step = 1; step <= content.size() + 5; ++step) {
        const auto progress = read_stepwise(BodyReader::chunked(roomy), content + "GET /", step);
        EXPECT_TRUE(progress.complete) << step;
        EXPECT_EQ(progress.consumed, content.size()) << step;
    }
}

TEST(BodyReader, RefusesAtTheSameByteHoweverItIsSplit) {
    for (const std::string_view input : {"5;a=b c\r\nhello", "5\r\nhello0\r\n", "0\r\nA\r\n\r\n", "3e9\r\n", "zz", "1;a=\"\x01\""}) {
        const auto expected = read_stepwise(BodyReader::chunked(roomy), input, input.size());
        EXPECT_NE(expected.refusal, Refusal::none) << input;
        for (std::size_t step = 1; step < input.size(); ++step) {
            const auto progress = read_stepwise(BodyReader::chunked(roomy), input, step);
            EXPECT_EQ(progress.refusal, expected.refusal) << input << " in steps of " << step;
            EXPECT_EQ(progress.consumed, expected.consumed) << input << " in steps of " << step;
        }
    }
}

TEST(BodyReader, BoundsWhatAChunkedPeerCanSend) {
    const auto refusal = [](std::string_view input, const ChunkedLimits& limits) {
        return read_stepwise(BodyReader::chunked(limits), input, 3).refusal;
    };
    EXPECT_EQ(refusal("a\r\n0123456789\r\n0\r\n\r\n", {.content = 10, .framing = 0}), Refusal::none);
    EXPECT_EQ(refusal("b\r\n", {.content = 10, .framing = 0}), Refusal::content_size);
    EXPECT_EQ(refusal("9\r\n012345678\r\n2\r\n", {.content = 10, .framing = 0}), Refusal::content_size);
    EXPECT_EQ(refusal("1;aa\r\nx\r\n0\r\n\r\n", {.content = 10, .framing = 3}), Refusal::none);
    EXPECT_EQ(refusal("1;aaa\r\nx\r\n0\r\n\r\n", {.content = 10, .framing = 3}), Refusal::framing_size);
    // One budget for all extensions and trailers of a request.
    EXPECT_EQ(refusal("1;a\r\nx\r\n1;a\r\nx\r\n0\r\n\r\n", {.content = 10, .framing = 3}), Refusal::framing_size);
    EXPECT_EQ(refusal("0\r\nA:b\r\n\r\n", {.content = 10, .framing = 3}), Refusal::framing_size);
}

}  // namespace
}  // namespace tinyhttpd::testing
