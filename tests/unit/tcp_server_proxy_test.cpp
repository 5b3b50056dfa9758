// SPDX-License-Identifier: MIT
// Server with a proxy before it: each connection begins with a header that says who the client is. What a header is, is
// tcp_proxy_header_test.cpp's; here, what the server makes of it, of what follows on it, and of one that never ends.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/responder.hpp"
#include "support/fake_engine.hpp"
#include "support/fake_schedule.hpp"
#include "tcp/server.hpp"

namespace tinyhttpd::tcp {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using support::FakeEngine;
using support::FakeNetwork;
using support::FakePeer;

/// Keeps the peer of each request that was answered, and its target.
struct PeerLog {
    std::vector<std::string>* lines;

    [[nodiscard]] static bool enabled() { return true; }
    [[nodiscard]] static bool wants_refused() { return false; }
    [[nodiscard]] static bool shows_fields() { return false; }
    void append(const Exchange& exchange) const { lines->push_back(std::string(exchange.peer) + " " + std::string(exchange.target)); }
    static void tick(io::Instant) {}
    [[nodiscard]] static std::optional<io::Instant> due() { return std::nullopt; }
};

constexpr std::string_view v1 = "PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\n";
constexpr std::string_view v2 =
    "\r\n\r\n\0\r\nQUIT\n"
    "\x21\x21\0\x24"
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x12\x67\0\x50"sv;
constexpr std::string_view v2_local = "\r\n\r\n\0\r\nQUIT\n\x20\x11\0\x0c\xc0\0\2\7\xc6\x33\x64\1\x12\x67\0\x50"sv;
constexpr std::string_view request = "GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n";
constexpr std::string_view other_request = "GET /b HTTP/1.1\r\nHost: a.example\r\n\r\n";

std::string operator+(std::string_view left, std::string_view right) {
    return std::string(left).append(right);
}

/// 536 bytes, the most there may be.
std::string longest_header() {
    std::string header(v2);
    header.resize(proxy_header_max, '\0');
    const std::size_t length = proxy_header_max - 16;
    header[14] = static_cast<char>(length >> 8U);
    header[15] = static_cast<char>(length & 0xffU);
    return header;
}

class TcpServerProxyTest : public testing::Test {
protected:
    using Responder = http::Responder<PeerLog>;
    using TestedServer = Server<FakeEngine, Responder>;

    void SetUp() override { start(); }
    void start(std::size_t receive_bytes = 4096) {
        limits.saved_input = proxy_header_max + 2 * receive_bytes;  // no head of these tests is longer
        limits.proxy_protocol = true;
        crew.emplace(1, max_connections, [] {});
        engine = *FakeEngine::create({.receive_bytes = receive_bytes}, network);
        crew->mailbox.take_seat(0, [this] { engine->wake(); });
        site::SiteOptions site;
        site.resources.emplace_back();
        site.answers.push_back({.status = 200, .reason = "OK", .body = std::make_shared<const std::string>("hello"), .headers = {}});
        responder =
            std::make_unique<Responder>(std::make_shared<const site::Site>(std::move(site)), http::ResponderLimits{}, PeerLog{&lines});
        server = std::make_unique<TestedServer>(
            *engine, *responder, limits, *crew, 0, nullptr, [](int) {},
            [this](std::string_view peer, std::string_view why) { refused.emplace_back(std::string(peer) + " " + std::string(why)); });
        ASSERT_TRUE(server->listen({&socket, 1}));
        schedule.emplace(*network);
        schedule->add(*engine, *server, [this] {
            cut = server->outcome().cut;
            engine.reset();
            crew->return_from(0);
        });
    }
    void run_for(std::chrono::nanoseconds time) { schedule->run_until(network->now() + time); }
    FakePeer connect(std::string_view first_bytes = "") {
        FakePeer peer = network->connect(listener.get());
        say(peer, first_bytes);
        return peer;
    }
    void say(FakePeer& peer, std::string_view bytes) {
        peer.write(bytes);
        run_for(1ms);
    }
    static std::size_t answers_to(FakePeer& peer) {
        const std::string text = peer.read();
        std::size_t count = 0;
        for (std::size_t at = text.find("HTTP/1.1 200 "); at != text.npos; at = text.find("HTTP/1.1 200 ", at + 1)) ++count;
        return count;
    }

    std::shared_ptr<FakeNetwork> network = std::make_shared<FakeNetwork>(1);
    Fd listener = network->listen();
    ListeningSocket socket{listener.get()};
    ServerLimits limits;
    std::uint32_t max_connections = 64;
    std::vector<std::string> lines;
    std::vector<std::string> refused;
    std::optional<Crew> crew;
    std::unique_ptr<FakeEngine> engine;
    std::unique_ptr<Responder> responder;
    std::unique_ptr<TestedServer> server;
    std::optional<support::FakeSchedule<TestedServer>> schedule;
    std::uint64_t cut = 0;  ///< by the worker, when it has ended
};

using Lines = std::vector<std::string>;

TEST_F(TcpServerProxyTest, TheLogNamesTheClientHoweverItsHeaderIsSplit) {
    const std::string first = std::string(request);
    for (const auto& [header, client] : {std::pair(v1, "192.0.2.7"), std::pair(v2, "2001:db8::7")}) {
        const std::string all = header + first + other_request;
        for (std::size_t split = 1; split < all.size(); ++split) {
            lines.clear();
            FakePeer peer = connect(std::string_view(all).substr(0, split));
            say(peer, std::string_view(all).substr(split));
            ASSERT_EQ(answers_to(peer), 2U) << split;
            ASSERT_EQ(lines, (Lines{std::string(client) + " /a", std::string(client) + " /b"})) << split;
            peer.close();
            run_for(1ms);
        }
    }
}

TEST_F(TcpServerProxyTest, AHeaderAndRequestsThatComeByteByByteAreUnderstood) {
    FakePeer peer = connect();
    for (const char byte : v2 + request + other_request) say(peer, {&byte, 1});
    EXPECT_EQ(answers_to(peer), 2U);
    EXPECT_EQ(lines, (Lines{"2001:db8::7 /a", "2001:db8::7 /b"}));
}

TEST_F(TcpServerProxyTest, RequestsInOneSegmentWithTheHeaderAreAnswered) {
    FakePeer peer = connect(v1 + request + other_request + request);
    EXPECT_EQ(answers_to(peer), 3U);
    say(peer, other_request);  // no header is looked for twice
    EXPECT_EQ(answers_to(peer), 1U);
    EXPECT_EQ(lines, (Lines{"192.0.2.7 /a", "192.0.2.7 /b", "192.0.2.7 /a", "192.0.2.7 /b"}));
}

TEST_F(TcpServerProxyTest, TheLongestHeaderIsFollowedByAsMuchAsOneReceiveBrings) {
    const std::string all = longest_header() + request + std::string(300, 'x');
    for (const std::size_t receive_bytes : {16U, 256U}) {
        start(receive_bytes);
        FakePeer peer = connect(std::string_view(all).substr(0, proxy_header_max - 1));
        say(peer, std::string_view(all).substr(proxy_header_max - 1, request.size() + 1 + receive_bytes));
        EXPECT_EQ(answers_to(peer), 1U);
    }
}

TEST_F(TcpServerProxyTest, AHealthCheckOfTheProxyItselfIsAnsweredAsFromThere) {
    for (const std::string_view header : {v2_local, "PROXY UNKNOWN\r\n"sv}) {
        lines.clear();
        FakePeer peer = connect(header + request);
        EXPECT_EQ(answers_to(peer), 1U);
        EXPECT_EQ(lines, (Lines{"unix: /a"}));  // what the fake network's descriptors are
    }
}

TEST_F(TcpServerProxyTest, ThoseWhoseHeadersComeTogetherAreNotMistakenForEachOther) {
    FakePeer first = connect(v1.substr(0, 20));
    FakePeer second = connect(v2.substr(0, 20));
    say(first, v1.substr(20) + request);
    say(second, v2.substr(20) + other_request);
    EXPECT_EQ(lines, (Lines{"192.0.2.7 /a", "2001:db8::7 /b"}));
}

TEST_F(TcpServerProxyTest, NobodyIsAnsweredWhoDoesNotBeginWithAHeader) {
    for (const std::string& all : {std::string(request), "PROXY TCP4 1.2.3 198.51.100.1 4711 80\r\n" + request,
                                   std::string(v2.substr(0, 12)) + "\x31\x11\0\x0c" + std::string(12, 'x') + std::string(request)}) {
        for (std::size_t split = 0; split < all.size(); ++split) {
            FakePeer peer = connect(std::string_view(all).substr(0, split));
            say(peer, std::string_view(all).substr(split));
            EXPECT_EQ(peer.read(), "");
            EXPECT_TRUE(peer.engine_closed());
        }
    }
    EXPECT_EQ(lines, Lines{});
}

TEST_F(TcpServerProxyTest, WhoAsksWhyAConnectionEndedIsTold) {
    connect("PROXY TCP4 192.0.2.7 4711\r\n");
    connect(request);
    EXPECT_EQ(refused, (Lines{"unix: the PROXY line has not two addresses of its family and two ports, one space apart",
                              "unix: the connection does not begin with a PROXY header"}));
}

TEST_F(TcpServerProxyTest, OneThatEndsBeforeItsHeaderDoesIsClosed) {
    for (const std::size_t sent : {0U, 10U}) {
        FakePeer finished = connect(v1.substr(0, sent));
        FakePeer gone = connect(v1.substr(0, sent));
        finished.half_close();
        gone.reset();
        run_for(1ms);
        EXPECT_TRUE(finished.engine_closed());
        EXPECT_TRUE(gone.engine_closed());
        EXPECT_EQ(finished.read(), "");
    }
}

TEST_F(TcpServerProxyTest, OneThatEndsBehindItsHeaderIsClosed) {
    FakePeer peer = connect(v1);
    EXPECT_FALSE(peer.engine_closed());
    peer.half_close();
    run_for(1ms);
    EXPECT_TRUE(peer.engine_closed());
}

TEST_F(TcpServerProxyTest, AHeaderThatDripsInIsGivenUpWithoutAnAnswer) {
    FakePeer peer = connect();
    const io::Instant begin = network->now();
    for (const char byte : v1) {
        if (peer.engine_closed()) break;
        say(peer, {&byte, 1});
        run_for(1s);
    }
    EXPECT_TRUE(peer.engine_closed());
    EXPECT_LE(network->now() - begin, limits.head_timeout + 2s);
    EXPECT_EQ(peer.read(), "");  // 408 would be an answer to a request
    EXPECT_EQ(refused, (Lines{"unix: the PROXY header was not complete in time"}));
}

TEST_F(TcpServerProxyTest, TheFirstHeadHasWhatTimeTheHeaderLeft) {
    FakePeer peer = connect(v1.substr(0, 10));
    FakePeer silent = connect(v1.substr(0, 10));
    run_for(limits.head_timeout - 2s);
    EXPECT_FALSE(peer.engine_closed());
    say(peer, v1.substr(10) + request.substr(0, 10));
    say(silent, v1.substr(10));
    run_for(3s);
    EXPECT_TRUE(peer.read().starts_with("HTTP/1.1 408 "));
    EXPECT_TRUE(silent.engine_closed());
    EXPECT_EQ(silent.read(), "");
}

TEST_F(TcpServerProxyTest, AtTheLimitOneWithoutAWholeHeaderMakesRoom) {
    max_connections = 2;
    start();
    FakePeer silent = connect();
    FakePeer half = connect(v1.substr(0, 10));
    FakePeer next = connect(v1 + request);
    run_for(Drain::fresh_grace + 200ms);
    EXPECT_TRUE(silent.engine_closed());
    EXPECT_FALSE(half.engine_closed());
    EXPECT_EQ(answers_to(next), 1U);
    FakePeer last = connect(v1 + request);
    FakePeer more = connect(v1 + request);
    run_for(Drain::fresh_grace + 200ms);
    EXPECT_TRUE(half.engine_closed());
    EXPECT_EQ(answers_to(last) + answers_to(more), 2U);
}

TEST_F(TcpServerProxyTest, ADrainGivesTimeForTheHeaderAndTheRequestOfWhoeverWasLetIn) {
    FakePeer silent = connect();
    FakePeer half = connect(v1.substr(0, 10));
    FakePeer whole = connect(v1);
    FakePeer stuck = connect(v1.substr(0, 10));
    run_for(5s);
    crew->orders.direct(Order::drain);
    run_for(Drain::fresh_grace - 100ms);
    say(silent, v1 + request);
    say(half, v1.substr(10) + request);
    say(whole, request);
    for (FakePeer* peer : {&silent, &half, &whole}) {
        EXPECT_EQ(answers_to(*peer), 1U);
        peer->half_close();
    }
    EXPECT_FALSE(stuck.engine_closed());
    run_for(200ms);
    EXPECT_TRUE(stuck.engine_closed());
    run_for(1s);
    EXPECT_TRUE(schedule->all_ended());
}

TEST_F(TcpServerProxyTest, AnAbortCountsNoHeaderAsARequestThatItCut) {
    FakePeer half = connect(v1.substr(0, 10));
    FakePeer whole = connect(v1);
    FakePeer in_head = connect(v1 + request.substr(0, 10));
    crew->orders.direct(Order::abort);
    run_for(1ms);
    EXPECT_TRUE(schedule->all_ended());
    EXPECT_EQ(cut, 1U);
}

}  // namespace
}  // namespace tinyhttpd::tcp
