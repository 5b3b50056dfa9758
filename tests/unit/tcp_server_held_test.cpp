// SPDX-License-Identifier: MIT
// Server with answers that are held until something other than the time lets them go: here the line of a recorder, told when the test says
// so. Also what it answers to a census. It runs with the real responder over the fake engine; what a line says is http_recorder_test.cpp's.
#include <gtest/gtest.h>

#include <cerrno>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/exchange.hpp"
#include "http/responder.hpp"
#include "support/fake_engine.hpp"
#include "support/fake_schedule.hpp"
#include "support/recorder_double.hpp"
#include "tcp/census.hpp"
#include "tcp/server.hpp"

namespace tinyhttpd::tcp {
namespace {

using namespace std::chrono_literals;
using support::FakeEngine;
using support::FakeNetwork;
using support::FakePeer;

constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
constexpr std::string_view slow = "GET /slow HTTP/1.1\r\nHost: a.example\r\n\r\n";
constexpr std::string_view hangs = "GET /hangs HTTP/1.1\r\nHost: a.example\r\n\r\n";
constexpr std::string_view bit_by_bit = "GET /bits HTTP/1.1\r\nHost: a.example\r\n\r\n";
constexpr std::string_view health = "GET /live HTTP/1.1\r\nHost: a.example\r\n\r\n";
constexpr std::string_view upload = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\n";
constexpr std::string_view too_much = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 999999999\r\n\r\n";

std::string operator+(std::string_view left, std::string_view right) {
    return std::string(left).append(right);
}

std::size_t answers_in(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = text.find("HTTP/1.1 200 "); at != text.npos; at = text.find("HTTP/1.1 200 ", at + 1)) ++count;
    return count;
}

class TcpServerHeldTest : public ::testing::Test {
protected:
    using Responder = http::Responder<NullLog>;
    using TestedServer = Server<FakeEngine, Responder>;

    void start() {
        crew.emplace(1, 64, [this] { ++reports; });
        engine = *FakeEngine::create({}, network);
        crew->mailbox.take_seat(0, [this] { engine->wake(); });
        site::SiteOptions site;
        site.answers.push_back({.status = 200, .reason = "OK", .body = std::make_shared<const std::string>(body), .headers = {}});
        site.resources = {{}, {.delays = {{.low = 10s, .high = 10s}}}, {.sequence = {{{0, site::Fault::hang}, 1}}}, {.limit_rate = 100}};
        site.routes = {{"/slow", {}}, {"/hangs", {}}, {"/bits", {}}};
        site.health_path = "/live";
        site.health_switch = std::make_shared<site::HealthSwitch>(false, network->now());
        responder = std::make_unique<Responder>(
            std::make_shared<const site::Site>(std::move(site)),
            http::ResponderLimits{.quota = quota ? &*quota : nullptr, .recorder = is_recorded ? &recorder : nullptr}, NullLog{});
        limits.census = &census;
        server = std::make_unique<TestedServer>(*engine, *responder, limits, *crew, 0, quota ? &*quota : nullptr, [](int) {});
        ASSERT_TRUE(server->listen({&socket, 1}));
        schedule.add(*engine, *server, [this] {
            cut = server->outcome().cut;
            crew->return_from(0);
        });
    }
    void run_for(std::chrono::nanoseconds time) { schedule.run_until(network->now() + time); }
    FakePeer connect(std::string_view first_bytes = "") {
        FakePeer peer = network->connect(listener.get());
        peer.write(first_bytes);
        run_for(1ms);
        return peer;
    }
    void tell(int error = 0) {
        recorder.tell(error);
        engine->wake();
        run_for(1ms);
    }
    /// What the worker says when it is asked.
    Census::Result ask() {
        census.ask();
        engine->wake();
        run_for(1ms);
        return census.result().value();
    }
    bool is_busy() { return ask().is_busy; }

    std::shared_ptr<FakeNetwork> network = std::make_shared<FakeNetwork>(1);
    Fd listener = network->listen();
    ListeningSocket socket{listener.get()};
    ServerLimits limits;
    Census census{1};
    std::optional<Quota> quota;
    std::string body = "hello";
    bool is_recorded = true;
    testing::RecorderDouble recorder;
    int reports = 0;
    std::uint64_t cut = 0;
    std::optional<Crew> crew;
    std::unique_ptr<FakeEngine> engine;
    std::unique_ptr<Responder> responder;
    std::unique_ptr<TestedServer> server;
    support::FakeSchedule<TestedServer> schedule{*network};
};

// ---- an answer that is held

TEST_F(TcpServerHeldTest, NothingLeavesUntilItIsToldAndThenAtOnce) {
    start();
    FakePeer peer = connect(request);
    run_for(5s);
    EXPECT_EQ(peer.read(), "");
    tell();
    EXPECT_EQ(answers_in(peer.read()), 1U);
    EXPECT_FALSE(peer.engine_closed());
    peer.write(request);
    run_for(1ms);
    tell();
    EXPECT_EQ(answers_in(peer.read()), 1U);
}

TEST_F(TcpServerHeldTest, WhatIsPipelinedBehindComesInItsTurn) {
    start();
    FakePeer peer = connect(request + request);
    peer.write(request);
    run_for(1ms);
    EXPECT_EQ(recorder.requests.size(), 1U);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(recorder.untold(), 1U);
        tell();
        EXPECT_EQ(answers_in(peer.read()), 1U);
    }
    EXPECT_EQ(recorder.requests.size(), 3U);
}

TEST_F(TcpServerHeldTest, TheOrderOfTheLinesIsNobodysBusinessButTheirs) {
    start();
    FakePeer first = connect(request);
    FakePeer second = connect(request);
    recorder.tell_line(1);
    engine->wake();
    run_for(1ms);
    EXPECT_EQ(answers_in(second.read()), 1U);
    EXPECT_EQ(first.read(), "");
    tell();
    EXPECT_EQ(answers_in(first.read()), 1U);
}

TEST_F(TcpServerHeldTest, OneThatIsToldWhileEarlierAnswersAreOnTheirWayFollowsThem) {
    start();
    FakePeer peer = network->connect(listener.get());
    peer.write(health + request);
    network->knobs.socket_buffer_bytes = 10;
    run_for(1ms);
    ASSERT_EQ(recorder.untold(), 1U);
    tell();
    std::string answers;
    for (int i = 0; i < 100; ++i) {
        run_for(1ms);
        answers += peer.read();
    }
    EXPECT_EQ(answers_in(answers), 2U) << answers;
    EXPECT_LT(answers.find("\r\n\r\nok"), answers.find("hello"));
}

TEST_F(TcpServerHeldTest, ADeadlineHasNoPartInIt) {
    start();
    FakePeer peer = connect(request);
    run_for(2h);
    EXPECT_FALSE(peer.engine_closed());
    EXPECT_EQ(server->due(), std::nullopt) << "it wakes nobody";
    tell();
    EXPECT_EQ(answers_in(peer.read()), 1U);
    run_for(limits.idle_timeout + 1s);
    EXPECT_TRUE(peer.engine_closed());
}

TEST_F(TcpServerHeldTest, AClientThatHalfClosesIsAnswered) {
    start();
    FakePeer peer = connect(request + request);
    peer.half_close();
    run_for(1s);
    EXPECT_FALSE(peer.engine_closed());
    tell();
    tell();
    EXPECT_EQ(answers_in(peer.read()), 2U);
    EXPECT_TRUE(peer.engine_closed());
}

TEST_F(TcpServerHeldTest, OneThatIsGoneFreesItsPlaceAtOnceAndItsLineIsForgotten) {
    quota.emplace(1);
    start();
    FakePeer peer = connect(request);
    EXPECT_TRUE(quota->is_used_up());
    peer.reset();
    run_for(1ms);
    EXPECT_TRUE(peer.engine_closed());
    EXPECT_EQ(recorder.unforgotten(), 0U);
    EXPECT_FALSE(quota->is_used_up());
    tell();
    EXPECT_EQ(reports, 0);
    FakePeer next = connect(request);
    tell();
    EXPECT_EQ(answers_in(next.read()), 1U);
    EXPECT_EQ(reports, 1);
}

TEST_F(TcpServerHeldTest, ALineIsNotTakenForThatOfTheNextInItsPlace) {
    start();
    FakePeer gone = connect(request);
    gone.reset();
    run_for(1ms);
    FakePeer next = connect(request);
    tell();
    EXPECT_EQ(next.read(), "");
    tell();
    EXPECT_EQ(answers_in(next.read()), 1U);
}

TEST_F(TcpServerHeldTest, OneThatIsToldWhileItsConnectionIsBeingClosedIsLetGo) {
    start();
    FakePeer peer = connect(request);
    network->knobs.delay = 1;
    network->knobs.delay_max = 1h;
    peer.reset();
    while (!peer.engine_closed()) run_for(1s);
    EXPECT_EQ(recorder.unforgotten(), 1U) << "it is gone already";
    tell();
    EXPECT_EQ(recorder.unforgotten(), 1U);
    run_for(2h);
    EXPECT_EQ(recorder.unforgotten(), 0U);
    EXPECT_EQ(peer.read(), "");
}

TEST_F(TcpServerHeldTest, OneWhoseConnectionStarvesIsNotTakenForAnother) {
    limits.saved_input = std::numeric_limits<std::size_t>::max() - 65536;  // no memory is so large
    start();
    FakePeer other = connect(request);
    FakePeer starves = network->connect(listener.get());
    starves.write(request + request);
    while (!starves.engine_closed()) run_for(1us);
    network->knobs.delay = 1;  // it takes its time to be closed
    network->knobs.delay_max = 1h;
    EXPECT_EQ(recorder.unforgotten(), 2U);
    recorder.tell_line(1);
    engine->wake();
    run_for(2h);
    EXPECT_EQ(other.read(), "");
    EXPECT_EQ(recorder.unforgotten(), 1U);
    network->knobs.delay = 0;
    tell();
    EXPECT_EQ(answers_in(other.read()), 1U);
}

TEST_F(TcpServerHeldTest, ADrainDoesNotWaitForAnAnswerThatBeginsToWaitWhenItsClientHasLeft) {
    is_recorded = false;
    limits.drain_timeout = 5s;
    body = std::string(300, 'b');  // of which a second has a hundred
    start();
    FakePeer peer = connect(bit_by_bit + slow);
    peer.half_close();
    run_for(1ms);
    crew->orders.direct(Order::drain);
    engine->wake();
    run_for(1s);
    EXPECT_FALSE(peer.engine_closed()) << "the first is on its way";
    run_for(3s);
    EXPECT_TRUE(peer.engine_closed());
    EXPECT_EQ(answers_in(peer.read()), 1U);
    EXPECT_TRUE(schedule.all_ended());
    EXPECT_EQ(cut, 0U);
}

TEST_F(TcpServerHeldTest, AFailureEndsTheConnectionWithA500) {
    start();
    FakePeer peer = connect(request + request);
    tell(ENOSPC);
    const std::string answer = peer.read();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
    EXPECT_TRUE(peer.saw_fin());
    EXPECT_EQ(recorder.requests.size(), 1U);
}

TEST_F(TcpServerHeldTest, ATimeoutIsHeldAsWell) {
    start();
    FakePeer peer = connect("GET / HT");
    run_for(limits.head_timeout + 1s);
    EXPECT_EQ(recorder.untold(), 1U);
    EXPECT_EQ(peer.read(), "");
    peer.write("TP/1.1\r\nHost: a.example\r\n\r\n");  // too late
    run_for(1h);
    EXPECT_FALSE(peer.engine_closed());
    tell();
    EXPECT_TRUE(peer.read().starts_with("HTTP/1.1 408 "));
    EXPECT_TRUE(peer.saw_fin());
    EXPECT_EQ(recorder.requests.size(), 1U);
    EXPECT_EQ(ask().answered, 0U);
}

TEST_F(TcpServerHeldTest, TheDelayComesBehindTheLine) {
    start();
    FakePeer peer = connect(slow);
    run_for(4s);
    tell();
    run_for(5s);
    EXPECT_EQ(peer.read(), "");
    run_for(2s);
    EXPECT_EQ(answers_in(peer.read()), 1U);
}

TEST_F(TcpServerHeldTest, AHangLastsUntilItsClientLeavesHoweverItsLineWent) {
    start();
    FakePeer leaves_before = connect(hangs);
    leaves_before.half_close();
    run_for(1s);
    EXPECT_FALSE(leaves_before.engine_closed());
    FakePeer leaves_after = connect(hangs);
    tell();
    EXPECT_TRUE(leaves_before.engine_closed());
    tell();
    run_for(24h);
    EXPECT_FALSE(leaves_after.engine_closed());
    leaves_after.half_close();
    run_for(1s);
    EXPECT_TRUE(leaves_after.engine_closed());
    EXPECT_EQ(leaves_after.read() + leaves_before.read(), "");
}

// ---- the end

TEST_F(TcpServerHeldTest, ADrainWaitsForThem) {
    start();
    FakePeer peer = connect(request);
    crew->orders.direct(Order::drain);
    run_for(1min);
    EXPECT_FALSE(schedule.all_ended());
    EXPECT_FALSE(peer.engine_closed());
    tell();
    const std::string answer = peer.read();
    EXPECT_EQ(answers_in(answer), 1U);
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << "it lets the client believe that it can go on";
    peer.half_close();
    run_for(1s);
    EXPECT_TRUE(schedule.all_ended());
    EXPECT_EQ(cut, 0U);
}

TEST_F(TcpServerHeldTest, WhenItsTimeIsUpThoseAreCutThatWereHeld) {
    start();
    FakePeer held = connect(request);
    FakePeer also_held = connect(hangs);
    FakePeer hanging = connect(hangs);
    recorder.tell_line(2);
    engine->wake();
    run_for(1ms);
    crew->orders.direct(Order::drain);
    run_for(1s);
    crew->orders.direct(Order::abort);
    run_for(1ms);
    EXPECT_TRUE(schedule.all_ended());
    EXPECT_EQ(cut, 2U);
}

// ---- the census

TEST_F(TcpServerHeldTest, IsBusyWhileARequestHasBegunOrIsUnderWay) {
    start();
    EXPECT_EQ(ask(), (Census::Result{.answered = 0, .is_busy = false}));
    FakePeer peer = connect();
    EXPECT_FALSE(is_busy()) << "nothing of a request has come";
    peer.write(request.substr(0, 20));
    run_for(1ms);
    EXPECT_TRUE(is_busy()) << "half a head";
    peer.write(request.substr(20));
    run_for(1ms);
    EXPECT_TRUE(is_busy()) << "held";
    tell();
    EXPECT_EQ(answers_in(peer.read()), 1U);
    EXPECT_EQ(ask(), (Census::Result{.answered = 1, .is_busy = false})) << "idle";
    peer.write(upload);
    run_for(1ms);
    EXPECT_TRUE(is_busy()) << "in the content";
    peer.write("0123456789");
    run_for(1ms);
    tell();
    EXPECT_EQ(ask(), (Census::Result{.answered = 2, .is_busy = false}));
    peer.write(slow);
    run_for(1ms);
    tell();
    EXPECT_TRUE(is_busy()) << "delayed";
    run_for(11s);
    EXPECT_EQ(ask(), (Census::Result{.answered = 3, .is_busy = false}));
    peer.write(hangs);
    run_for(1ms);
    tell();
    EXPECT_TRUE(is_busy()) << "hangs";
    peer.reset();
    run_for(1ms);
    EXPECT_EQ(ask(), (Census::Result{.answered = 3, .is_busy = false})) << "gone";
}

TEST_F(TcpServerHeldTest, IsBusyWhileAnAnswerIsOnItsWay) {
    body.assign(200'000, 'b');
    is_recorded = false;
    start();
    FakePeer peer = connect(request);
    EXPECT_TRUE(is_busy());
    for (int i = 0; i < 10; ++i) {
        peer.read();
        run_for(1ms);
    }
    EXPECT_EQ(ask(), (Census::Result{.answered = 1, .is_busy = false}));
    FakePeer refused = connect(too_much);
    EXPECT_EQ(ask(), (Census::Result{.answered = 2, .is_busy = false})) << "what still comes behind the last answer is no request";
}

TEST_F(TcpServerHeldTest, IsBusyAtEveryMomentOfAnAnswerThatIsSentBitByBit) {
    body.assign(1000, 'b');
    is_recorded = false;
    limits.write_timeout = 1h;
    start();
    FakePeer peer = network->connect(listener.get());
    peer.write(bit_by_bit);
    network->knobs.socket_buffer_bytes = 10;  // the client takes none of it for a while: the head is on its way
    run_for(1ms);
    EXPECT_TRUE(is_busy());
    run_for(1min);
    EXPECT_TRUE(is_busy());
    std::string answer;
    while (answer.find(body) == std::string::npos) {
        ASSERT_TRUE(is_busy()) << answer.size();
        run_for(1ms);
        answer += peer.read();
    }
    run_for(1ms);
    EXPECT_EQ(ask(), (Census::Result{.answered = 1, .is_busy = false}));
}

TEST_F(TcpServerHeldTest, IsBusyWhileAnUploadIsInvited) {
    start();
    network->knobs.socket_buffer_bytes = 200;
    FakePeer peer = network->connect(listener.get());
    peer.write("POST / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n");
    network->knobs.socket_buffer_bytes = 10;
    run_for(1ms);
    EXPECT_TRUE(is_busy()) << "the invitation is no answer, but what is invited is a request";
}

TEST_F(TcpServerHeldTest, IsNotBusyForWhoeverWatchesOverIt) {
    start();
    network->knobs.socket_buffer_bytes = 200;
    FakePeer peer = network->connect(listener.get());
    peer.write(health);
    network->knobs.socket_buffer_bytes = 10;
    run_for(1ms);
    EXPECT_FALSE(peer.read().empty());
    EXPECT_EQ(ask(), (Census::Result{.answered = 0, .is_busy = false})) << "or a probe keeps it alive for ever";
}

}  // namespace
}  // namespace tinyhttpd::tcp
