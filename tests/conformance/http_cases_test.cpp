// SPDX-License-Identifier: MIT
// Every conformance case against the responder alone, whole and split in every way: what a user loses when one fails is
// agreement with the proxy in front about where a request ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/make_site.hpp"
#include "config/load.hpp"
#include "support/http_driver.hpp"
#include "support/random.hpp"

namespace tinyhttpd::testing {
namespace {

using Responder = http::Responder<NullLog>;

/// What the program makes of these arguments and the body of the cases.
std::shared_ptr<const site::Site> site_of(const std::vector<std::string>& arguments) {
    const std::string body = "--body=" + std::string(CaseSettings::body);
    std::vector<const char*> words = {body.c_str()};
    for (const std::string& argument : arguments) words.push_back(argument.c_str());
    const char* const environment = nullptr;
    const auto loaded = config::load({words, &environment, "1.2.3", {"epoll"}});
    return make_site(std::get<config::Config>(loaded), 1, nullptr).value();
}

class ResponderAnswers : public ::testing::TestWithParam<CaseGroup> {
protected:
    Driven whole(std::string_view input) { return drive(responder_, {input}); }

    Responder responder_{site_of(GetParam().arguments), case_limits(), NullLog{}, &example_time};
    std::vector<Case> cases_ = GetParam().cases();
};

std::string title(const Case& one) {
    return std::string(one.section) + " " + std::string(one.name);
}

TEST_P(ResponderAnswers, AsTheStandardSays) {
    for (const Case& one : cases_) {
        SCOPED_TRACE(title(one));
        const Driven driven = whole(one.input);
        EXPECT_EQ(judge_answers(driven.output, one.expected, one.fields), "");
        EXPECT_EQ(driven.closed, one.ends_connection());
        EXPECT_TRUE(driven.closed || (driven.phase == Phase::idle) == !one.is_unfinished());
    }
}

TEST_P(ResponderAnswers, AndReadsTheNextRequestOnlyWhereThisOneEnds) {
    for (const Case& one : cases_) {
        if (one.is_unfinished()) continue;
        SCOPED_TRACE(title(one));
        const Driven driven = whole(one.input + with_target("/none"));
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

INSTANTIATE_TEST_SUITE_P(Http, ResponderAnswers, ::testing::ValuesIn(case_groups()),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace tinyhttpd::testing
