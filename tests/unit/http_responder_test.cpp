// SPDX-License-Identifier: MIT
// The responder's dealings with everything but the request itself: limits on connections and batches, tickets, deadlines,
// the clock, the access log, and that answering allocates nothing.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "http/responder.hpp"
#include "support/http_driver.hpp"
#include "unit/allocation_count.hpp"

namespace tinyhttpd::testing {
namespace {

using namespace std::chrono_literals;
using http::Responder;
using http::ResponderLimits;
using Silent = Responder<NullLog>;

Silent silent(const ResponderLimits& limits = case_limits(), const http::ResponseSpec& spec = case_response()) {
    return Silent(spec, limits, NullLog{}, &example_time);
}

std::string judge(Silent& responder, std::string_view input, std::string_view expected) {
    return judge_answers(drive(responder, {input}).output, expected);
}

TEST(Responder, ClosesEveryConnectionWhenKeepaliveIsOff) {
    ResponderLimits limits = case_limits();
    limits.keepalive = false;
    auto responder = silent(limits);
    EXPECT_EQ(judge(responder, get() + get(), "200c"), "");
    EXPECT_EQ(judge(responder, request("GET / HTTP/1.0", "Connection: keep-alive\r\n"), "200c"), "");
}

TEST(Responder, TheLastAnswerOfALimitedConnectionSaysSo) {
    ResponderLimits limits = case_limits();
    limits.keepalive_requests = 3;
    auto responder = silent(limits);
    EXPECT_EQ(judge(responder, repeated(get(), 5), "200 200 200c"), "");
    EXPECT_EQ(judge(responder, get() + get(), "200 200"), "");
}

// A long-lived client of a responder without a limit is never cut: 2^32 answers take a fast one a few hours.
TEST(Responder, WithoutALimitNoNumberOfAnswersClosesTheConnection) {
    auto responder = silent();
    Silent::Session session;
    responder.open(session, {});
    session.answered = std::numeric_limits<std::uint32_t>::max() - 1;
    Batch batch;
    batch.clear();
    const std::string input = repeated(get(), 3);
    const Advance advance = responder.advance(session, input, batch);
    EXPECT_EQ(advance.consumed, input.size());
    EXPECT_EQ(advance.next, Next::receive);
    std::string output;
    append(output, batch);
    EXPECT_EQ(judge_answers(output, "200 200 200"), "");
    responder.release(batch.lease);
}

TEST(Responder, AMaxBodyOf0IsNoLimit) {
    ResponderLimits limits = case_limits();
    limits.max_body = 0;
    auto responder = silent(limits);
    EXPECT_EQ(judge(responder, post("Content-Length: 1000000\r\n", std::string(1'000'000, 'x')), "200"), "");
    EXPECT_EQ(judge(responder, chunked("f4240\r\n" + std::string(1'000'000, 'x') + "\r\n0\r\n\r\n"), "200"), "");
    // What no number here can hold has no end that could be found.
    EXPECT_EQ(judge(responder, post("Content-Length: 18446744073709551616\r\n", ""), "413c"), "");
    limits.max_body = 1;
    auto strict = silent(limits);
    EXPECT_EQ(judge(strict, post("Content-Length: 2\r\n", ""), "413c"), "");
}

TEST(Responder, AnnouncesTheCloseOnOpenConnectionsToo) {
    auto responder = silent();
    Connection connection(responder);
    connection.receive(get());
    responder.announce_close();
    connection.receive(get() + get());
    EXPECT_EQ(judge_answers(connection.driven().output, "200 200c"), "");
    EXPECT_TRUE(connection.driven().closed);
    EXPECT_EQ(judge(responder, request("OPTIONS * HTTP/1.1"), "200oc"), "");
}

TEST(Responder, StopsAtTheLimitOfABatchAndGoesOnWhereItStopped) {
    auto responder = silent();
    Silent::Session session;
    responder.open(session, {});
    const std::string input = repeated(get(), 1000);
    std::string output;
    std::size_t consumed = 0;
    std::uint32_t answers = 0;
    for (Next next = Next::flush; next == Next::flush;) {
        Batch batch;
        batch.clear();
        const Advance advance = responder.advance(session, std::string_view(input).substr(consumed), batch);
        EXPECT_LT(batch.bytes(), 4096U + 200U);
        EXPECT_EQ(batch.slices().size(), 1U + (batch.bytes() > 4096 ? 1U : 0U));
        consumed += advance.consumed;
        answers += batch.answers;
        next = advance.next;
        append(output, batch);
        responder.release(batch.lease);
    }
    EXPECT_EQ(consumed, input.size());
    EXPECT_EQ(answers, 1000U);
    EXPECT_EQ(judge_answers(output, "200" + repeated(" 200", 999)), "");
}

TEST(Responder, SlicesRunOutWithoutLosingAnAnswer) {
    http::ResponseSpec spec = case_response();
    spec.body = std::make_shared<const std::string>(5000, 'x');
    ResponderLimits limits = case_limits();
    limits.write_buffer = 1;
    auto small_batches = silent(limits, spec);
    limits.write_buffer = 1 << 30;
    auto responder = silent(limits);
    EXPECT_EQ(drive(small_batches, {repeated(get(), 20)}).answers, 20U);
    const std::string mixed = repeated(request("HEAD / HTTP/1.1") + get(), 40);
    EXPECT_EQ(judge(responder, mixed, "200h 200" + repeated(" 200h 200", 39)), "");
}

TEST(Responder, InvitesTheContentUnlessItIsComing) {
    auto responder = silent();
    const std::string head = post("Expect: 100-continue\r\nContent-Length: 5\r\n", "");
    EXPECT_EQ(judge_answers(drive(responder, {head, "hello"}).output, "100 200"), "");
    EXPECT_EQ(judge_answers(drive(responder, {get() + head, "he", "llo" + get()}).output, "200 100 200 200"), "");
    EXPECT_EQ(judge_answers(drive(responder, {head + "h", "ello"}).output, "200"), "");
}

TEST(Responder, WaitsForTheNextRequestBehindAnEmptyLineAsIfItHadNotCome) {
    auto responder = silent();
    for (const std::vector<std::string_view>& pieces : {std::vector<std::string_view>{"\r\n"}, {"\r", "\n"}}) {
        Connection connection(responder);
        for (const std::string_view piece : pieces) connection.receive(piece);
        EXPECT_EQ(connection.driven().phase, Phase::head);
        connection.receive(get());
        EXPECT_EQ(connection.driven().phase, Phase::idle);
        for (const std::string_view piece : pieces) connection.receive(piece);
        EXPECT_EQ(connection.driven().phase, Phase::idle);
        connection.receive("G");
        EXPECT_EQ(connection.driven().phase, Phase::head);
    }
}

// The responder remembers what it found in the last head.
TEST(Responder, WhatOneHeadSaidIsNeverTakenForWhatAnotherSays) {
    auto remembering = silent();
    const std::string known = request("HEAD /some/where HTTP/1.1", "Connection: keep-alive\r\n");
    for (std::size_t at = 0; at < known.size(); ++at) {
        for (const char byte : {'\0', ' ', 'X', '0', '\r', '\n', ':'}) {
            std::string changed = known;
            changed[at] = byte;
            auto fresh = silent();
            drive(remembering, {known});
            ASSERT_TRUE(drive(remembering, {changed}) == drive(fresh, {changed})) << "byte " << at;
        }
    }
    EXPECT_EQ(judge(remembering, known + get() + known + known.substr(0, 20), "200h 200 200h ..."), "");
}

TEST(Responder, TakesOneTicketForEachAnswer) {
    Quota quota(3);
    ResponderLimits limits = case_limits();
    limits.quota = &quota;
    auto responder = silent(limits);
    EXPECT_EQ(judge(responder, get(), "200"), "");
    EXPECT_EQ(judge(responder, "\r\n\x01", "400c"), "");
    EXPECT_EQ(judge(responder, get() + get(), "200c"), "");
    const Driven none = drive(responder, {get()});
    EXPECT_EQ(none.output, "");
    EXPECT_TRUE(none.closed);
    EXPECT_TRUE(drive(responder, {"\x01"}).output.empty());
}

TEST(Responder, ATimeoutIsAnsweredOnlyWhenARequestHadBegun) {
    auto responder = silent();
    const auto expired = [&responder](std::string_view input) {
        Connection connection(responder);
        connection.receive(input);
        const std::uint32_t answers = connection.driven().answers;
        connection.expire();
        EXPECT_EQ(connection.driven().answers, answers);  // a 408 holds no ticket
        return connection.driven().output;
    };
    EXPECT_EQ(expired(""), "");
    EXPECT_EQ(expired("\r\n"), "");
    EXPECT_EQ(judge_answers(expired(get()), "200"), "");
    EXPECT_EQ(judge_answers(expired("G"), "408c"), "");
    EXPECT_EQ(judge_answers(expired("HEAD / HTTP/1.1\r\nHo"), "408hc"), "");
    EXPECT_EQ(judge_answers(expired(get() + "G"), "200 408c"), "");
    EXPECT_EQ(judge_answers(expired(post("Content-Length: 5\r\n", "hell")), "408c"), "");
}

std::chrono::system_clock::time_point wall_now;  // NOLINT: the clock of the next test
int wall_reads = 0;

TEST(Responder, AsksTheClockOnlyWhenASecondMayHavePassed) {
    wall_now = example_time() + 900ms;
    wall_reads = 0;
    Silent responder(case_response(), case_limits(), NullLog{}, [] {
        ++wall_reads;
        return wall_now;
    });
    const auto date = [&responder] {
        const std::string output = drive(responder, {get()}).output;
        return output.substr(output.find("Date: ") + 6, example_date.size());
    };
    EXPECT_EQ(date(), example_date);  // before the first tick, too
    const auto start = std::chrono::steady_clock::time_point{} + 1h;
    responder.tick(start);
    const int reads = wall_reads;
    for (auto later = 0ms; later < 100ms; later += 10ms) responder.tick(start + later);
    EXPECT_EQ(wall_reads, reads);
    wall_now += 100ms;
    responder.tick(start + 100ms);
    EXPECT_EQ(wall_reads, reads + 1);
    EXPECT_EQ(date(), "Sun, 06 Nov 1994 08:49:38 GMT");
    wall_now -= 1h;  // set back: noticed with the next second
    responder.tick(start + 1100ms);
    EXPECT_EQ(date(), "Sun, 06 Nov 1994 07:49:38 GMT");
    EXPECT_EQ(responder.next_tick(), std::nullopt);
}

TEST(Responder, AnsweringAllocatesNothing) {
    auto responder = silent();
    Silent::Session session;
    responder.open(session, {});
    const std::string requests =
        repeated(get("User-Agent: test\r\nAccept: */*\r\n"), 3) + chunked("5\r\nhello\r\n0\r\n\r\n") + request("HEAD / HTTP/1.1");
    const std::uint64_t before = allocations_of_this_thread();
    std::uint32_t answers = 0;
    auto now = std::chrono::steady_clock::time_point{} + 1h;
    while (answers < 10000) {
        Batch batch;
        batch.clear();
        now += 100ms;
        responder.tick(now);
        std::size_t consumed = responder.advance(session, std::string_view(requests).substr(0, 50), batch).consumed;
        consumed += responder.advance(session, std::string_view(requests).substr(consumed), batch).consumed;
        ASSERT_EQ(consumed, requests.size());
        answers += batch.answers;
        responder.release(batch.lease);
    }
    EXPECT_EQ(allocations_of_this_thread() - before, 0U);
}

TEST(Responder, KeepsADateThatItHasWithoutMemoryForANewOne) {
    wall_now = example_time();
    Silent responder(case_response(), case_limits(), NullLog{}, [] { return wall_now; });
    Silent::Session session;
    responder.open(session, {});
    Batch running;
    running.clear();
    ASSERT_EQ(responder.advance(session, get(), running).next, Next::receive);
    const auto start = std::chrono::steady_clock::time_point{} + 1h;
    wall_now += 1s;
    {
        const OutOfMemory now;
        responder.tick(start);
    }
    EXPECT_NE(drive(responder, {get()}).output.find(example_date), std::string::npos);
    wall_now += 1s;
    responder.tick(start + 1s);
    EXPECT_NE(drive(responder, {get()}).output.find("08:49:39 GMT"), std::string::npos);
    responder.release(running.lease);
}

// ---- the access log

TEST(ResponderMemory, EndsAConnectionWhoseHeadItCannotKeepForTheLog) {
    std::vector<LoggedLine> lines;
    Responder<RecordingLog> responder(case_response(), case_limits(), RecordingLog(lines), &example_time);
    Responder<RecordingLog>::Session session;
    responder.open(session, {});
    const std::string input = post("Content-Length: 5\r\n", "");
    Batch batch;
    batch.clear();
    {
        const OutOfMemory now;
        EXPECT_EQ(responder.advance(session, input, batch).next, Next::close);
    }
    EXPECT_TRUE(batch.empty());
    responder.close(session);
}

class Logged : public ::testing::Test {
protected:
    std::vector<LoggedLine> lines(const std::vector<std::string_view>& pieces) {
        log_.clear();
        drive(responder_, pieces);
        return log_;
    }

    std::vector<LoggedLine> log_;
    Responder<RecordingLog> responder_{case_response(), case_limits(), RecordingLog(log_), &example_time};
};

TEST_F(Logged, OneLinePerAnswerWithWhatTheRequestSaid) {
    const std::string input = request("POST /a?b HTTP/1.0",
                                      "Referer: http://b/\r\nConnection: keep-alive\r\nContent-Length: 5\r\n"
                                      "User-Agent: \tagent 1 \r\n") +
                              "hello" + request("HEAD /c HTTP/1.1") + request("OPTIONS * HTTP/1.1");
    const std::vector<LoggedLine> expected = {
        {"192.0.2.1", "POST", "/a?b", "HTTP/1.0", "a", "http://b/", "agent 1", "", 200, 12},
        {"192.0.2.1", "HEAD", "/c", "HTTP/1.1", "a", "", "", "", 200, 0},
        {"192.0.2.1", "OPTIONS", "*", "HTTP/1.1", "a", "", "", "", 200, 0},
    };
    EXPECT_EQ(lines({input}), expected);
    for (std::size_t at = 1; at < input.size(); ++at) {
        ASSERT_EQ(lines({std::string_view(input).substr(0, at), std::string_view(input).substr(at)}), expected) << at;
    }
}

TEST_F(Logged, AMalformedRequestLineUpToItsFirstBadByte) {
    EXPECT_EQ(lines({"GET /a\x01 and more"}).at(0), (LoggedLine{"192.0.2.1", "", "", "", "", "", "", "GET /a\x01", 400, 11}));
    EXPECT_EQ(lines({"GET /" + std::string(5000, 'a')}).at(0).request_line.size(), 512U);
    EXPECT_EQ(lines({"GET /" + std::string(5000, 'a')}).at(0).status, 414);
}

TEST_F(Logged, AWellFormedLineWhoseRequestIsRefused) {
    EXPECT_EQ(lines({request("BREW * HTTP/1.1")}).at(0), (LoggedLine{"192.0.2.1", "BREW", "*", "HTTP/1.1", "", "", "", "", 400, 11}));
    EXPECT_EQ(lines({"GET /a HTTP/1.1\r\nUser-Agent: b\r\nHost: c d\r\n"}).at(0).user_agent, "b");
    EXPECT_EQ(lines({chunked("zz")}).at(0), (LoggedLine{"192.0.2.1", "POST", "/", "HTTP/1.1", "a", "", "", "", 400, 11}));
}

TEST_F(Logged, ATimeoutWithTheRequestWhenItsHeadWasComplete) {
    const auto expired = [this](std::string_view input) {
        log_.clear();
        Connection connection(responder_, "unix:");
        connection.receive(input);
        connection.expire();
        return log_;
    };
    EXPECT_TRUE(expired("").empty());
    EXPECT_EQ(expired("GET /").at(0), (LoggedLine{"unix:", "", "", "", "", "", "", "", 408, 15}));
    EXPECT_EQ(expired(post("Content-Length: 5\r\n", "h")).at(0), (LoggedLine{"unix:", "POST", "/", "HTTP/1.1", "a", "", "", "", 408, 15}));
}

TEST(Session, StaysSmallSinceMostOfThemAreIdle) {
    EXPECT_LE(sizeof(http::Session), 152U);
}

}  // namespace
}  // namespace tinyhttpd::testing
