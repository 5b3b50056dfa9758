// SPDX-License-Identifier: MIT
// Requests that are recorded before they are answered, sans-I/O: what a line says of each, that no answer leaves before its line, what
// becomes of one that cannot be written, and that whoever leaves meanwhile leaves nothing behind. How a line looks is
// log_capture_line_test.cpp's.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/quota.hpp"
#include "http/responder.hpp"
#include "support/http_cases.hpp"
#include "support/http_driver.hpp"
#include "support/recorder_double.hpp"
#include "unit/allocation_count.hpp"

namespace tinyhttpd::testing {
namespace {

using namespace std::chrono_literals;
using site::Fault;
using site::Plan;
using Fields = std::vector<std::pair<std::string, std::string>>;

const std::chrono::steady_clock::time_point start{1h};

site::Answer answer_of(int status, std::string body) {
    site::Answer answer = case_response();
    answer.status = status;
    answer.body = std::make_shared<const std::string>(std::move(body));
    return answer;
}

/// Answers 0: "200" of the cases, 1: "503=busy", 2: "201" and 1000 bytes. Resources: what `plans` says.
std::shared_ptr<const site::Site> site_of(std::vector<Plan::Options> plans = {{}}, std::vector<site::Route> routes = {},
                                          bool has_preflights = false, std::string busy = "busy") {
    site::SiteOptions options;
    options.answers = {case_response(), answer_of(503, std::move(busy)), answer_of(201, std::string(1000, 'x'))};
    options.common.headers = {{"Server", "tinyhttpd"}};
    options.resources = std::move(plans);
    options.routes = std::move(routes);
    if (has_preflights) options.preflight = options.common.headers;
    options.health_path = "/live";
    options.health_switch = std::make_shared<site::HealthSwitch>(false, start);
    return std::make_shared<const site::Site>(std::move(options));
}
std::shared_ptr<const site::Site> delayed(std::chrono::nanoseconds delay) {
    return site_of({{.delays = {{.low = delay, .high = delay}}}});
}
std::shared_ptr<const site::Site> failing(Fault fault, site::AnswerId answer = 0) {
    return site_of({{.ok = {answer, {}}, .sequence = {{{answer, fault}, 1}}}});
}

/// A responder with a recorder, and its connections.
template <class Log = NullLog>
class Stage {
public:
    using Responder = http::Responder<Log>;
    using Peer = Connection<Responder>;

    explicit Stage(std::shared_ptr<const site::Site> site = site_of(), http::ResponderLimits limits = case_limits(), Log log = {})
        : responder(std::move(site), with(recorder, limits), std::move(log), &example_time) {
        responder.tick(start);
    }
    ~Stage() {
        peers_.clear();
        EXPECT_EQ(recorder.unforgotten(), 0U) << "lines that somebody still waits for";
    }
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    Peer& connect(std::string_view input = {}) {
        peers_.push_back(std::make_unique<Peer>(responder, "192.0.2.1:4711", 0, static_cast<std::uint32_t>(peers_.size())));
        peers_.back()->receive(input);
        return *peers_.back();
    }
    void leave(Peer& peer) { std::ranges::find(peers_, &peer, &std::unique_ptr<Peer>::get)->reset(); }
    /// The line that is first is written, or not.
    void tell(int error = 0) {
        recorder.tell(error);
        while (const auto slot = responder.next_ready()) {
            ASSERT_TRUE(*slot < peers_.size() && peers_[*slot]) << "called for a connection that has gone";
            peers_[*slot]->resume();
        }
    }
    void tell_all() {
        while (recorder.untold() > 0) tell();
    }
    /// What is recorded of a connection that sends these pieces, and may leave nothing unanswered.
    std::vector<RecordedRequest> recorded_of(const std::vector<std::string_view>& pieces) {
        recorder.requests.clear();
        Peer& peer = connect();
        for (const std::string_view piece : pieces) {
            peer.receive(piece);
            tell_all();
        }
        last_output = peer.driven().output;
        leave(peer);
        return recorder.requests;
    }

    RecorderDouble recorder;
    Responder responder;
    std::string last_output;

private:
    static http::ResponderLimits with(RecorderDouble& recorder, http::ResponderLimits limits) {
        limits.recorder = &recorder;
        return limits;
    }
    std::vector<std::unique_ptr<Peer>> peers_;
};

/// What the usual request leaves.
RecordedRequest recorded(std::string method, std::string target, int status = 200) {
    return {.number = 1,
            .peer = "192.0.2.1:4711",
            .protocol = "HTTP/1.1",
            .method = std::move(method),
            .target = std::move(target),
            .fields = {{"Host", "a"}},
            .status = status};
}
RecordedRequest second(RecordedRequest request) {
    request.number = 2;
    return request;
}

// ---- what a line says

TEST(Recorded, ALineForEachRequestWithAllThatItSaid) {
    Stage stage(site_of({{}, {.ok = {1, {}}}}, {{"/orders/*", {"POST"}}}));
    const std::string input = request("HEAD /a?b HTTP/1.0", "X-A: 1\r\nx-a: \t2 \r\nX-Empty:\r\nConnection: keep-alive\r\n") +
                              request("POST /orders/7?x=1 HTTP/1.1") + request("BREW http://a/pot HTTP/1.1") +
                              request("OPTIONS * HTTP/1.1") + request("PUT /orders/7 HTTP/1.1");
    RecordedRequest head = recorded("HEAD", "/a?b");
    head.protocol = "HTTP/1.0";
    head.fields = {{"Host", "a"}, {"X-A", "1"}, {"x-a", "2"}, {"X-Empty", ""}, {"Connection", "keep-alive"}};
    RecordedRequest order = recorded("POST", "/orders/7?x=1", 503);
    order.route = "/orders/*";
    std::vector<RecordedRequest> expected = {head, order, recorded("BREW", "http://a/pot"), recorded("OPTIONS", "*"),
                                             recorded("PUT", "/orders/7", 405)};
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i].number = i + 1;
    EXPECT_EQ(stage.recorded_of({input}), expected);
    EXPECT_EQ(judge_answers(stage.last_output, "200hk 503=busy 200 200o 405p"), "");
    for (std::size_t at = 1; at < input.size(); ++at)
        ASSERT_EQ(stage.recorded_of({std::string_view(input).substr(0, at), std::string_view(input).substr(at)}), expected) << at;
}

TEST(Recorded, TheContentInEitherFramingUpToWhatIsKept) {
    for (const auto& [framing, content] :
         {std::pair{"Content-Length: 11", "hello world"},
          std::pair{"Transfer-Encoding: chunked", "1\r\nh\r\n9;a=\"b\"\r\nello worl\r\n1\r\nd\r\n0\r\nA: b\r\n\r\n"}}) {
        const std::string input = post(std::string(framing) + "\r\n", content) + get();
        for (const std::size_t kept : {std::size_t{0}, std::size_t{5}, std::size_t{11}, std::size_t{100}}) {
            Stage stage;
            stage.recorder.content_kept = kept;
            RecordedRequest upload = recorded("POST", "/");
            const std::string_view text(framing);
            const std::size_t colon = text.find(':');
            upload.fields.emplace_back(text.substr(0, colon), text.substr(colon + 2));
            upload.body = std::string("hello world").substr(0, kept);
            upload.body_bytes = 11;
            const std::vector<RecordedRequest> expected = {upload, second(recorded("GET", "/"))};
            for (std::size_t at = 0; at <= input.size(); ++at) {
                ASSERT_EQ(stage.recorded_of({std::string_view(input).substr(0, at), std::string_view(input).substr(at)}), expected)
                    << framing << ' ' << kept << ' ' << at;
                ASSERT_EQ(judge_answers(stage.last_output, "200 200"), "");
            }
            std::vector<std::string_view> bytes;
            for (std::size_t at = 0; at < input.size(); ++at) bytes.push_back(std::string_view(input).substr(at, 1));
            EXPECT_EQ(stage.recorded_of(bytes), expected);
        }
    }
}

TEST(Recorded, NoContentOfOneRequestShowsUpInTheNext) {
    Stage stage;
    const auto requests = stage.recorded_of(
        {post("Content-Length: 2\r\n", "ab") + post("Content-Length: 0\r\n", "") + get() + chunked("1\r\nc\r\n0\r\n\r\n")});
    ASSERT_EQ(requests.size(), 4U);
    const std::string bodies[] = {"ab", "", "", "c"};
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(requests[i].body, bodies[i]) << i;
        EXPECT_EQ(requests[i].body_bytes, bodies[i].size()) << i;
    }
}

// The head of a request that is repeated is not judged again, but it is a request like any other.
TEST(Recorded, EveryOneOfManyRequestsThatAreTheSame) {
    Stage stage;
    for (int i = 0; i < 50; ++i) {
        Stage<>::Peer& peer = stage.connect(get() + get());
        EXPECT_TRUE(peer.is_held());
        EXPECT_EQ(peer.driven().output, "");
        stage.tell_all();
        ASSERT_EQ(judge_answers(peer.driven().output, "200 200"), "");
    }
    ASSERT_EQ(stage.recorder.requests.size(), 100U);
    for (const RecordedRequest& one : stage.recorder.requests) EXPECT_EQ(one.fields, (Fields{{"Host", "a"}}));
}

TEST(Recorded, APreflightAndWhatFollowsOnIt) {
    Stage stage(site_of({{}}, {}, true));
    const std::string preflight = request("OPTIONS /a HTTP/1.1", "Origin: http://b\r\nAccess-Control-Request-Method: PUT\r\n");
    RecordedRequest first = recorded("OPTIONS", "/a", 204);
    first.fields.emplace_back("Origin", "http://b");
    first.fields.emplace_back("Access-Control-Request-Method", "PUT");
    EXPECT_EQ(stage.recorded_of({preflight + get()}), (std::vector{first, second(recorded("GET", "/"))}));
    EXPECT_EQ(judge_answers(stage.last_output, "204 200"), "");
}

// The bytes of an earlier head are not those of the one that did not come in time, which may be longer than they were.
TEST(Recorded, ATimeoutBehindAPreflightSaysNothingOfThePreflight) {
    std::vector<LoggedLine> log;
    Stage stage(site_of({{}}, {}, true), case_limits(), RecordingLog(log));
    Stage<RecordingLog>::Peer& peer =
        stage.connect(request("OPTIONS /a HTTP/1.1", "Origin: http://b\r\nAccess-Control-Request-Method: PUT\r\n"));
    stage.tell();
    peer.receive("GET /" + std::string(1000, 'a') + " HTTP/1.1\r\nHost: a\r\nX: ");
    log.clear();
    peer.expire();
    stage.tell();
    EXPECT_TRUE(peer.driven().closed);
    ASSERT_EQ(stage.recorder.requests.size(), 2U);
    const std::string target = '/' + std::string(1000, 'a');
    EXPECT_EQ(stage.recorder.requests[1].target, target);
    EXPECT_EQ(stage.recorder.requests[1].fields, (Fields{{"Host", "a"}}));
    ASSERT_EQ(log.size(), 1U);
    EXPECT_EQ(log[0].target, target);
}

TEST(Recorded, WhatIsRefusedWithTheReason) {
    struct Row {
        std::string input;
        int status;
        std::string why;
        std::string request_line, target;
        Fields fields = {};
        std::string body = {};
        std::uint64_t body_bytes = 0;
    };
    const Row rows[] = {
        {"GET /a\x01 and more", 400, "a byte that no request target has", "GET /a\x01", ""},
        {"\x16\x03\x01", 400, "TLS on a port that speaks plain HTTP", "\x16", ""},
        {"\rG", 400, "a CR without LF", "", ""},
        {"GET /a HTTP/1.1\r\nA: b\r\nHost : c\r\n\r\n", 400, "white space before the colon of a field", "", "/a", {{"A", "b"}}},
        {"GET /a HTTP/1.1\r\nA: b\r\n\r\n", 400, "no Host field", "", "/a", {{"A", "b"}}},
        {request("TRACE /a HTTP/1.1"), 405, "no request is reflected here", "", "/a", {{"Host", "a"}}},
        {request("GET /a HTTP/1.1", "Expect: b\r\n"),
         417,
         "an expectation other than 100-continue",
         "",
         "/a",
         {{"Host", "a"}, {"Expect", "b"}}},
        {post("Content-Length: 4097\r\n", "abc"),
         413,
         "the content is larger than the limit",
         "",
         "/",
         {{"Host", "a"}, {"Content-Length", "4097"}}},
        {chunked("2\r\nab\r\nfff\r\n"),
         413,
         "the content is larger than the limit",
         "",
         "/",
         {{"Host", "a"}, {"Transfer-Encoding", "chunked"}},
         "ab",
         2},
        {chunked("2\r\nab\r\nz"), 400, "a malformed chunk size", "", "/", {{"Host", "a"}, {"Transfer-Encoding", "chunked"}}, "ab", 2},
        {"GET /" + std::string(3000, 'a'), 414, "the request line is longer than the limit of the head", "GET /" + std::string(507, 'a'),
         ""},
    };
    for (const Row& row : rows) {
        Stage stage;
        Stage<>::Peer& peer = stage.connect(row.input);
        EXPECT_TRUE(peer.is_held()) << row.why;
        EXPECT_EQ(peer.driven().output, "");
        ASSERT_EQ(stage.recorder.requests.size(), 1U) << row.why;
        const RecordedRequest& request = stage.recorder.requests.front();
        EXPECT_EQ(request.refused, row.why);
        EXPECT_EQ(request.status, row.status);
        EXPECT_EQ(request.target, row.target);
        EXPECT_EQ(request.fields, row.fields) << row.why;
        EXPECT_EQ(request.body, row.body);
        EXPECT_EQ(request.body_bytes, row.body_bytes);
        EXPECT_EQ(request.request_line, row.request_line);
        stage.tell();
        EXPECT_EQ(judge_answers(peer.driven().output, std::to_string(row.status) + "c"), "");
        EXPECT_EQ(peer.driven().answers, 1U);
        EXPECT_TRUE(peer.driven().closed);
    }
}

TEST(Recorded, ATimeoutWithWhatHadCome) {
    Stage stage;
    Stage<>::Peer& in_head = stage.connect("GET /a HTTP/1.1\r\nHo");
    in_head.expire();
    EXPECT_TRUE(in_head.is_held());
    RecordedRequest expected = recorded("GET", "/a", 408);
    expected.fields.clear();  // none was whole
    expected.refused = "the head was not complete in time";
    EXPECT_EQ(stage.recorder.requests.back(), expected);
    Stage<>::Peer& in_line = stage.connect("GET /par");
    in_line.expire();
    EXPECT_TRUE(in_line.is_held());
    expected = {.number = 2, .peer = "192.0.2.1:4711", .request_line = "GET /par", .status = 408, .refused = expected.refused};
    EXPECT_EQ(stage.recorder.requests.back(), expected);
    Stage<>::Peer& in_content = stage.connect(post("Content-Length: 5\r\n", "hel"));
    in_content.expire();
    EXPECT_TRUE(in_content.is_held());
    expected = recorded("POST", "/", 408);
    expected.number = 3;
    expected.fields.emplace_back("Content-Length", "5");
    expected.body = "hel";
    expected.body_bytes = 3;
    expected.refused = "the content was not complete in time";
    EXPECT_EQ(stage.recorder.requests.back(), expected);
    stage.tell_all();
    for (const Stage<>::Peer* peer : {&in_head, &in_line, &in_content}) {
        EXPECT_EQ(judge_answers(peer->driven().output, "408c"), "");
        EXPECT_TRUE(peer->driven().closed);
        EXPECT_EQ(peer->driven().answers, 0U);
    }
    stage.connect().expire();  // nothing came of a request
    EXPECT_EQ(stage.recorder.requests.size(), 3U);
}

TEST(Recorded, WhoeverWatchesOverTheServerIsNot) {
    Stage stage;
    Stage<>::Peer& peer = stage.connect(request("GET /live HTTP/1.1") + get() + request("GET /live HTTP/1.1"));
    EXPECT_EQ(judge_answers(peer.driven().output, "200=ok"), "");
    stage.tell_all();
    EXPECT_EQ(judge_answers(peer.driven().output, "200=ok 200 200=ok"), "");
    EXPECT_EQ(stage.recorder.requests.size(), 1U);
}

TEST(Recorded, AnInvitationIsNoAnswerAndDoesNotWait) {
    Stage stage;
    Stage<>::Peer& peer = stage.connect(post("Content-Length: 2\r\nExpect: 100-continue\r\n", ""));
    EXPECT_EQ(judge_answers(peer.driven().output, "100"), "");
    EXPECT_TRUE(stage.recorder.requests.empty());
    peer.receive("ab");
    EXPECT_EQ(judge_answers(peer.driven().output, "100"), "");
    stage.tell();
    EXPECT_EQ(judge_answers(peer.driven().output, "100 200"), "");
}

// ---- the answer waits

TEST(Held, NoByteOfTheAnswerLeavesBeforeItsLineAndEarlierOnesDo) {
    std::vector<LoggedLine> log;
    Stage stage(site_of(), case_limits(), RecordingLog(log));
    Stage<RecordingLog>::Peer& peer = stage.connect(request("GET /live HTTP/1.1") + get() + request("HEAD /b HTTP/1.1"));
    peer.receive(request("GET /c HTTP/1.1"));
    EXPECT_EQ(judge_answers(peer.driven().output, "200=ok"), "");
    EXPECT_TRUE(log.empty());
    EXPECT_EQ(stage.recorder.requests.size(), 1U);
    stage.tell();
    EXPECT_EQ(judge_answers(peer.driven().output, "200=ok 200"), "");
    EXPECT_EQ(log.size(), 1U);
    EXPECT_EQ(stage.recorder.requests.size(), 2U);
    stage.tell();
    stage.tell();
    EXPECT_EQ(judge_answers(peer.driven().output, "200=ok 200 200h 200"), "");
    EXPECT_FALSE(peer.driven().closed);
    EXPECT_EQ(peer.driven().answers, 3U);
    EXPECT_EQ(peer.driven().phase, Phase::idle);
}

TEST(Held, OneConnectionHoldsUpNoOther) {
    Stage stage;
    Stage<>::Peer& first = stage.connect(get());
    Stage<>::Peer& other = stage.connect(request("GET /other HTTP/1.1"));
    stage.recorder.tell_line(1);
    ASSERT_EQ(stage.responder.next_ready(), 1U);
    ASSERT_EQ(stage.responder.next_ready(), std::nullopt);
    other.resume();
    EXPECT_EQ(judge_answers(other.driven().output, "200"), "");
    EXPECT_TRUE(first.is_held());
}

TEST(Held, TheAccessLogGetsTheSameRequestOnceItIsAnswered) {
    std::vector<LoggedLine> log;
    Stage stage(site_of({{}, {.ok = {1, {}}, .delays = {{.low = 1s, .high = 1s}}}}, {{"/slow", {}}}), case_limits(), RecordingLog(log));
    Stage<RecordingLog>::Peer& peer =
        stage.connect(request("POST /a HTTP/1.1", "User-Agent: b\r\nContent-Length: 2\r\n") + "hi" +
                      request("GET /slow HTTP/1.1", "User-Agent: c\r\n") + request("OPTIONS * HTTP/1.1") + "GET\r\n\r\n");
    stage.connect(request("GET /other HTTP/1.1"));  // and with it what the responder remembers of heads
    stage.tell_all();
    peer.resume();  // the delay is over
    stage.tell_all();
    const auto of_target = [&](std::string_view target) {
        const auto found = std::ranges::find(log, target, &LoggedLine::target);
        return found != log.end() ? found->user_agent + ' ' + std::to_string(found->status) : "";
    };
    EXPECT_EQ(of_target("/a"), "b 200");
    EXPECT_EQ(of_target("/slow"), "c 503");
    EXPECT_EQ(of_target("*"), " 200");
    EXPECT_EQ(log.back().request_line, "GET\r");
    EXPECT_EQ(log.back().status, 400);
    EXPECT_EQ(log.size(), 5U);
    EXPECT_EQ(stage.recorder.requests.size(), 5U);
}

// What the responder remembers of a head may be another's by the time the answer leaves.
TEST(Held, TheAccessLogGetsEachOfTwoRequestsThatAreTheSame) {
    std::vector<LoggedLine> log;
    Stage stage(site_of(), case_limits(), RecordingLog(log));
    const std::string same = request("GET /a HTTP/1.1", "User-Agent: b\r\n");
    stage.connect(same);
    stage.connect(same);
    stage.connect(request("GET /something/else HTTP/1.1"));
    stage.tell_all();
    ASSERT_EQ(log.size(), 3U);
    for (const std::size_t i : {0U, 1U}) {
        EXPECT_EQ(log[i].target, "/a");
        EXPECT_EQ(log[i].user_agent, "b");
    }
}

TEST(Held, FirstTheLineThenTheDelay) {
    Stage stage(delayed(100ms));
    Stage<>::Peer& peer = stage.connect(get());
    EXPECT_TRUE(peer.is_held());
    stage.responder.tick(start + 30ms);
    stage.tell();
    EXPECT_FALSE(peer.is_held());
    EXPECT_EQ(peer.due(), start + 100ms);
    EXPECT_EQ(peer.driven().output, "");
    stage.responder.tick(start + 100ms);
    peer.resume();
    EXPECT_EQ(judge_answers(peer.driven().output, "200"), "");
    peer.receive(get());
    stage.responder.tick(start + 1s);  // the line takes longer than the delay
    stage.tell();
    EXPECT_EQ(peer.due(), std::nullopt);
    EXPECT_EQ(judge_answers(peer.driven().output, "200 200"), "");
    EXPECT_EQ(stage.recorder.requests.size(), 2U);
}

// However long the line took: a client that is to see a slow server must not get it all at once.
TEST(Held, ARateCountsFromWhenTheHeadLeaves) {
    Stage stage(site_of({{.ok = {2, {}}, .limit_rate = 500}}));
    Stage<>::Peer& peer = stage.connect(get());
    EXPECT_TRUE(peer.is_held());
    const auto begin = start + 10s;
    stage.responder.tick(begin);
    stage.tell();
    const std::size_t head = peer.driven().output.size();
    EXPECT_TRUE(peer.driven().output.ends_with("\r\n\r\n"));
    auto now = begin;
    while (peer.due()) {
        now = *peer.due();
        stage.responder.tick(now);
        peer.resume();
        const auto sent = static_cast<double>(peer.driven().output.size() - head);
        EXPECT_LE(sent, std::chrono::duration<double>(now - begin).count() * 500 + 1e-3);
    }
    EXPECT_EQ(now, begin + 2s);
    EXPECT_EQ(peer.driven().output.size(), head + 1000);
    EXPECT_EQ(peer.driven().answers, 1U);
    EXPECT_EQ(stage.recorder.requests.size(), 1U);
}

TEST(Held, AFaultHasItsLineFirst) {
    for (const auto& [fault, name, output, resets] :
         {std::tuple{Fault::close, "close", 0U, false}, std::tuple{Fault::reset, "reset", 0U, true},
          std::tuple{Fault::garbage, "garbage", 64U, false}, std::tuple{Fault::truncate, "truncate", 500U, false}}) {
        std::vector<LoggedLine> log;
        Stage stage(failing(fault, 2), case_limits(), RecordingLog(log));
        Stage<RecordingLog>::Peer& peer = stage.connect(request("GET /a HTTP/1.1"));
        ASSERT_TRUE(peer.is_held()) << name;
        EXPECT_EQ(peer.driven().output, "") << name;
        EXPECT_TRUE(log.empty());
        EXPECT_EQ(stage.recorder.requests.at(0).fault, name);
        stage.tell();
        EXPECT_TRUE(peer.driven().closed) << name;
        EXPECT_EQ(peer.driven().reset, resets) << name;
        EXPECT_EQ(peer.driven().answers, 1U) << name;
        const std::size_t end = peer.driven().output.find("\r\n\r\n");
        EXPECT_EQ(peer.driven().output.size() - (end != std::string::npos ? end + 4 : 0), output) << name;
        ASSERT_EQ(log.size(), 1U);
        EXPECT_EQ(log[0].fault, name);
        EXPECT_EQ(log[0].target, "/a");
    }
}

TEST(Held, AHangHasItsLineAndThenNothing) {
    std::vector<LoggedLine> log;
    Quota quota(1);
    http::ResponderLimits limits = case_limits();
    limits.quota = &quota;
    Stage stage(failing(Fault::hang), limits, RecordingLog(log));
    Stage<RecordingLog>::Peer& peer = stage.connect(get());
    EXPECT_TRUE(log.empty()) << "it may be refused yet";
    EXPECT_EQ(stage.recorder.requests.at(0).fault, "hang");
    stage.tell();
    EXPECT_EQ(peer.due(), std::chrono::steady_clock::time_point::max());
    EXPECT_EQ(peer.driven().output, "");
    EXPECT_EQ(log.size(), 1U);
    EXPECT_FALSE(quota.is_used_up()) << "a hang is no answer that anybody could count";
}

// A thousand uploads that hang would keep theirs for as long as their clients stay.
TEST(Held, TheContentIsNotKeptOnceItIsInTheLine) {
    Stage stage(failing(Fault::hang));
    http::Session session;
    stage.responder.open(session, {});
    Batch batch;
    batch.clear();
    ASSERT_EQ(stage.responder.advance(session, post("Content-Length: 2\r\n", "ab"), batch).next, Next::held);
    EXPECT_EQ(stage.recorder.requests.at(0).body, "ab");
    EXPECT_EQ(session.kept->content.text(), "");
    stage.responder.close(session);
}

TEST(Held, ASequenceIsInTheOrderOfTheLines) {
    Stage stage(site_of({{.sequence = {{{1, Fault::none}, 2}, {{}, 1}}}}));
    Stage<>::Peer& peer = stage.connect(get() + get() + get());
    stage.tell_all();
    EXPECT_EQ(judge_answers(peer.driven().output, "503=busy 503=busy 200"), "");
    std::vector<int> statuses;
    for (const RecordedRequest& request : stage.recorder.requests) statuses.push_back(request.status);
    EXPECT_EQ(statuses, (std::vector{503, 503, 200}));
}

// ---- a line that cannot be written

TEST(NotRecorded, IsAnsweredWith500AndTheConnectionEnds) {
    for (const std::string& input :
         {get(), post("Content-Length: 2\r\n", "ab"), request("HEAD / HTTP/1.1"), request("OPTIONS * HTTP/1.1"), std::string("GET\r\n\r\n"),
          request("OPTIONS /a HTTP/1.1", "Origin: b\r\nAccess-Control-Request-Method: PUT\r\n")}) {
        for (const bool at_once : {false, true}) {
            Stage stage(site_of({{}}, {}, true));
            stage.recorder.takes = !at_once;
            Stage<>::Peer& peer = stage.connect(input + get());
            EXPECT_EQ(peer.is_held(), !at_once);
            if (!at_once) stage.tell(ENOSPC);
            EXPECT_TRUE(peer.driven().closed) << input;
            const bool is_head = input.starts_with("HEAD");
            EXPECT_EQ(judge_answers(peer.driven().output, is_head ? "500hc" : "500c"), "") << input;
            EXPECT_TRUE(is_head || peer.driven().output.ends_with(": the request could not be recorded"));
            EXPECT_EQ(peer.driven().answers, 1U);
        }
    }
}

TEST(NotRecorded, ComesBeforeADelayAFaultAndAHang) {
    for (const auto& site : {delayed(1h), failing(Fault::reset), failing(Fault::hang), site_of({{.ok = {2, {}}, .limit_rate = 1}})}) {
        for (const bool at_once : {false, true}) {
            Stage stage(site);
            stage.recorder.takes = !at_once;
            Stage<>::Peer& peer = stage.connect(get());
            if (!at_once) stage.tell(EIO);
            EXPECT_EQ(peer.due(), std::nullopt);
            EXPECT_EQ(judge_answers(peer.driven().output, "500c"), "");
            EXPECT_TRUE(peer.driven().closed);
            EXPECT_FALSE(peer.driven().reset);
        }
    }
}

TEST(NotRecorded, ATimeoutThatIsNotEndsAsWell) {
    for (const bool at_once : {false, true}) {
        Stage stage;
        Stage<>::Peer& peer = stage.connect("G");
        stage.recorder.takes = !at_once;
        peer.expire();
        if (!at_once) stage.tell(EIO);
        EXPECT_EQ(judge_answers(peer.driven().output, "500c"), "");
        EXPECT_TRUE(peer.driven().closed);
    }
}

TEST(NotRecorded, TheLogSaysWhoseRequestItWas) {
    struct RefusedOnly : RecordingLog {
        using RecordingLog::RecordingLog;
        [[nodiscard]] static bool enabled() { return false; }
    };
    std::vector<LoggedLine> log;
    Stage stage(site_of({{}}, {}, true), case_limits(), RefusedOnly(log));
    // Of a head that was kept before only its answer is left.
    Stage<RefusedOnly>::Peer& peer = stage.connect(request("OPTIONS /a HTTP/1.1", "Origin: b\r\nAccess-Control-Request-Method: PUT\r\n"));
    stage.tell();
    const std::string target = "/" + std::string(1000, 'b');
    peer.receive(with_target(target));
    stage.tell(EIO);
    ASSERT_EQ(log.size(), 1U);
    EXPECT_EQ(log[0].target, target);
    EXPECT_EQ(log[0].refused, "the request could not be recorded");
}

TEST(NotRecorded, WhatWouldHaveHungIsLoggedOnceAndAsRefused) {
    for (const bool at_once : {false, true}) {
        std::vector<LoggedLine> log;
        Stage stage(failing(Fault::hang), case_limits(), RecordingLog(log));
        stage.recorder.takes = !at_once;
        stage.connect(get());
        if (!at_once) stage.tell(EIO);
        ASSERT_EQ(log.size(), 1U);
        EXPECT_EQ(log[0].status, 500);
        EXPECT_EQ(log[0].fault, "");
    }
}

TEST(NotRecorded, AnswersBeforeItHaveLeft) {
    Stage stage;
    Stage<>::Peer& peer = stage.connect(request("GET /live HTTP/1.1") + get());
    stage.tell(EIO);
    EXPECT_EQ(judge_answers(peer.driven().output, "200=ok 500c"), "");
}

// A line that leaves out what there was no memory for would say that it was not there.
TEST(NotRecorded, ARequestIsNotShownWithoutTheFieldsThatItHad) {
    Stage stage;
    http::Session session;
    stage.responder.open(session, {});
    Batch batch;
    batch.clear();
    const std::string input = post("Content-Length: 1\r\n", "");
    ASSERT_EQ(stage.responder.advance(session, input, batch).next, Next::receive);
    {
        const OutOfMemory now;
        EXPECT_EQ(stage.responder.advance(session, "a", batch).next, Next::close);
    }
    std::string output;
    append(output, batch);
    EXPECT_EQ(judge_answers(output, "500c"), "");
    EXPECT_TRUE(stage.recorder.requests.empty());
    stage.responder.release(batch.lease);
    stage.responder.close(session);
}

TEST(NotRecorded, AContentThatCannotBeKeptEndsTheConnection) {
    Stage stage;
    http::Session session;
    stage.responder.open(session, {});
    Batch batch;
    batch.clear();
    ASSERT_EQ(stage.responder.advance(session, post("Content-Length: 200\r\n", ""), batch).next, Next::receive);
    const std::string half(100, 'a');
    {
        const OutOfMemory now;
        EXPECT_EQ(stage.responder.advance(session, half, batch).next, Next::close) << "the line would show it with a gap";
    }
    EXPECT_TRUE(batch.empty());
    stage.responder.close(session);
    EXPECT_TRUE(stage.recorder.requests.empty());
}

// ---- whoever leaves, and what changes meanwhile

TEST(Held, AClientThatHasGoneIsForgottenOnceAndNeverCalledFor) {
    Stage stage;
    Stage<>::Peer& before = stage.connect(get());
    stage.leave(before);
    EXPECT_EQ(stage.recorder.unforgotten(), 0U);
    EXPECT_EQ(stage.recorder.untold(), 1U);
    Stage<>::Peer& between = stage.connect(get());
    stage.recorder.tell();
    stage.recorder.tell();
    stage.leave(between);
    EXPECT_EQ(stage.responder.next_ready(), std::nullopt);
    Stage<>::Peer& after = stage.connect(get());
    stage.recorder.tell();
    EXPECT_NE(stage.responder.next_ready(), std::nullopt);
    stage.leave(after);
    EXPECT_EQ(stage.recorder.unforgotten(), 0U);
    Stage<>::Peer& next = stage.connect(get());
    stage.tell();
    EXPECT_EQ(judge_answers(next.driven().output, "200"), "");
}

TEST(Held, TheAnswerIsThatOfTheSiteThatJudgedTheRequest) {
    site::Board board(site_of({{.ok = {1, {}}}}));
    http::ResponderLimits limits = case_limits();
    limits.board = &board;
    Stage stage(board.site(), limits);
    Stage<>::Peer& remembered = stage.connect(get());
    Stage<>::Peer& held = stage.connect(get() + get());
    Stage<>::Peer& uploads = stage.connect(post("Content-Length: 2\r\n", "a"));
    board.publish(site_of({{.ok = {1, {}}}}, {}, false, "another"));
    stage.responder.renew();
    uploads.receive("b");
    EXPECT_EQ(stage.responder.editions(), 2U);
    stage.tell_all();
    EXPECT_EQ(judge_answers(remembered.driven().output, "503=busy"), "");
    EXPECT_EQ(judge_answers(held.driven().output, "503=busy 503=another"), "");
    EXPECT_EQ(judge_answers(uploads.driven().output, "503=busy"), "");
    EXPECT_EQ(stage.responder.editions(), 1U) << "nobody needs the old one any more";
}

TEST(Held, TheAnswerAnnouncesACloseThatCameMeanwhile) {
    for (const auto& site : {site_of(), delayed(10ms), site_of({{.ok = {2, {}}, .limit_rate = 100'000}}), site_of({{}}, {}, true)}) {
        for (const std::string& input : {get(), request("OPTIONS * HTTP/1.1"),
                                         request("OPTIONS /a HTTP/1.1", "Origin: b\r\nAccess-Control-Request-Method: PUT\r\n")}) {
            Stage stage(site);
            Stage<>::Peer& peer = stage.connect(input);
            stage.responder.announce_close();
            stage.tell();
            while (peer.due()) {
                stage.responder.tick(*peer.due());
                peer.resume();
            }
            EXPECT_NE(peer.driven().output.find("\r\nConnection: close\r\n"), std::string::npos) << peer.driven().output;
            EXPECT_TRUE(peer.driven().closed) << "or the drain would cut the next request";
        }
    }
}

TEST(Held, TheLastAnswerOfALimitedConnectionSaysSo) {
    http::ResponderLimits limits = case_limits();
    limits.keepalive_requests = 3;
    Stage stage(site_of(), limits);
    Stage<>::Peer& peer = stage.connect(get() + get() + get() + get());
    stage.tell_all();
    EXPECT_EQ(judge_answers(peer.driven().output, "200 200 200c"), "");
    EXPECT_EQ(stage.recorder.requests.size(), 3U);
}

// ---- --max-requests

class Tickets : public ::testing::Test {
protected:
    static http::ResponderLimits limits(Quota& quota) {
        http::ResponderLimits limits = case_limits();
        limits.quota = &quota;
        return limits;
    }
    static std::uint64_t left(Quota& quota) {
        std::uint64_t count = 0;
        while (quota.take() != Quota::Ticket::none) ++count;
        quota.give_back(static_cast<std::uint32_t>(count));
        return count;
    }
};

TEST_F(Tickets, ARequestThatWillNotBeAnsweredHasNoLine) {
    Quota quota(2);
    Stage stage(site_of(), limits(quota));
    Stage<>::Peer& first = stage.connect(get());
    Stage<>::Peer& second = stage.connect("GET\r\n\r\n");
    Stage<>::Peer& third = stage.connect(get());
    EXPECT_TRUE(third.driven().closed);
    EXPECT_EQ(third.driven().output, "");
    EXPECT_EQ(stage.recorder.requests.size(), 2U);
    stage.tell_all();
    EXPECT_EQ(first.driven().answers + second.driven().answers, 2U);
    EXPECT_EQ(judge_answers(first.driven().output, "200"), "");
    EXPECT_EQ(judge_answers(second.driven().output, "400c"), "");
}

TEST_F(Tickets, TheLastAnswerAnnouncesTheClose) {
    Quota quota(2);
    Stage stage(site_of(), limits(quota));
    Stage<>::Peer& peer = stage.connect(get() + get() + get());
    stage.tell_all();
    EXPECT_EQ(judge_answers(peer.driven().output, "200 200c"), "");
    EXPECT_EQ(peer.driven().answers, 2U);
    EXPECT_EQ(left(quota), 0U);
}

TEST_F(Tickets, OneThatIsHeldComesBackWithTheClientThatLeaves) {
    for (const auto& site : {site_of(), delayed(1s), site_of({{.ok = {2, {}}, .limit_rate = 500}}), failing(Fault::reset)}) {
        for (const bool told : {false, true}) {
            Quota quota(2);
            Stage stage(site, limits(quota));
            Stage<>::Peer& leaves = stage.connect(get());
            EXPECT_EQ(left(quota), 1U);
            if (told) stage.tell();
            const std::uint32_t answered = leaves.driven().answers;
            stage.leave(leaves);
            EXPECT_EQ(left(quota), 2U - answered) << told;
        }
    }
    Quota quota(2);
    Stage stage(site_of(), limits(quota));
    stage.leave(stage.connect("GET\r\n\r\n"));  // one that is refused
    EXPECT_EQ(left(quota), 2U);
}

TEST_F(Tickets, OneIsTakenForAnAnswerHoweverLongItTakes) {
    for (const auto& site : {site_of(), delayed(1s), site_of({{.ok = {2, {}}, .limit_rate = 500}}), failing(Fault::close)}) {
        for (const std::string& input : {get(), get("Connection: close\r\n"), post("Content-Length: 2\r\n", "ab"),
                                         request("OPTIONS * HTTP/1.1"), std::string("GET\r\n\r\n")}) {
            Quota quota(5);
            Stage stage(site, limits(quota));
            Stage<>::Peer& peer = stage.connect(input);
            stage.tell_all();
            while (peer.due()) {
                stage.responder.tick(*peer.due());
                peer.resume();
            }
            EXPECT_EQ(peer.driven().answers, 1U);
            stage.leave(peer);
            EXPECT_EQ(left(quota), 4U) << input;
        }
    }
}

TEST_F(Tickets, ThatOfARequestThatCannotBeRecordedGoesWithIts500) {
    for (const bool at_once : {false, true}) {
        for (const std::string& input : {get(), std::string("GET\r\n\r\n")}) {
            Quota quota(5);
            Stage stage(site_of(), limits(quota));
            stage.recorder.takes = !at_once;
            Stage<>::Peer& peer = stage.connect(input);
            if (!at_once) stage.tell(EIO);
            EXPECT_EQ(peer.driven().answers, 1U);
            stage.leave(peer);
            EXPECT_EQ(left(quota), 4U);
        }
    }
}

TEST_F(Tickets, WithoutMemoryForItTheAnswerIsNotGivenAndTheTicketIsNotLost) {
    Quota quota(2);
    Stage stage(site_of(), limits(quota));
    for (const std::string& input : {get(), std::string("GET\r\n\r\n")}) {
        http::Session session;
        stage.responder.open(session, {});
        Batch batch;
        batch.clear();
        {
            const OutOfMemory now;
            EXPECT_EQ(stage.responder.advance(session, input, batch).next, Next::close);
        }
        EXPECT_TRUE(batch.empty());
        stage.responder.close(session);
        EXPECT_EQ(left(quota), 2U);
    }
    EXPECT_TRUE(stage.recorder.requests.empty());
}

// ---- who counts only

TEST(Counted, WithoutLinesNothingWaitsAndNothingIsMissed) {
    Quota quota(10);
    http::ResponderLimits limits = case_limits();
    limits.quota = &quota;
    Stage stage(site_of({{}, {.ok = {1, {}}, .delays = {{.low = 1s, .high = 1s}}}}, {{"/slow", {}}}, true), limits);
    stage.recorder.has_lines = false;
    EXPECT_FALSE(stage.responder.wants_peer());
    Stage<>::Peer& peer =
        stage.connect(get() + post("Content-Length: 5\r\n", "hello") + request("OPTIONS * HTTP/1.1") + request("GET /live HTTP/1.1") +
                      request("OPTIONS /a HTTP/1.1", "Origin: b\r\nAccess-Control-Request-Method: PUT\r\n") + request("HEAD /b HTTP/1.1") +
                      request("GET /slow HTTP/1.1") + "GET\r\n\r\n");
    EXPECT_FALSE(peer.is_held());
    EXPECT_EQ(judge_answers(peer.driven().output, "200 200 200o 200=ok 204 200h"), "");
    EXPECT_EQ(peer.due(), start + 1s);
    stage.responder.tick(start + 1s);
    peer.resume();
    EXPECT_EQ(judge_answers(peer.driven().output, "200 200 200o 200=ok 204 200h 503=busy 400c"), "");
    std::string requests;
    for (const RecordedRequest& one : stage.recorder.requests) {
        requests += one.method + ' ' + one.target + ", ";
        EXPECT_EQ(one.fields, Fields());
        EXPECT_EQ(one.body, "");
    }
    EXPECT_EQ(requests, "GET /, POST /, OPTIONS *, OPTIONS /a, HEAD /b, GET /slow, ") << "what is refused is nobody's";
    EXPECT_EQ(peer.driven().answers, 7U);
}

}  // namespace
}  // namespace tinyhttpd::testing
