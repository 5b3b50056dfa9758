// SPDX-License-Identifier: MIT
// Server: how long a connection may take for what, who makes room for whom, and whom a stop cuts, to the moment. It runs with the real
// responder over the fake engine, one turn after the other in virtual time; what chance makes of it is tests/simulation's.
#include "tcp/server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/responder.hpp"
#include "support/fake_engine.hpp"
#include "support/fake_schedule.hpp"

namespace tinyhttpd::tcp {
namespace {

using namespace std::chrono_literals;
using support::FakeEngine;
using support::FakeNetwork;
using support::FakePeer;

struct NoLog {
    [[nodiscard]] static bool enabled() { return false; }
    [[nodiscard]] static bool wants_refused() { return false; }
    [[nodiscard]] static bool shows_fields() { return false; }
    static void append(const Exchange&) {}
    static void tick(io::Instant) {}
    [[nodiscard]] static std::optional<io::Instant> due() { return std::nullopt; }
};

/// Remembers how soon the server wanted to hear of each send.
class WatchedEngine : public FakeEngine {
public:
    using FakeEngine::FakeEngine;
    void send(io::ConnectionId id, std::span<const Slice> slices, io::Urgency urgency = io::Urgency::prompt) {
        urgencies.push_back(urgency);
        FakeEngine::send(id, slices, urgency);
    }
    std::vector<io::Urgency> urgencies;
};

constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
constexpr std::string_view fast = "GET /fast HTTP/1.1\r\nHost: a.example\r\n\r\n";
constexpr std::string_view too_much = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 999999999\r\n\r\n";

class TcpServerTest : public testing::Test {
protected:
    using Responder = http::Responder<NoLog>;
    using TestedServer = Server<WatchedEngine, Responder>;

    void start(std::uint32_t workers = 1) {
        crew.emplace(workers, max_connections, [] {});
        staff.resize(workers);
        for (std::uint32_t seat = 0; seat < workers; ++seat) {
            Worker& worker = staff[seat];
            worker.engine = std::make_unique<WatchedEngine>(io::EngineOptions{}, network);
            crew->mailbox.take_seat(seat, [engine = worker.engine.get()] { engine->wake(); });
            site::SiteOptions site;
            site.answers.push_back({.status = 200, .reason = "OK", .body = std::make_shared<const std::string>(body), .headers = {}});
            site.resources = {plan, {}};
            site.routes = {{"/fast", {}}};
            worker.responder = std::make_unique<Responder>(std::make_shared<const site::Site>(std::move(site)),
                                                           http::ResponderLimits{.quota = quota ? &*quota : nullptr}, NoLog{});
            worker.server = std::make_unique<TestedServer>(*worker.engine, *worker.responder, limits, *crew, seat,
                                                           quota ? &*quota : nullptr, [](int) {});
            ASSERT_TRUE(worker.server->listen({&socket, 1}));
            schedule.add(*worker.engine, *worker.server, [this, seat] {
                cut += staff[seat].server->outcome().cut;
                staff[seat].engine.reset();
                crew->return_from(seat);
            });
        }
    }
    void run_for(std::chrono::nanoseconds time) { schedule.run_until(network->now() + time); }
    /// A peer that has been accepted and has said this.
    FakePeer connect(std::string_view first_bytes = "") {
        FakePeer peer = network->connect(listener.get());
        peer.write(first_bytes);
        run_for(1ms);
        return peer;
    }
    static bool is_answered(FakePeer& peer) { return peer.read().starts_with("HTTP/1.1 200 "); }
    bool ask(FakePeer& peer) {
        peer.write(request);
        run_for(1ms);
        return is_answered(peer);
    }
    /// Writes a byte each second until the server answers or closes, and returns how long that took.
    std::chrono::nanoseconds drip(FakePeer& peer, std::string& answer) {
        const io::Instant begin = network->now();
        while (network->now() < begin + 1h && answer.empty() && !peer.engine_closed()) {
            peer.write("x");
            run_for(1s);
            answer += peer.read();
        }
        return network->now() - begin;
    }

    struct Worker {
        std::unique_ptr<WatchedEngine> engine;
        std::unique_ptr<Responder> responder;
        std::unique_ptr<TestedServer> server;
    };

    std::shared_ptr<FakeNetwork> network = std::make_shared<FakeNetwork>(1);
    Fd listener = network->listen();
    ListeningSocket socket{listener.get()};
    ServerLimits limits;
    std::uint32_t max_connections = 64;
    std::optional<Quota> quota;
    std::string body = "hello";
    site::Plan::Options plan;  ///< of all paths but /fast
    std::optional<Crew> crew;
    std::vector<Worker> staff;
    support::FakeSchedule<TestedServer> schedule{*network};
    std::uint64_t cut = 0;  ///< by workers that have ended
};

// ---- how long it may take

TEST_F(TcpServerTest, ContentThatDripsInForEverIsGivenUpWhenItsTimeIsOver) {
    limits.body_timeout = 60s;
    start();
    FakePeer peer = connect("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10000\r\n\r\n");
    std::string answer;
    const auto took = drip(peer, answer);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
    EXPECT_GT(took, limits.body_timeout - limits.head_timeout);
    EXPECT_LE(took, limits.body_timeout + 1s);
}

TEST_F(TcpServerTest, ContentMayStallForAsLongAsAHeadAndNoLonger) {
    start();
    FakePeer peer = connect("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\n");
    for (int i = 0; i < 2; ++i) {
        peer.write("x");
        run_for(limits.head_timeout - 1s);
    }
    EXPECT_EQ(peer.read(), "");
    run_for(2s);
    EXPECT_TRUE(peer.read().starts_with("HTTP/1.1 408 "));
}

TEST_F(TcpServerTest, AnUploadThatTakesItsTimeIsAnswered) {
    start();
    FakePeer peer = connect("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 280\r\n\r\n");
    std::string answer;
    EXPECT_LT(drip(peer, answer), limits.body_timeout);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
}

TEST_F(TcpServerTest, AClientThatNeverStopsSendingIsNotReadForEver) {
    start();
    FakePeer peer = connect(too_much);
    EXPECT_TRUE(peer.read().starts_with("HTTP/1.1 413 "));
    std::string nothing;
    const auto took = drip(peer, nothing);
    EXPECT_GT(took, limits.linger_timeout - limits.linger_silence - 1s);
    EXPECT_LE(took, limits.linger_timeout + 1s);
}

TEST_F(TcpServerTest, AClientThatNeverClosesIsWaitedForUntilItHasBeenSilent) {
    start();
    FakePeer peer = connect(too_much);
    EXPECT_TRUE(peer.read().starts_with("HTTP/1.1 413 "));
    run_for(limits.linger_silence - 1s);
    EXPECT_FALSE(peer.engine_closed());
    run_for(2s);
    EXPECT_TRUE(peer.engine_closed());
}

TEST_F(TcpServerTest, WhatCameWhileTheProcessWasStoppedIsAnsweredAndNotTimedOut) {
    start();
    FakePeer idle = connect(request);
    FakePeer fresh = connect();
    FakePeer half = connect(request.substr(0, 10));
    FakePeer silent = connect(request);
    for (FakePeer* peer : {&idle, &silent}) EXPECT_TRUE(is_answered(*peer));
    schedule.stop(network->now() + limits.idle_timeout + 1s);
    run_for(limits.idle_timeout);
    idle.write(request);
    fresh.write(request);
    half.write(request.substr(10));
    run_for(2s);
    for (FakePeer* peer : {&idle, &fresh, &half}) EXPECT_TRUE(is_answered(*peer));
    EXPECT_TRUE(silent.engine_closed());
}

// ---- who makes room

TEST_F(TcpServerTest, TheNextClientDoesNotWaitLongerThanUntilADescriptorIsFree) {
    limits.accept_retry = 1h;
    start();
    FakePeer busy = connect(request.substr(0, 10));  // or it would be closed for the other
    network->descriptors_exhausted = true;
    FakePeer next = connect(request);
    EXPECT_FALSE(next.accepted());
    network->descriptors_exhausted = false;
    busy.close();
    run_for(1s);
    EXPECT_TRUE(is_answered(next));
}

TEST_F(TcpServerTest, AtTheLimitTheConnectionThatHasBeenIdleForLongestMakesRoom) {
    max_connections = 2;
    start();
    FakePeer longer = connect(request);
    run_for(1s);
    FakePeer shorter = connect(request);
    run_for(1s);
    FakePeer next = connect(request);
    EXPECT_TRUE(is_answered(next));
    EXPECT_TRUE(longer.engine_closed());
    EXPECT_FALSE(shorter.engine_closed());
}

TEST_F(TcpServerTest, AtTheLimitNobodyLosesARequestThatIsUnderWay) {
    max_connections = 3;
    body = std::string(200'000, 'b');  // more than a socket takes at once
    limits.head_timeout = limits.write_timeout = 1h;
    start();
    FakePeer in_head = connect(request.substr(0, 10));
    FakePeer in_content = connect("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\n");
    FakePeer in_answer = connect(request);
    FakePeer next = connect(request);
    run_for(1min);
    EXPECT_FALSE(is_answered(next));
    in_head.write(request.substr(10));
    in_content.write("0123456789");
    run_for(1ms);
    for (FakePeer* peer : {&in_head, &in_content, &in_answer}) EXPECT_TRUE(is_answered(*peer));
    for (int i = 0; i < 10; ++i) {  // until one of them has its answer and is idle
        run_for(1s);
        in_head.read();
    }
    EXPECT_TRUE(is_answered(next));
}

TEST_F(TcpServerTest, AConnectionOfAnotherWorkerMakesRoomAsWell) {
    max_connections = 2;
    start(2);
    FakePeer first = connect(request);
    FakePeer second = connect(request);
    for (int i = 0; i < 20; ++i) {
        run_for(1s);
        FakePeer next = connect(request);
        run_for(1s);
        ASSERT_TRUE(is_answered(next)) << i;
    }
}

// ---- an answer that waits

std::size_t answers_in(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = text.find("HTTP/1.1 200 "); at != text.npos; at = text.find("HTTP/1.1 200 ", at + 1)) ++count;
    return count;
}

TEST_F(TcpServerTest, ADelayedAnswerComesWhenItIsDueAndHoldsUpItsConnectionAlone) {
    plan.delays = {{.low = 3s, .high = 3s}};
    start();
    FakePeer slow = connect(std::string(fast) + std::string(request) + std::string(fast));
    FakePeer other = connect(fast);
    EXPECT_TRUE(is_answered(other));
    EXPECT_EQ(answers_in(slow.read()), 1U);
    run_for(2990ms);
    EXPECT_EQ(slow.read(), "");
    slow.write(request);
    run_for(20ms);
    EXPECT_EQ(answers_in(slow.read()), 2U);
    run_for(2900ms);
    EXPECT_EQ(slow.read(), "");
    run_for(200ms);
    EXPECT_EQ(answers_in(slow.read()), 1U);
    EXPECT_FALSE(slow.engine_closed());
}

TEST_F(TcpServerTest, WhatCameBeforeTheWaitIsAnsweredBehindIt) {
    plan.delays = {{.low = 1s, .high = 1s}};
    start();
    FakePeer peer = connect(std::string(request) + std::string(fast));
    run_for(1100ms);
    EXPECT_EQ(answers_in(peer.read()), 2U);
}

TEST_F(TcpServerTest, AnAnswerWaitsForLongerThanAnyDeadline) {
    plan.delays = {{.low = 2h, .high = 2h}};
    start();
    FakePeer peer = connect(request);
    run_for(2h - 10ms);
    EXPECT_FALSE(peer.engine_closed());
    run_for(1s);
    EXPECT_TRUE(is_answered(peer));
    run_for(limits.idle_timeout + 1s);  // and is idle from then on
    EXPECT_TRUE(peer.engine_closed());
}

TEST_F(TcpServerTest, ThoseThatWaitWakeNobodyUpBeforeTheyAreDue) {
    plan.delays = {{.low = 1h, .high = 1h}};
    start();
    std::vector<FakePeer> peers;
    for (int i = 0; i < 50; ++i) peers.push_back(connect(request));
    run_for(1min);  // a deadline that is over may wake it up once
    EXPECT_GT(staff[0].server->due(), network->now() + 50min);
}

TEST_F(TcpServerTest, AClientThatLeavesFreesWhatWaitedForIt) {
    plan.delays = {{.low = 1h, .high = 1h}};
    start();
    FakePeer gone = connect(request);
    FakePeer half_closed = connect(request);
    gone.reset();
    half_closed.half_close();
    run_for(1s);
    EXPECT_TRUE(gone.engine_closed());
    EXPECT_FALSE(half_closed.engine_closed());
    run_for(1h);
    EXPECT_TRUE(is_answered(half_closed));
    EXPECT_TRUE(half_closed.engine_closed());
}

TEST_F(TcpServerTest, ADrainDoesNotWaitForAClientThatHasLeftAndWhoseAnswerWouldComeTooLate) {
    plan.delays = {{.low = 10s, .high = 10s}};
    limits.drain_timeout = 5s;
    start();
    FakePeer in_time = connect(request);
    in_time.half_close();
    run_for(6s);
    FakePeer left = connect(request);
    FakePeer leaves = connect(request);
    FakePeer stays = connect(request);
    left.half_close();
    run_for(1s);
    crew->orders.direct(Order::drain);
    staff[0].engine->wake();
    run_for(1s);
    EXPECT_TRUE(left.engine_closed());
    EXPECT_FALSE(leaves.engine_closed());
    leaves.half_close();
    run_for(1s);
    EXPECT_TRUE(leaves.engine_closed());
    EXPECT_FALSE(in_time.engine_closed());
    run_for(2s);
    EXPECT_TRUE(is_answered(in_time));
    EXPECT_FALSE(stays.engine_closed()) << "it may still see what is cut";
    crew->orders.direct(Order::abort);
    run_for(1s);
    EXPECT_EQ(cut, 1U);
}

TEST_F(TcpServerTest, AHangLastsUntilTheClientLeaves) {
    plan.sequence = {{{0, site::Fault::hang}, 1}};
    start();
    FakePeer peer = connect(request);
    FakePeer other = connect(request);
    run_for(24h);
    EXPECT_FALSE(peer.engine_closed());
    peer.half_close();
    other.reset();
    run_for(1s);
    EXPECT_TRUE(peer.engine_closed());
    EXPECT_TRUE(other.engine_closed());
    EXPECT_EQ(peer.read(), "");
}

TEST_F(TcpServerTest, WhateverAClientSendsToAHangItsLeavingIsSeen) {
    plan.sequence = {{{0, site::Fault::hang}, 1}};
    start();
    FakePeer peer = connect(std::string(fast) + std::string(request) + std::string(fast));
    FakePeer other = connect(std::string(fast) + std::string(request));
    for (FakePeer* each : {&peer, &other}) {
        for (int i = 0; i < 3; ++i) {
            each->write(fast);
            run_for(1s);
        }
        EXPECT_EQ(answers_in(each->read()), 1U) << "what came behind a hang was answered";
        EXPECT_FALSE(each->engine_closed());
    }
    peer.half_close();
    other.reset();
    run_for(1s);
    EXPECT_TRUE(peer.engine_closed());
    EXPECT_TRUE(other.engine_closed());
}

TEST_F(TcpServerTest, AResetComesBehindTheAnswersBeforeIt) {
    plan.sequence = {{{0, site::Fault::reset}, 1}};
    body.assign(50'000, 'b');
    start();
    FakePeer peer = connect(std::string(fast) + std::string(request) + std::string(fast));
    peer.half_close();
    run_for(1s);
    EXPECT_FALSE(peer.engine_closed());  // not before all has arrived
    std::string answers = peer.read();
    run_for(10ms);
    answers += peer.read();
    EXPECT_EQ(answers_in(answers), 1U);
    EXPECT_TRUE(answers.ends_with("bbb"));
    EXPECT_TRUE(peer.saw_reset());
}

TEST_F(TcpServerTest, AResetWaitsForAPeerThatNeverReadsAsLongAsAnAnswerDoes) {
    plan.sequence = {{{0, site::Fault::reset}, 1}};
    start();
    FakePeer peer = connect(fast);
    run_for(1s);
    peer.write(request);
    run_for(limits.write_timeout - 1s);
    EXPECT_FALSE(peer.engine_closed());
    run_for(2s);
    EXPECT_TRUE(peer.engine_closed());
}

TEST_F(TcpServerTest, AResetThatWasDelayedWaitsNoLongerThanAnother) {
    plan.sequence = {{{0, site::Fault::reset}, 1}};
    plan.delays = {{.low = 1s, .high = 1s}};
    start();
    FakePeer peer = connect(std::string(fast) + std::string(request));
    run_for(limits.write_timeout);
    EXPECT_FALSE(peer.engine_closed());
    run_for(2s);
    EXPECT_TRUE(peer.engine_closed());
}

TEST_F(TcpServerTest, ACloseWithoutAByteIsAnAnswerToTheQuota) {
    quota.emplace(2);
    plan.sequence = {{{0, site::Fault::close}, 1}, {{0, site::Fault::reset}, 1}};
    start();
    FakePeer first = connect(request);
    FakePeer second = connect(request);
    run_for(10ms);
    EXPECT_TRUE(first.saw_fin());
    EXPECT_TRUE(second.saw_reset());
    EXPECT_TRUE(quota->reached());
}

TEST_F(TcpServerTest, ADrainFinishesTheAnswersThatWait) {
    plan.delays = {{.low = 3s, .high = 3s}};
    start();
    FakePeer peer = connect(request);
    crew->orders.direct(Order::drain);
    run_for(2s);
    EXPECT_FALSE(schedule.all_ended());
    run_for(2s);
    const std::string answer = peer.read();
    EXPECT_EQ(answers_in(answer), 1U);
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    peer.half_close();
    run_for(1s);
    EXPECT_TRUE(schedule.all_ended());
    EXPECT_EQ(cut, 0U);
}

TEST_F(TcpServerTest, WhatAnAbortCutsIsCountedAndAHangIsNot) {
    plan.sequence = {{{0, site::Fault::hang}, 1}, {{0, site::Fault::none}, 1}};
    plan.delays = {{.low = 1h, .high = 1h}};
    start();
    FakePeer hangs = connect(request);
    FakePeer waits = connect(request);
    crew->orders.direct(Order::drain);
    run_for(10s);
    EXPECT_FALSE(schedule.all_ended());
    crew->orders.direct(Order::abort);
    run_for(1s);
    EXPECT_TRUE(schedule.all_ended());
    EXPECT_EQ(cut, 1U);
}

TEST_F(TcpServerTest, ContentAtARateComesBitByBit) {
    plan.limit_rate = 1000;
    body.assign(3000, 'b');
    start();
    FakePeer peer = connect(request);
    std::string answer = peer.read();
    for (int second = 0; second < 3; ++second) {
        run_for(990ms);
        answer += peer.read();
        const std::size_t content = answer.size() - answer.find("\r\n\r\n") - 4;
        EXPECT_LE(content, 1000U * (static_cast<unsigned>(second) + 1));
        EXPECT_GE(content, 900U * (static_cast<unsigned>(second) + 1));
    }
    run_for(100ms);
    answer += peer.read();
    EXPECT_TRUE(answer.ends_with(body));
    peer.write(fast);
    run_for(10ms);
    EXPECT_TRUE(is_answered(peer));
}

// ---- the end

TEST_F(TcpServerTest, TheAnswerThatEndsTheProgramIsHeardOfAtOnce) {
    quota.emplace(3);
    start();
    FakePeer peer = connect(request);
    EXPECT_TRUE(is_answered(peer));
    EXPECT_TRUE(ask(peer));
    EXPECT_TRUE(ask(peer));
    const auto& urgencies = staff[0].engine->urgencies;
    EXPECT_EQ(urgencies.size(), 3U);
    EXPECT_EQ(std::ranges::count(urgencies, io::Urgency::relaxed), 0);
}

TEST_F(TcpServerTest, AnOrdinaryAnswerCostsNoSystemCallToHearOf) {
    start();
    FakePeer peer = connect(request);
    EXPECT_TRUE(is_answered(peer));
    EXPECT_EQ(staff[0].engine->urgencies, std::vector{io::Urgency::relaxed});
}

TEST_F(TcpServerTest, ADrainGivesTimeForTheFirstRequestOfWhoeverWasLetIn) {
    start();
    FakePeer early = connect();
    run_for(5s);  // however long it had waited
    FakePeer late = connect();
    FakePeer silent = connect();
    crew->orders.direct(Order::drain);
    run_for(20ms);
    EXPECT_TRUE(ask(early));
    run_for(Drain::fresh_grace - 100ms);
    EXPECT_TRUE(ask(late));
    EXPECT_FALSE(silent.engine_closed());
    run_for(100ms);
    EXPECT_TRUE(silent.engine_closed());
}

TEST_F(TcpServerTest, ADrainDoesNotWaitForThoseThatHaveHadTheirAnswer) {
    start();
    FakePeer idle = connect(request);
    EXPECT_TRUE(is_answered(idle));
    run_for(1s);
    FakePeer recent = connect(request);
    EXPECT_TRUE(is_answered(recent));
    crew->orders.direct(Order::drain);
    run_for(1ms);
    EXPECT_TRUE(idle.engine_closed());
    EXPECT_TRUE(ask(recent));  // it had crossed the order
    recent.half_close();
    run_for(1ms);
    EXPECT_TRUE(schedule.all_ended());
    EXPECT_EQ(cut, 0U);
}

// RFC 9112 §2.2: an empty line between two requests is passed over.
TEST_F(TcpServerTest, ADrainDoesNotWaitForOneWhoseAnswerIsFollowedByAnEmptyLine) {
    body.assign(500'000, 'x');
    start();
    FakePeer peer = connect(request);
    peer.write("\r\n");
    run_for(1ms);
    crew->orders.direct(Order::drain);
    run_for(1s);
    EXPECT_FALSE(peer.engine_closed());
    while (!peer.read().empty()) run_for(1ms);
    run_for(1s);
    EXPECT_TRUE(peer.engine_closed());
}

TEST_F(TcpServerTest, ADrainDoesNotWaitForOneThatCompletesAnEmptyLine) {
    start();
    FakePeer peer = connect(request);
    EXPECT_TRUE(is_answered(peer));
    peer.write("\r");
    crew->orders.direct(Order::drain);
    run_for(1s);
    EXPECT_FALSE(peer.engine_closed());
    peer.write("\n");
    run_for(1s);
    EXPECT_TRUE(peer.engine_closed());
}

TEST_F(TcpServerTest, WhenMemoryRunsOutInADrainNobodyRetriesForEver) {
    start();
    Acceptor<WatchedEngine> acceptor(*staff[0].engine, 100ms);
    acceptor.end();
    acceptor.pause_and_retry(network->now());
    EXPECT_EQ(acceptor.due(), io::Instant::max());  // or the worker would spin
}

TEST_F(TcpServerTest, ADrainAnswersWhatWaitsInTheBacklogAtTheLimit) {
    max_connections = 1;
    start(2);
    FakePeer busy = connect(request.substr(0, 10));
    std::vector<FakePeer> waiting;
    for (int i = 0; i < 5; ++i) waiting.push_back(connect(request));
    crew->orders.direct(Order::drain);
    run_for(1ms);
    for (FakePeer& peer : waiting) EXPECT_TRUE(is_answered(peer));
    busy.write(request.substr(10));
    run_for(1ms);
    EXPECT_TRUE(is_answered(busy));
}

TEST_F(TcpServerTest, AnAbortCountsTheRequestsItCutsAndNothingElse) {
    for (const std::uint32_t workers : {1U, 3U}) {
        cut = 0;
        limits.linger_silence = 1h;
        body = std::string(200'000, 'b');
        start(workers);
        FakePeer fresh = connect();
        FakePeer idle = connect(request);
        FakePeer lingering = connect(too_much);
        for (int i = 0; i < 10; ++i) {
            run_for(1ms);
            idle.read();
        }
        FakePeer in_head = connect(request.substr(0, 10));
        FakePeer in_content = connect("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\n01234");
        FakePeer in_answer = connect(request);
        crew->orders.direct(Order::abort);
        run_for(1ms);
        EXPECT_TRUE(schedule.all_ended());
        EXPECT_EQ(cut, 3U);
        for (FakePeer* peer : {&fresh, &idle, &lingering, &in_head, &in_content, &in_answer}) EXPECT_TRUE(peer->engine_closed());
    }
}

}  // namespace
}  // namespace tinyhttpd::tcp
