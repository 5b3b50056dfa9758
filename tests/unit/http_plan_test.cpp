// SPDX-License-Identifier: MIT
// What a responder makes of a site with more than one answer: routes, faults, answers that wait and answers that are sent
// bit by bit, in the order of the requests and within what HTTP allows.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/quota.hpp"
#include "http/responder.hpp"
#include "support/http_cases.hpp"
#include "support/http_driver.hpp"
#include "unit/allocation_count.hpp"

namespace tinyhttpd::testing {
namespace {

using namespace std::chrono_literals;
using http::Responder;
using site::Fault;
using site::Outcome;
using site::Plan;

const std::chrono::steady_clock::time_point start{1h};

site::Answer answer_of(int status, std::string body) {
    return {.status = status, .reason = "X", .body = std::make_shared<const std::string>(std::move(body)), .headers = {}, .date = false};
}

/// Answers 0: "200 home", 1: "503 busy", 2: "201 " and 1000 bytes. Resources: what `plans` says.
std::shared_ptr<const site::Site> site_of(std::vector<Plan::Options> plans, std::vector<site::Route> routes = {},
                                          std::string large = std::string(1000, 'x')) {
    site::SiteOptions options;
    options.answers = {answer_of(200, "home"), answer_of(503, "busy"), answer_of(201, std::move(large))};
    options.resources = std::move(plans);
    options.routes = std::move(routes);
    options.seed = 1;
    return std::make_shared<const site::Site>(std::move(options));
}

template <class Log = NullLog>
Responder<Log> responder_for(std::shared_ptr<const site::Site> site, Quota* quota = nullptr, Log log = {}) {
    http::ResponderLimits limits = case_limits();
    limits.quota = quota;
    Responder<Log> responder(std::move(site), limits, std::move(log), &example_time);
    responder.tick(start);
    return responder;
}

std::string get_path(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

/// "200 home": status and content of each answer in `output`.
std::string summary(std::string_view output) {
    std::string text;
    while (!output.empty()) {
        const std::size_t end = output.find("\r\n\r\n");
        const std::size_t field = output.find("Content-Length: ");
        const auto size = static_cast<std::size_t>(std::stoul(std::string(output.substr(field + 16))));
        text += std::string(text.empty() ? "" : ", ") + std::string(output.substr(9, 3)) + ' ' + std::string(output.substr(end + 4, size));
        output.remove_prefix(std::min(output.size(), end + 4 + size));
    }
    return text;
}

TEST(Routes, AnswerTheirPathsAndTheRestGetsTheResponse) {
    auto responder = responder_for(site_of({{}, {.ok = {1, {}}}}, {{"/busy", {"GET"}}}));
    const std::string requests = get_path("/") + get_path("/busy?x=1") + get_path("/busy/") +
                                 "GET http://a/busy HTTP/1.1\r\nHost: a\r\n\r\n" +
                                 "POST /busy HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" + get_path("/busy");
    const Driven driven = drive(responder, {requests});
    EXPECT_EQ(summary(driven.output), "200 home, 503 busy, 200 home, 503 busy, 405 Method Not Allowed, 503 busy");
    EXPECT_NE(driven.output.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
    EXPECT_FALSE(driven.closed);
}

TEST(Routes, AreRememberedWithTheHeadThatChoseThem) {
    auto responder = responder_for(site_of({{}, {.ok = {1, {}}}}, {{"/busy", {}}}));
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(summary(drive(responder, {get_path("/busy")}).output), "503 busy");
        EXPECT_EQ(summary(drive(responder, {get_path("/bush")}).output), "200 home");
    }
}

TEST(Routes, OptionsOfTheServerAsAWholeStayWhatTheyAre) {
    auto responder = responder_for(site_of({{}, {.ok = {1, {}}}}, {{"*", {"GET"}}}));
    EXPECT_EQ(summary(drive(responder, {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"}).output), "200 ");
    EXPECT_EQ(summary(drive(responder, {"OPTIONS /a HTTP/1.1\r\nHost: a\r\n\r\n"}).output), "405 Method Not Allowed");
}

TEST(Routes, OneAmongAHundredIsAnsweredWithoutAnAllocation) {
    std::vector<Plan::Options> plans(101, Plan::Options{.ok = {1, {}}});
    std::vector<site::Route> routes;
    for (int i = 0; i < 100; ++i) routes.push_back({"/route/" + std::to_string(i) + (i % 2 == 0 ? "" : "/*"), {"GET", "POST"}});
    auto responder = responder_for(site_of(std::move(plans), std::move(routes)));
    http::Session session;
    responder.open(session, {}, 0);
    const std::string requests = get_path("/route/44") + get_path("/route/77/a") + get_path("/none");
    const std::uint64_t before = allocations_of_this_thread();
    for (int i = 0; i < 1000; ++i) {
        Batch batch;
        batch.clear();
        ASSERT_EQ(responder.advance(session, requests, batch).next, Next::receive);
        ASSERT_EQ(batch.answers, 3U);
        responder.release(batch.lease);
    }
    EXPECT_EQ(allocations_of_this_thread() - before, 0U);
    responder.close(session);
}

TEST(Sequence, IsCountedOverTheConnections) {
    auto responder = responder_for(site_of({{.ok = {}, .sequence = {{{1, Fault::none}, 3}, {{}, 1}}}}));
    EXPECT_EQ(summary(drive(responder, {get_path("/") + get_path("/")}).output), "503 busy, 503 busy");
    EXPECT_EQ(summary(drive(responder, {get_path("/") + get_path("/")}).output), "503 busy, 200 home");
}

Driven fail(Fault fault, std::string_view method = "GET", site::AnswerId answer = 2) {
    auto responder = responder_for(site_of({{}, {.ok = {answer, {}}, .sequence = {{{answer, fault}, 1}}}}, {{"/fail", {}}}));
    return drive(responder, {get_path("/"), std::string(method) + " /fail HTTP/1.1\r\nHost: a\r\n\r\n" + get_path("/")});
}
constexpr std::string_view home = "HTTP/1.1 200 X\r\nContent-Length: 4\r\n\r\nhome";

TEST(Faults, CloseAndResetSendNothingBehindWhatWasAnsweredBefore) {
    for (const Fault fault : {Fault::close, Fault::reset}) {
        const Driven driven = fail(fault);
        EXPECT_EQ(driven.output, home);
        EXPECT_TRUE(driven.closed);
        EXPECT_EQ(driven.reset, fault == Fault::reset);
        EXPECT_EQ(driven.answers, 2U);
    }
}

TEST(Faults, TruncateAnnouncesAllAndSendsHalf) {
    const Driven driven = fail(Fault::truncate);
    EXPECT_EQ(driven.output, std::string(home) + "HTTP/1.1 201 X\r\nContent-Length: 1000\r\n\r\n" + std::string(500, 'x'));
    EXPECT_TRUE(driven.closed);
    EXPECT_FALSE(driven.reset);
}

TEST(Faults, TruncateCutsInTheHeadWhereThatIsAll) {
    const std::string head = "HTTP/1.1 201 X\r\nContent-Length: 1000\r\n\r\n";
    const Driven driven = fail(Fault::truncate, "HEAD");
    EXPECT_EQ(driven.output, std::string(home) + head.substr(0, head.size() / 2));
    EXPECT_TRUE(driven.closed);
}

TEST(Faults, GarbageIsNoHttp) {
    const Driven driven = fail(Fault::garbage);
    const std::string garbage = driven.output.substr(home.size());
    EXPECT_EQ(garbage.size(), 64U);
    EXPECT_FALSE(garbage.starts_with("HTTP"));
    EXPECT_TRUE(driven.closed);
}

TEST(Faults, AreLoggedByTheirNamesWithStatus0) {
    for (const auto& [fault, name, bytes] :
         {std::tuple(Fault::close, "close", 0U), std::tuple(Fault::reset, "reset", 0U), std::tuple(Fault::truncate, "truncate", 500U),
          std::tuple(Fault::garbage, "garbage", 0U), std::tuple(Fault::hang, "hang", 0U)}) {
        std::vector<LoggedLine> log;
        auto responder = responder_for(site_of({{.ok = {2, {}}, .sequence = {{{2, fault}, 1}}}}), nullptr, RecordingLog(log));
        drive(responder, {get_path("/a")});
        ASSERT_EQ(log.size(), 1U) << name;
        EXPECT_EQ(log.front().fault, name);
        EXPECT_EQ(log.front().status, 0);
        EXPECT_EQ(log.front().body_bytes, bytes) << name;
        EXPECT_EQ(log.front().target, "/a");
    }
}

TEST(Faults, AHangIsDueNever) {
    auto responder = responder_for(site_of({{.ok = {}, .sequence = {{{0, Fault::hang}, 1}}}}));
    Connection connection(responder);
    connection.receive(get_path("/"));
    EXPECT_EQ(connection.due(), std::chrono::steady_clock::time_point::max());
    EXPECT_EQ(connection.driven().answers, 0U);
}

TEST(Delays, HoldUpWhatWasPipelinedBehindAndNothingElse) {
    auto responder = responder_for(site_of({{}, {.ok = {1, {}}, .delays = {{.low = 100ms, .high = 100ms}}}}, {{"/slow", {}}}));
    Connection slow(responder);
    slow.receive(get_path("/") + get_path("/slow") + get_path("/"));
    slow.receive(get_path("/slow"));
    EXPECT_EQ(summary(slow.driven().output), "200 home");
    EXPECT_EQ(slow.due(), start + 100ms);
    EXPECT_EQ(summary(drive(responder, {get_path("/")}).output), "200 home");
    responder.tick(start + 150ms);
    slow.resume();
    EXPECT_EQ(summary(slow.driven().output), "200 home, 503 busy, 200 home");
    EXPECT_EQ(slow.due(), start + 250ms);
    slow.resume();
    EXPECT_EQ(summary(slow.driven().output), "200 home, 503 busy, 200 home, 503 busy");
    EXPECT_EQ(slow.due(), std::nullopt);
}

TEST(Delays, AreLoggedWithTheRequestAndNotBeforeTheAnswer) {
    std::vector<LoggedLine> log;
    auto responder = responder_for(site_of({{.ok = {1, {}}, .delays = {{.low = 1s, .high = 1s}}}}), nullptr, RecordingLog(log));
    for (const std::string_view body : {"", "Content-Length: 2\r\n\r\nhi"}) {
        log.clear();
        Connection connection(responder);
        connection.receive("POST /a HTTP/1.1\r\nHost: a\r\n" + (body.empty() ? "\r\n" : std::string(body)));
        EXPECT_TRUE(log.empty());
        Connection(responder).receive(get_path("/something/else"));
        connection.resume();
        ASSERT_EQ(log.size(), 1U);
        EXPECT_EQ(log.front().target, "/a");
        EXPECT_EQ(log.front().status, 503);
        EXPECT_EQ(log.front().body_bytes, 4U);
    }
}

TEST(Delays, TakeTheirTicketWhenTheyAreOver) {
    Quota quota(1);
    auto responder = responder_for(site_of({{.ok = {}, .delays = {{.low = 1s, .high = 1s}}}}), &quota);
    Connection left(responder);
    {
        Connection leaves(responder);
        leaves.receive(get_path("/"));
    }
    left.receive(get_path("/"));
    left.resume();
    EXPECT_EQ(left.driven().answers, 1U);
    EXPECT_NE(left.driven().output.find("Connection: close"), std::string::npos);
}

TEST(Delays, TheAnswerAnnouncesACloseThatCameMeanwhile) {
    auto responder = responder_for(site_of({{.ok = {}, .delays = {{.low = 1s, .high = 1s}}}}));
    Connection connection(responder);
    connection.receive(get_path("/"));
    responder.announce_close();
    connection.resume();
    EXPECT_TRUE(connection.driven().closed);
    EXPECT_NE(connection.driven().output.find("Connection: close"), std::string::npos);
}

TEST(LimitRate, SendsTheContentBitByBitAndNoByteBeforeItsTime) {
    auto responder = responder_for(site_of({{.ok = {2, {}}, .limit_rate = 500}}));
    Connection connection(responder);
    connection.receive(get_path("/") + "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string head = "HTTP/1.1 201 X\r\nContent-Length: 1000\r\n\r\n";
    ASSERT_EQ(connection.due(), start);
    connection.resume();
    EXPECT_EQ(connection.driven().output, head);
    std::chrono::steady_clock::time_point now = start;
    std::size_t sent = 0;
    while (connection.due()) {
        now = *connection.due();
        responder.tick(now);
        connection.resume();
        sent = std::min<std::size_t>(connection.driven().output.size() - head.size(), 1000);
        EXPECT_LE(static_cast<double>(sent), std::chrono::duration<double>(now - start).count() * 500 + 1e-3);
    }
    EXPECT_EQ(now, start + 2s);
    EXPECT_EQ(connection.driven().output, head + std::string(1000, 'x') + head);
    EXPECT_EQ(connection.driven().answers, 2U);
}

TEST(LimitRate, AVerySlowOneSendsByteAfterByte) {
    auto responder = responder_for(site_of({{.ok = {0, {}}, .limit_rate = 2}}));
    Connection connection(responder);
    connection.receive(get_path("/"));
    std::chrono::steady_clock::time_point last = start;
    while (connection.due()) {
        last = *connection.due();
        connection.resume();
    }
    EXPECT_EQ(last, start + 2s);
    EXPECT_EQ(summary(connection.driven().output), "200 home");
}

TEST(LimitRate, OneThatIsCutGivesItsTicketBack) {
    Quota quota(1);
    auto responder = responder_for(site_of({{.ok = {2, {}}, .limit_rate = 500}}), &quota);
    {
        Connection connection(responder);
        connection.receive(get_path("/"));
        connection.resume();
        connection.resume();
        EXPECT_TRUE(quota.is_used_up());
    }
    EXPECT_FALSE(quota.is_used_up());
    Connection whole(responder);
    whole.receive(get_path("/"));
    while (whole.due()) whole.resume();
    EXPECT_EQ(whole.driven().answers, 1U);
    EXPECT_TRUE(quota.is_used_up());
}

TEST(LimitRate, TruncateSendsItsHalfAtTheSameRate) {
    auto responder = responder_for(site_of({{.ok = {2, {}}, .sequence = {{{2, Fault::truncate}, 1}}, .limit_rate = 100}}));
    Connection connection(responder);
    connection.receive(get_path("/"));
    std::chrono::steady_clock::time_point last = start;
    while (connection.due()) {
        last = *connection.due();
        connection.resume();
    }
    EXPECT_EQ(last, start + 5s);
    EXPECT_TRUE(connection.driven().closed);
    EXPECT_TRUE(connection.driven().output.ends_with("\r\n\r\n" + std::string(500, 'x')));
}

/// What is answered from now on is `next`; the responder learns of it when its worker is woken.
class Reload : public ::testing::Test {
protected:
    void publish(std::vector<Plan::Options> plans, std::string large = std::string(1000, 'x')) {
        board_.publish(site_of(std::move(plans), {}, std::move(large)));
        responder_.renew();
    }
    static http::ResponderLimits limits(const site::Board& board) {
        http::ResponderLimits limits = case_limits();
        limits.board = &board;
        return limits;
    }

    site::Board board_{site_of({{.ok = {0, {}}, .delays = {}}})};
    Responder<NullLog> responder_{board_.site(), limits(board_), NullLog{}, &example_time};
};

TEST_F(Reload, RequestsJudgedFromThenOnGetTheNewAnswer) {
    Connection connection(responder_);
    connection.receive(get_path("/") + get_path("/"));
    publish({{.ok = {1, {}}}});
    connection.receive(get_path("/") + get_path("/"));
    EXPECT_EQ(summary(connection.driven().output), "200 home, 200 home, 503 busy, 503 busy");
}

TEST_F(Reload, ARequestWhoseContentIsBeingReadGetsTheAnswerItWasJudgedBy) {
    publish({{.ok = {2, {}}}}, "mine");
    Connection connection(responder_);
    connection.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
    publish({{.ok = {1, {}}}}, "another");
    connection.receive("cd" + get_path("/"));
    EXPECT_EQ(summary(connection.driven().output), "201 mine, 503 busy");
}

TEST_F(Reload, AnAnswerThatWaitsStaysWhatItWas) {
    publish({{.ok = {2, {}}, .delays = {{.low = 1s, .high = 1s}}, .limit_rate = 500}});
    Connection connection(responder_);
    Connection remembered(responder_);  // its head is known by then
    for (Connection<Responder<NullLog>>* one : {&connection, &remembered}) one->receive(get_path("/") + get_path("/"));
    publish({{.ok = {1, {}}}}, "another");
    for (Connection<Responder<NullLog>>* one : {&connection, &remembered}) {
        while (one->due()) one->resume();
        EXPECT_EQ(summary(one->driven().output), "201 " + std::string(1000, 'x') + ", 503 busy");
    }
    EXPECT_EQ(responder_.editions(), 1U);
}

TEST_F(Reload, AHundredOfThemKeepOneEdition) {
    Connection connection(responder_);
    std::string expected;
    for (int i = 0; i < 100; ++i) {
        publish({{.ok = {i % 2 == 0 ? 1U : 0U, {}}}});
        connection.receive(get_path("/"));
        expected += std::string(i == 0 ? "" : ", ") + (i % 2 == 0 ? "503 busy" : "200 home");
        ASSERT_EQ(responder_.editions(), 1U);
    }
    EXPECT_EQ(summary(connection.driven().output), expected);
}

TEST_F(Reload, BytesOnTheirWayOutliveTheirEdition) {
    http::Session session;
    responder_.open(session, {}, 0);
    Batch batch;
    batch.clear();
    ASSERT_EQ(responder_.advance(session, get_path("/"), batch).next, Next::receive);
    publish({{.ok = {1, {}}}});
    EXPECT_EQ(responder_.editions(), 2U);
    std::string output;
    append(output, batch);
    EXPECT_EQ(summary(output), "200 home");
    responder_.release(batch.lease);
    EXPECT_EQ(responder_.editions(), 1U);
    responder_.close(session);
}

TEST_F(Reload, ThePiecesOfASlowAnswerDoToo) {
    publish({{.ok = {2, {}}, .limit_rate = 1'000'000}});
    http::Session session;
    responder_.open(session, {}, 0);
    Batch batch;
    batch.clear();
    ASSERT_EQ(responder_.advance(session, get_path("/"), batch).next, Next::later);
    ASSERT_EQ(responder_.resume(session, batch).next, Next::later);  // the head
    responder_.release(batch.lease);
    batch.clear();
    ASSERT_EQ(responder_.resume(session, batch).next, Next::receive);  // the one piece of its content
    publish({{.ok = {1, {}}}}, "another");
    EXPECT_EQ(responder_.editions(), 2U);
    std::string output;
    append(output, batch);
    EXPECT_EQ(output, std::string(1000, 'x'));
    responder_.release(batch.lease);
    EXPECT_EQ(responder_.editions(), 1U);
    responder_.close(session);
}

TEST(HealthAnswers, AreNeitherLoggedNorCounted) {
    site::SiteOptions options;
    options.answers = {answer_of(200, "home")};
    options.resources.resize(1);
    options.health_path = "/live";
    options.ready_path = "/ready";
    std::vector<LoggedLine> log;
    Quota quota(1);
    const auto flipped = std::make_shared<site::HealthSwitch>(false, start);
    options.health_switch = flipped;
    auto responder = responder_for(std::make_shared<const site::Site>(std::move(options)), &quota, RecordingLog(log));
    Connection connection(responder);
    connection.receive(get_path("/live") + get_path("/ready"));
    flipped->flip();
    connection.receive(get_path("/ready") + "POST /ready HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(summary(connection.driven().output), "200 ok, 200 ready, 503 signal, 405 Method Not Allowed");
    EXPECT_TRUE(log.empty());
    EXPECT_EQ(connection.driven().answers, 0U);
    EXPECT_FALSE(quota.is_used_up());
}

}  // namespace
}  // namespace tinyhttpd::testing
