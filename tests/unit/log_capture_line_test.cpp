// SPDX-License-Identifier: MIT
// The line of a captured request, as scripts are promised it. tests/differential lets Python judge lines of all kinds.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "base/utf8.hpp"
#include "log/capture_line.hpp"
#include "unit/allocation_count.hpp"

namespace tinyhttpd::log {
namespace {

using namespace std::string_view_literals;

constexpr std::array<CapturedField, 3> fields = {{{"Host", "x"}, {"X-A", "1"}, {"X-A", "2"}}};

CapturedRequest order() {
    using namespace std::chrono;
    return {.number = 1,
            .time = sys_days(year(2026) / 11 / 25) + 15h + 4min + 5s + 123ms,
            .peer = "127.0.0.1:4711",
            .protocol = "HTTP/1.1",
            .method = "POST",
            .target = "/orders?x=1",
            .route = "/orders/*",
            .fields = fields,
            .body = R"({"id": 7})",
            .body_bytes = 9,
            .status = 201};
}

std::string line_of(const CapturedRequest& request) {
    std::string line;
    EXPECT_TRUE(append_capture_line(line, request));
    return line;
}

/// What a line says from the content on.
std::string end_of(const CapturedRequest& request) {
    const std::string line = line_of(request);
    return line.substr(std::min(line.find(",\"body"), line.size()));
}

std::string end_of_body(std::string_view body, std::uint64_t bytes) {
    CapturedRequest request = order();
    request.body = body;
    request.body_bytes = bytes;
    return end_of(request);
}

TEST(CaptureLine, HasWhatTheInterfacePromisesInItsOrder) {
    EXPECT_EQ(line_of(order()), R"({"n":1,"time":"2026-11-25T15:04:05.123Z","peer":"127.0.0.1:4711","protocol":"HTTP/1.1","method":"POST",)"
                                R"("target":"/orders?x=1","route":"/orders/*","headers":[["Host","x"],["X-A","1"],["X-A","2"]],)"
                                R"("body":"{\"id\": 7}","body_bytes":9,"status":201})"
                                "\n");
}

TEST(CaptureLine, NamesNoRouteWhenResponseAnswered) {
    CapturedRequest request = order();
    request.route = {};
    EXPECT_EQ(line_of(request).find("route"), std::string::npos);
}

TEST(CaptureLine, ARequestWithoutContentHasAnEmptyBodySoThatEveryLineHasOne) {
    CapturedRequest request = order();
    request.fields = {};
    request.body = {};
    request.body_bytes = 0;
    EXPECT_NE(line_of(request).find(R"("headers":[],"body":"","body_bytes":0,"status":201})"), std::string::npos) << line_of(request);
}

TEST(CaptureLine, TimesAreUtcToTheMillisecond) {
    using namespace std::chrono;
    CapturedRequest request = order();
    request.time = sys_days(year(2024) / 2 / 29) + 999us;
    EXPECT_NE(line_of(request).find(R"("time":"2024-02-29T00:00:00.000Z")"), std::string::npos) << line_of(request);
    request.time = sys_days(year(2024) / 12 / 31) + 24h - 1us;
    EXPECT_NE(line_of(request).find(R"("time":"2024-12-31T23:59:59.999Z")"), std::string::npos) << line_of(request);
    request.time = sys_days(year(1969) / 12 / 31) + 23h;
    EXPECT_NE(line_of(request).find(R"("time":"1969-12-31T23:00:00.000Z")"), std::string::npos) << line_of(request);
}

TEST(CaptureLine, AFaultHasNoStatusToMistakeForAnAnswer) {
    CapturedRequest request = order();
    request.fault = "reset";
    EXPECT_EQ(end_of(request), R"(,"body":"{\"id\": 7}","body_bytes":9,"status":0,"fault":"reset"})"
                               "\n");
}

TEST(CaptureLine, ARefusedRequestSaysWhy) {
    CapturedRequest request = order();
    request.status = 400;
    request.refused = "no Host field";
    EXPECT_EQ(end_of(request), R"(,"body":"{\"id\": 7}","body_bytes":9,"refused":400,"reason":"no Host field"})"
                               "\n");
}

TEST(CaptureLine, AMalformedRequestLineIsShownAsItCame) {
    const CapturedRequest request{.number = 7, .peer = "unix:", .request_line = "GET\t/", .status = 400, .refused = "bad request line"};
    EXPECT_EQ(line_of(request), R"({"n":7,"time":"1970-01-01T00:00:00.000Z","peer":"unix:","request":"GET\t/","headers":[],)"
                                R"("body":"","body_bytes":0,"refused":400,"reason":"bad request line"})"
                                "\n");
}

TEST(CaptureLine, FieldsGiveBackEachByteAsTheCharacterOfItsNumber) {
    const std::array<CapturedField, 1> odd = {{{"X", "caf\xc3\xa9 \xe9 \x80\xff\"\\\x01"}}};
    CapturedRequest request = order();
    request.fields = odd;
    EXPECT_NE(line_of(request).find(R"([["X","caf\u00C3\u00A9 \u00E9 \u0080\u00FF\"\\\u0001"]])"), std::string::npos) << line_of(request);
}

TEST(CaptureLine, ABodyThatIsTextIsReadable) {
    EXPECT_EQ(end_of_body("Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80\n", 14),
              ",\"body\":\"Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80\\n\",\"body_bytes\":14,\"status\":201}\n");
}

TEST(CaptureLine, NothingInABodyEndsTheLineOrReachesATerminal) {
    EXPECT_EQ(end_of_body("\r\n\0\x1b[2J\x7f\xc2\x9b\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\xc2\xa0"sv, 20),
              ",\"body\":\"\\r\\n\\u0000\\u001B[2J\\u007F\\u009B\\u0085\\u2028\\u2029\xc2\xa0\",\"body_bytes\":20,\"status\":201}\n");
}

TEST(CaptureLine, ABodyThatIsNoTextIsBase64) {
    // RFC 4648 §10 has the tails: one, two and three bytes left.
    EXPECT_EQ(end_of_body("\xff", 1), ",\"body_base64\":\"/w==\",\"body_bytes\":1,\"status\":201}\n");
    EXPECT_EQ(end_of_body("\xff\xfe", 2), ",\"body_base64\":\"//4=\",\"body_bytes\":2,\"status\":201}\n");
    EXPECT_EQ(end_of_body("\xfb\xff\x00"sv, 3), ",\"body_base64\":\"+/8A\",\"body_bytes\":3,\"status\":201}\n");
    EXPECT_EQ(end_of_body("text, then \x80", 12), ",\"body_base64\":\"dGV4dCwgdGhlbiCA\",\"body_bytes\":12,\"status\":201}\n");
}

TEST(CaptureLine, ACutWithinACharacterLeavesATextAText) {
    EXPECT_EQ(end_of_body("\xe2\x82", 1000), ",\"body\":\"\",\"body_truncated\":true,\"body_bytes\":1000,\"status\":201}\n");
    EXPECT_EQ(end_of_body("1 \xf0\x9f\x98", 6), ",\"body\":\"1 \",\"body_truncated\":true,\"body_bytes\":6,\"status\":201}\n");
    EXPECT_EQ(end_of_body("whole", 6), ",\"body\":\"whole\",\"body_truncated\":true,\"body_bytes\":6,\"status\":201}\n");
}

TEST(CaptureLine, ABodyThatEndsWithinACharacterByItselfIsNoText) {
    EXPECT_EQ(end_of_body("\xe2\x82", 2), ",\"body_base64\":\"4oI=\",\"body_bytes\":2,\"status\":201}\n");
}

TEST(CaptureLine, ACutDoesNotHideThatABodyIsNoText) {
    EXPECT_EQ(end_of_body("\xff\xe2\x82", 9), ",\"body_base64\":\"/+KC\",\"body_truncated\":true,\"body_bytes\":9,\"status\":201}\n");
    EXPECT_EQ(end_of_body("\xe0\x80", 9), ",\"body_base64\":\"4IA=\",\"body_truncated\":true,\"body_bytes\":9,\"status\":201}\n");
}

TEST(CaptureLine, WithoutMemoryForItTheLinesBeforeAreWhole) {
    const std::string body(1000, '\x01');
    CapturedRequest request = order();
    request.body = body;
    for (const std::size_t reserved : {std::size_t{0}, std::size_t{2000}}) {  // fails at once, or half way
        std::string line = "before\n";
        line.reserve(reserved);
        bool appended = true;
        {
            const testing::OutOfMemory none_left;
            appended = append_capture_line(line, request);
        }
        EXPECT_FALSE(appended);
        EXPECT_EQ(line, "before\n");
    }
}

TEST(Utf8, OnlyWhatMoreBytesWouldMakeACharacterWasCut) {
    for (const std::string_view cut : {"\xc2", "\xdf", "\xe0", "\xe0\xa0", "\xe0\xbf", "\xed", "\xed\x9f", "\xee\x80", "\xf0", "\xf0\x90",
                                       "\xf0\x9f\x98", "\xf4", "\xf4\x8f", "\xf4\x8f\xbf"})
        EXPECT_TRUE(is_cut_utf8_sequence(cut)) << ::testing::PrintToString(cut);
    for (const std::string_view whole_or_bad : {"", "a", "\x80", "\xc0", "\xc1", "\xc2\x80", "\xe0\x9f", "\xed\xa0", "\xf0\x8f", "\xf4\x90",
                                                "\xf5", "\xf0\x9f\x98\x80", "\xe2\x82\x61"})
        EXPECT_FALSE(is_cut_utf8_sequence(whole_or_bad)) << ::testing::PrintToString(whole_or_bad);
}

}  // namespace
}  // namespace tinyhttpd::log
