// SPDX-License-Identifier: MIT
// WorkerRecorder: which requests count for --expect, and as what. What is expected is site_expectations_test.cpp's, and the capture
// log_capture_test.cpp's.
#include "app/worker_recorder.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace tinyhttpd {
namespace {

class WorkerRecorderTest : public ::testing::Test {
protected:
    /// What is wrong with these expectations after the requests; each is a method and a target, and perhaps why it is refused.
    static std::vector<std::string> verdict_of(const site::Expectations& expected, const std::vector<CapturedRequest>& requests) {
        site::Tally tally(std::make_shared<const site::Expectations>(expected));
        WorkerRecorder recorder(nullptr, 0, &tally);
        EXPECT_FALSE(recorder.writes_lines());
        for (CapturedRequest request : requests) {
            const Recorder::Recording recording = recorder.record(request);
            EXPECT_TRUE(recording.is_recorded);
            EXPECT_EQ(recording.line, nullptr) << "an answer would wait for it for ever";
        }
        EXPECT_EQ(recorder.next_told(), nullptr);
        return site::verdict(std::vector<const site::Tally*>{&tally});
    }
    static site::Expectation exactly(std::uint64_t count, std::string method, std::string path) {
        return {.count_min = count, .count_max = count, .method = method, .path = path, .text = method + ' ' + path};
    }
};

TEST_F(WorkerRecorderTest, TheQueryAndTheFormOfATargetDoNotMatter) {
    EXPECT_EQ(verdict_of({exactly(3, "GET", "/a"), exactly(1, "OPTIONS", "*")}, {{.method = "GET", .target = "/a"},
                                                                                 {.method = "GET", .target = "/a?b=c"},
                                                                                 {.method = "GET", .target = "http://host:1/a?b"},
                                                                                 {.method = "GET", .target = "/a/"},
                                                                                 {.method = "OPTIONS", .target = "*"}}),
              std::vector<std::string>{});
}

TEST_F(WorkerRecorderTest, WhatIsTurnedDownHasNotCome) {
    EXPECT_EQ(verdict_of({exactly(1, "POST", "/a")},
                         {{.method = "POST", .target = "/a", .status = 413, .refused = "too large"}, {.method = "POST", .target = "/a"}}),
              std::vector<std::string>{});
}

TEST_F(WorkerRecorderTest, OneThatFailsOnPurposeHas) {
    EXPECT_EQ(verdict_of({exactly(1, "GET", "/a")}, {{.method = "GET", .target = "/a", .fault = "reset"}}), std::vector<std::string>{});
}

}  // namespace
}  // namespace tinyhttpd
