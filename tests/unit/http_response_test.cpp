// SPDX-License-Identifier: MIT
// Rendered answers: their exact bytes, the Date that is renewed without touching bytes in flight, and runs of equal answers
// as one slice.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/response.hpp"
#include "support/http_driver.hpp"

namespace tinyhttpd::testing {
namespace {

using http::Content;
using http::Persistence;
using http::Refusal;
using http::Renderings;
using site::Answer;

constexpr std::time_t example_second = 784111777;

class Rendered : public ::testing::Test {
protected:
    explicit Rendered(Answer spec = case_response(), std::size_t write_buffer = 4096) : renderings_(*site::one_answer(spec), write_buffer) {
        renderings_.refresh(example_second);
    }

    std::string answer(Persistence persistence = Persistence::keep_alive, Content content = Content::sent) {
        return answer_of(renderings_, persistence, content);
    }
    static std::string answer_of(Renderings& renderings, Persistence persistence = Persistence::keep_alive,
                                 Content content = Content::sent) {
        Batch batch;
        batch.clear();
        renderings.answer(batch, 0, persistence, content);
        return text(renderings, batch);
    }
    static std::string text(Renderings& renderings, const Batch& batch) {
        std::string output;
        append(output, batch);
        renderings.release(batch.lease);
        return output;
    }
    static std::string answer_to(const Answer& spec, Content content = Content::sent) {
        Renderings renderings(*site::one_answer(spec), 4096);
        return answer_of(renderings, Persistence::keep_alive, content);
    }

    Renderings renderings_;
};

TEST_F(Rendered, HasTheseBytes) {
    EXPECT_EQ(answer(),
              "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: tinyhttpd\r\n"
              "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 12\r\n\r\nHello World!");
}

TEST_F(Rendered, SaysWhatBecomesOfTheConnectionLast) {
    EXPECT_TRUE(answer(Persistence::keep_alive_1_0).ends_with("\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\nHello World!"));
    EXPECT_TRUE(answer(Persistence::close).ends_with("\r\nContent-Length: 12\r\nConnection: close\r\n\r\nHello World!"));
}

TEST_F(Rendered, AnswersHeadWithTheHeadOfTheGet) {
    for (const auto persistence : {Persistence::keep_alive, Persistence::keep_alive_1_0, Persistence::close}) {
        EXPECT_EQ(answer(persistence, Content::left_out) + "Hello World!", answer(persistence));
    }
}

TEST_F(Rendered, StatusesWithoutContentNeverCarryIt) {
    Answer spec = case_response();
    spec.date = false;
    spec.headers.clear();
    spec.status = 204;
    spec.reason = "No Content";
    EXPECT_EQ(answer_to(spec), "HTTP/1.1 204 No Content\r\n\r\n");
    spec.status = 304;
    spec.reason = "Not Modified";
    EXPECT_EQ(answer_to(spec), "HTTP/1.1 304 Not Modified\r\n\r\n");
    EXPECT_EQ(answer_to(spec, Content::left_out), "HTTP/1.1 304 Not Modified\r\n\r\n");
    spec.status = 205;
    spec.reason = "Reset Content";
    EXPECT_EQ(answer_to(spec), "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(Rendered, AnUnregisteredStatusHasAnEmptyPhraseBehindItsSpace) {
    EXPECT_EQ(answer_to({.status = 299, .reason = "", .body = nullptr, .headers = {}, .date = false}),
              "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n");
}

TEST_F(Rendered, ErrorsCarryTheirPhraseWithTheReasonAndCloseTheConnection) {
    Batch batch;
    batch.clear();
    EXPECT_EQ(renderings_.refuse(batch, Refusal::no_host, Content::sent), 26U);
    EXPECT_EQ(text(renderings_, batch),
              "HTTP/1.1 400 Bad Request\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: tinyhttpd\r\n"
              "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 26\r\nConnection: close\r\n\r\nBad Request: no Host field");
    batch.clear();
    EXPECT_EQ(renderings_.refuse(batch, Refusal::connect, Content::left_out), 0U);
    const std::string head = text(renderings_, batch);
    EXPECT_TRUE(head.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
    EXPECT_NE(head.find("\r\nAllow: GET, HEAD"), std::string::npos);
    EXPECT_TRUE(head.ends_with("\r\nContent-Length: 44\r\nConnection: close\r\n\r\n"));
}

TEST_F(Rendered, ErrorsLeaveOutWhatTheUserSwitchedOff) {
    const Answer spec{.status = 200, .reason = "OK", .body = nullptr, .headers = {{"X-A", "b"}}, .date = false};
    Renderings renderings(*site::one_answer(spec), 4096);
    Batch batch;
    batch.clear();
    renderings.refuse(batch, Refusal::head_timeout, Content::sent);
    EXPECT_EQ(text(renderings, batch),
              "HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 50\r\n"
              "Connection: close\r\n\r\nRequest Timeout: the head was not complete in time");
}

TEST_F(Rendered, DateFollowsTheClock) {
    renderings_.refresh(0);
    EXPECT_NE(answer().find("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"), std::string::npos);
    renderings_.refresh(1709210096);
    EXPECT_NE(answer().find("Date: Thu, 29 Feb 2024 12:34:56 GMT\r\n"), std::string::npos);
    renderings_.refresh(2145916799);
    EXPECT_NE(answer(Persistence::close).find("Date: Thu, 31 Dec 2037 23:59:59 GMT\r\n"), std::string::npos);
}

TEST_F(Rendered, BytesInFlightNeverChange) {
    Batch batch;
    batch.clear();
    renderings_.answer(batch, 0, Persistence::keep_alive, Content::sent);
    for (int second = 1; second < 100; ++second) renderings_.refresh(example_second + second);
    std::string sent;
    append(sent, batch);
    EXPECT_NE(sent.find(example_date), std::string::npos);
    EXPECT_EQ(answer().find(example_date), std::string::npos);
    // One in flight, one for everything since.
    EXPECT_EQ(renderings_.generations(), 2U);
    renderings_.release(batch.lease);
}

TEST_F(Rendered, AGenerationThatNobodyUsesIsUsedAgain) {
    std::vector<Batch> running(3);
    for (int second = 0; second < 3; ++second) {
        renderings_.refresh(example_second + second);
        running[static_cast<std::size_t>(second)].clear();
        renderings_.answer(running[static_cast<std::size_t>(second)], 0, Persistence::keep_alive, Content::sent);
    }
    EXPECT_EQ(renderings_.generations(), 3U);
    for (const Batch& batch : running) renderings_.release(batch.lease);
    for (int second = 3; second < 100; ++second) {
        renderings_.refresh(example_second + second);
        EXPECT_NE(answer().find("Date: Sun, 06 Nov 1994 08:"), std::string::npos);
    }
    EXPECT_EQ(renderings_.generations(), 3U);
}

TEST_F(Rendered, WithoutDateNothingIsEverRenewed) {
    Answer spec = case_response();
    spec.date = false;
    Renderings renderings(*site::one_answer(spec), 4096);
    Batch batch;
    batch.clear();
    renderings.answer(batch, 0, Persistence::keep_alive, Content::sent);
    renderings.refresh(example_second);
    EXPECT_EQ(renderings.generations(), 1U);
    EXPECT_EQ(text(renderings, batch).find("Date"), std::string::npos);
}

TEST_F(Rendered, EqualAnswersAreOneSlice) {
    const std::string one = answer();
    Batch batch;
    batch.clear();
    const std::size_t count = 4096 / one.size();
    for (std::size_t i = 0; i < count; ++i) renderings_.answer(batch, 0, Persistence::keep_alive, Content::sent);
    EXPECT_EQ(batch.slices().size(), 1U);
    EXPECT_EQ(text(renderings_, batch), repeated(one, count));
}

TEST_F(Rendered, AnAnswerBehindTheEndOfTheRunStartsAnotherSlice) {
    const std::string one = answer();
    Batch batch;
    batch.clear();
    const std::size_t count = 4096 / one.size() + 2;
    for (std::size_t i = 0; i < count; ++i) renderings_.answer(batch, 0, Persistence::keep_alive, Content::sent);
    EXPECT_EQ(batch.slices().size(), 2U);
    EXPECT_EQ(text(renderings_, batch), repeated(one, count));
}

TEST_F(Rendered, AHeadBetweenEqualAnswersIsNotLengthened) {
    const std::string full = answer();
    const std::string head = answer(Persistence::keep_alive, Content::left_out);
    for (const std::size_t write_buffer : {std::size_t{1}, full.size(), full.size() * 2, std::size_t{4096}}) {
        Renderings renderings(*site::one_answer(case_response()), write_buffer);
        renderings.refresh(example_second);
        Batch batch;
        batch.clear();
        std::string expected;
        for (const auto content : {Content::left_out, Content::sent, Content::sent, Content::left_out, Content::sent}) {
            renderings.answer(batch, 0, Persistence::keep_alive, content);
            expected += content == Content::sent ? full : head;
        }
        EXPECT_EQ(text(renderings, batch), expected) << "write buffer " << write_buffer;
    }
}

TEST_F(Rendered, ALargeBodyIsSentFromItsOnlyCopy) {
    Answer spec = case_response();
    spec.body = std::make_shared<const std::string>(100000, 'x');
    Renderings renderings(*site::one_answer(spec), 4096);
    Batch batch;
    batch.clear();
    for (int i = 0; i < 3; ++i) renderings.answer(batch, 0, Persistence::keep_alive, Content::sent);
    ASSERT_EQ(batch.slices().size(), 6U);
    for (const std::size_t i : {1U, 3U, 5U}) EXPECT_EQ(batch.slices()[i].data, spec.body->data());
    const std::string output = text(renderings, batch);
    EXPECT_EQ(output.size() % 3, 0U);
    EXPECT_TRUE(output.ends_with("\r\n\r\n" + *spec.body));
    EXPECT_EQ(answer_of(renderings, Persistence::close, Content::left_out).find("xx"), std::string::npos);
}

TEST_F(Rendered, AHugeWriteBufferDoesNotCostAHugeRun) {
    Answer spec = case_response();
    Renderings renderings(*site::one_answer(spec), 1 << 30);
    Batch batch;
    batch.clear();
    renderings.answer(batch, 0, Persistence::keep_alive, Content::sent);
    std::size_t count = 1;
    for (; batch.slices().size() == 1; ++count) renderings.answer(batch, 0, Persistence::keep_alive, Content::sent);
    EXPECT_LE(count * (batch.bytes() / count), 128U * 1024);
    renderings.release(batch.lease);
}

}  // namespace
}  // namespace tinyhttpd::testing
