// SPDX-License-Identifier: MIT
// Every conformance case against the responder alone, whole and split in every way: what a user loses when one fails is
// agreement with the proxy in front about where a request ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "support/http_driver.hpp"
#include "support/random.hpp"

namespace tinyhttpd::testing {
namespace {

using Responder = http::Responder<NullLog>;

struct Group {
    std::string_view name;
    std::vector<Case> (*cases)();
};

class ResponderAnswers : public ::testing::TestWithParam<Group> {
protected:
    Driven whole(std::string_view input) { return drive(responder_, {input}); }

    Responder responder_{site::one_answer(case_response()), case_limits(), NullLog{}, &example_time};
    std::vector<Case> cases_ = GetParam().cases();
};

std::string title(const Case& one) {
    return std::string(one.section) + " " + std::string(one.name);
}

TEST_P(ResponderAnswers, AsTheStandardSays) {
    for (const Case& one : cases_) {
        SCOPED_TRACE(title(one));
        const Driven driven = whole(one.input);
        EXPECT_EQ(judge_answers(driven.output, one.expected), "");
        EXPECT_EQ(driven.closed, one.ends_connection());
        EXPECT_TRUE(driven.closed || (driven.phase == Phase::idle) == !one.is_unfinished());
    }
}

TEST_P(ResponderAnswers, AndReadsTheNextRequestOnlyWhereThisOneEnds) {
    for (const Case& one : cases_) {
        if (one.is_unfinished()) continue;
        SCOPED_TRACE(title(one));
        const Driven driven = whole(one.input + get());
        EXPECT_EQ(judge_answers(driven.output, one.ends_connection() ? one.expected : one.expected + " 200"), "");
    }
}

TEST_P(ResponderAnswers, TheSameHoweverTheInputIsSplit) {
    const std::uint64_t seed = support::any_seed();
    support::Random random(seed);
    for (const Case& one : cases_) {
        SCOPED_TRACE(title(one));
        const std::string_view input = one.input;
        const Driven expected = whole(input);
        const std::size_t stride = 1 + input.size() / 1000;  // the large ones are large in one place
        for (std::size_t at = 1; at < input.size(); at += stride) {
            ASSERT_EQ(drive(responder_, {input.substr(0, at), input.substr(at)}).output, expected.output) << "split at " << at;
        }
        std::vector<std::string_view> bytes;
        for (std::size_t at = 0; at < input.size(); ++at) bytes.push_back(input.substr(at, 1));
        EXPECT_TRUE(drive(responder_, bytes) == expected) << "split at every byte";
        for (int round = 0; round < 20; ++round) {
            std::vector<std::string_view> pieces;
            for (std::string_view rest = input; !rest.empty();) {
                const std::size_t size = std::min<std::size_t>(rest.size(), random.between(1, 40));
                pieces.push_back(rest.substr(0, size));
                rest.remove_prefix(size);
            }
            ASSERT_TRUE(drive(responder_, pieces) == expected) << support::seed_text(seed) << ", round " << round;
        }
    }
}

// Whoever waits for more of a head holds at most a head, and whoever skips content holds nothing.
TEST_P(ResponderAnswers, AndKeepsOnlyABoundedRestOfTheInput) {
    for (const Case& one : cases_) {
        SCOPED_TRACE(title(one));
        Connection connection(responder_);
        for (const char& byte : one.input) {
            connection.receive({&byte, 1});
            if (connection.driven().closed) break;
            ASSERT_LT(connection.pending(), CaseSettings::max_head);
            ASSERT_TRUE(connection.driven().phase == Phase::head || connection.pending() == 0);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Http, ResponderAnswers,
                         ::testing::Values(Group{"RequestLine", request_line_cases}, Group{"Fields", field_cases},
                                           Group{"Framing", framing_cases}, Group{"Chunked", chunked_cases},
                                           Group{"Connections", connection_cases}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace tinyhttpd::testing
