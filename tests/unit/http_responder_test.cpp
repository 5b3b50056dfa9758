// SPDX-License-Identifier: MIT
// The responder's dealings with everything but the request itself: limits on connections and batches, tickets, deadlines,
// the clock, the access log, and that answering allocates nothing.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/reason_phrase.hpp"
#include "http/responder.hpp"
#include "support/http_driver.hpp"
#include "unit/allocation_count.hpp"

namespace tinyhttpd::testing {
namespace {

using namespace std::chrono_literals;
using http::Responder;
using http::ResponderLimits;
using Silent = Responder<NullLog>;

Silent silent(const ResponderLimits& limits = case_limits(), site::Answer answer = case_response()) {
    return Silent(site::one_answer(std::move(answer)), limits, NullLog{}, &example_time);
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
    site::Answer spec = case_response();
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

// The responder remembers what it found in some heads.
TEST(Responder, WhatOneHeadSaidIsNeverTakenForWhatAnotherSays) {
    const std::string known = request("HEAD /some/where HTTP/1.1", "Connection: keep-alive\r\n");
    for (std::size_t at = 0; at < known.size(); ++at) {
        for (const char byte : {'\0', ' ', 'X', '0', '\r', '\n', ':'}) {
            std::string changed = known;
            changed[at] = byte;
            auto fresh = silent();
            auto remembering = silent();
            drive(remembering, {known});
            ASSERT_TRUE(drive(remembering, {changed}) == drive(fresh, {changed})) << "byte " << at;
        }
    }
    auto remembering = silent();
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
    Silent responder(site::one_answer(case_response()), case_limits(), NullLog{}, [] {
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
    Silent responder(site::one_answer(case_response()), case_limits(), NullLog{}, [] { return wall_now; });
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

// ---- refusals

struct Refused {
    http::Refusal refusal;
    std::string input;
    std::string why;  ///< written out, since these words are read by whoever looks for the fault in a client
};

std::vector<Refused> refused_requests() {
    const std::string too_long(CaseSettings::max_head, 'a');
    using enum http::Refusal;
    return {
        {tls, "\x16\x03\x01", "TLS on a port that speaks plain HTTP"},
        {empty_lines, repeated("\r\n", 9), "too many empty lines before the request line"},
        {bare_cr, get("A: b\rc\r\n"), "a CR without LF"},
        {bare_cr, "\rGET / HTTP/1.1\r\n", "a CR without LF"},
        {bare_lf, "GET / HTTP/1.1\nHost: a\n\n", "an LF without CR"},
        {bare_lf, "GET / HTTP/1.1\r\nHost: a\n\n", "an LF without CR"},
        {bare_lf, "\n", "an LF without CR"},
        {request_line, "GET\r\n\r\n", "a request line that is not METHOD TARGET VERSION"},
        {request_line, "GET /\r\n\r\n", "a request line that is not METHOD TARGET VERSION"},
        {request_line, request("GET  / HTTP/1.1"), "a request line that is not METHOD TARGET VERSION"},
        {method, request("GE(T / HTTP/1.1"), "a byte that no method has"},
        {method_too_long, too_long, "the method is longer than the limit of the head"},
        {target, with_target("/\x7f"), "a byte that no request target has"},
        {target_escape, with_target("/%zz"), "a '%' without two hexadecimal digits in the request target"},
        {target_form, with_target("a"), "a request target that is neither a path nor a URI"},
        {target_authority, with_target("http:///"), "a malformed authority in the request target"},
        {connect_target, request("CONNECT a HTTP/1.1"), "CONNECT without host:port"},
        {version, request("GET / http/1.1"), "a malformed HTTP version"},
        {no_host, "GET / HTTP/1.1\r\n\r\n", "no Host field"},
        {repeated_host, get("Host: a\r\n"), "more than one Host field"},
        {empty_host, with_host(""), "an empty Host field"},
        {host, with_host("a/"), "a malformed Host field"},
        {line_begin, get(" A: b\r\n"), "a field line that begins with white space"},
        {no_colon, get("A\r\n"), "a field line without a colon"},
        {name_space, get("A : b\r\n"), "white space before the colon of a field"},
        {name, get("A(: b\r\n"), "a field name that is no token"},
        {value, get("A: \x01\r\n"), "a control byte in a field value"},
        {content_length, post("Content-Length: +1\r\n", ""), "a Content-Length that is no number"},
        {repeated_content_length, post("Content-Length: 1\r\nContent-Length: 1\r\n", ""), "more than one Content-Length field"},
        {transfer_encoding, post("Transfer-Encoding: ,\r\n", ""), "a malformed Transfer-Encoding field"},
        {chunked_not_last, post("Transfer-Encoding: chunked, gzip\r\n", ""), "a transfer coding after chunked"},
        {two_framings, post("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", ""), "Transfer-Encoding with Content-Length"},
        {framing_of_1_0, request("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n"), "Transfer-Encoding on HTTP/1.0"},
        {chunk_size, chunked("z"), "a malformed chunk size"},
        {chunk_extension, chunked("1;="), "a malformed chunk extension"},
        {chunk_end, chunked("1\r\nab"), "a chunk that does not end where its size says"},
        {trailer, chunked("0\r\nA b"), "a malformed trailer"},
        {connect, request("CONNECT a:1 HTTP/1.1"), "no tunnel is opened here"},
        {trace, request("TRACE / HTTP/1.1"), "no request is reflected here"},
        {content_size, post("Content-Length: 4097\r\n", ""), "the content is larger than the limit"},
        {content_size, chunked("1001\r\n"), "the content is larger than the limit"},
        {framing_size, chunked("1;" + too_long), "chunk extensions and trailers are larger than the limit"},
        {target_too_long, "GET /" + too_long, "the request line is longer than the limit of the head"},
        {expectation, get("Expect: a\r\n"), "an expectation other than 100-continue"},
        {https, with_target("https://a/"), "an https URI on a port that speaks plain HTTP"},
        {head_too_large, get("A: " + too_long), "the head is larger than the limit"},
        {coding, post("Transfer-Encoding: gzip\r\n", ""), "a transfer coding other than chunked"},
        {major_version, request("GET / HTTP/2.0"), "a major version other than 1"},
    };
}

// Whoever is refused has to find the fault in a client that somebody else wrote.
TEST(Refusal, TellsTheClientAndTheLogWhy) {
    std::vector<LoggedLine> log;
    Responder<RecordingLog> responder(site::one_answer(case_response()), case_limits(), RecordingLog(log), &example_time);
    std::set<http::Refusal> seen = {http::Refusal::none};
    for (const Refused& one : refused_requests()) {
        log.clear();
        const Driven driven = drive(responder, {one.input});
        const http::RefusalRow& row = http::row_of(one.refusal);
        const std::string phrase(reason_phrase(static_cast<int>(row.status)));
        EXPECT_EQ(row.why, one.why);
        EXPECT_TRUE(driven.output.ends_with("\r\n\r\n" + phrase + ": " + one.why)) << driven.output;
        ASSERT_EQ(log.size(), 1U) << one.why;
        EXPECT_EQ(log.front().refused, one.why);
        EXPECT_EQ(log.front().status, static_cast<int>(row.status));
        seen.insert(one.refusal);
    }
    for (const bool has_content : {false, true}) {
        log.clear();
        Connection connection(responder);
        connection.receive(has_content ? post("Content-Length: 5\r\n", "h") : "G");
        connection.expire();
        const std::string why = has_content ? "the content was not complete in time" : "the head was not complete in time";
        EXPECT_TRUE(connection.driven().output.ends_with("\r\n\r\nRequest Timeout: " + why)) << connection.driven().output;
        EXPECT_EQ(log.at(0).refused, why);
        seen.insert(has_content ? http::Refusal::content_timeout : http::Refusal::head_timeout);
    }
    seen.insert(http::Refusal::not_recorded);  // http_recorder_test.cpp
    EXPECT_EQ(seen.size(), http::refusal_table.size()) << "a refusal that nothing here leads to";
}

// Reasons alone, for a debug log beside an access log that is off.
TEST(Refusal, IsAllThatALogHearsOfThatAsksForNothingElse) {
    struct RefusedOnly : RecordingLog {
        using RecordingLog::RecordingLog;
        [[nodiscard]] static bool enabled() { return false; }
    };
    std::vector<LoggedLine> log;
    Responder<RefusedOnly> responder(site::one_answer(case_response()), case_limits(), RefusedOnly(log), &example_time);
    EXPECT_TRUE(responder.wants_peer());
    drive(responder, {get() + chunked("z")});
    ASSERT_EQ(log.size(), 1U);
    EXPECT_EQ(log.front().peer, "192.0.2.1");
    EXPECT_EQ(log.front().refused, "a malformed chunk size");
}

TEST(Refusal, AllowNamesWhatIsAnsweredAndNothingElse) {
    auto responder = silent();
    const std::string output = drive(responder, {request("TRACE / HTTP/1.1")}).output;
    const std::size_t begin = output.find("\r\nAllow: ") + 9;
    std::string allowed = output.substr(begin, output.find("\r\n", begin) - begin);
    EXPECT_NE(drive(responder, {request("OPTIONS * HTTP/1.1")}).output.find("\r\nAllow: " + allowed + "\r\n"), std::string::npos);
    allowed += ", ";
    std::set<std::string> methods;
    for (std::size_t at = 0; at < allowed.size();) {
        const std::size_t comma = allowed.find(", ", at);
        methods.insert(allowed.substr(at, comma - at));
        at = comma + 2;
    }
    for (const std::string& method : methods) {
        EXPECT_EQ(judge(responder, request(method + " / HTTP/1.1"), method == "HEAD" ? "200h" : "200"), "") << method;
    }
    for (const char* const method : {"PROPFIND", "QUERY", "REPORT", "VERSION-CONTROL"}) EXPECT_TRUE(methods.contains(method)) << method;
    for (const char* const method : {"CONNECT", "TRACE"}) EXPECT_FALSE(methods.contains(method)) << method;
}

// ---- where a connection came from

std::string judge_from(Silent& responder, std::uint32_t listener, std::string_view input, std::string_view expected) {
    Connection connection(responder, "192.0.2.1", listener);
    connection.receive(input);
    return judge_answers(connection.driven().output, expected);
}

// RFC 9112 §3.2: clients of a unix socket have no authority to name, and some send an empty Host.
TEST(Origin, DecidesAboutAnEmptyHostAndAboutHttps) {
    static constexpr http::Origin origins[] = {{.has_authority = true, .is_secure = false},
                                               {.has_authority = false, .is_secure = false},
                                               {.has_authority = true, .is_secure = true}};
    enum : std::uint32_t { tcp, unix_socket, tls, unheard_of };
    ResponderLimits limits = case_limits();
    limits.origins = origins;
    auto responder = silent(limits);
    const std::string https = with_target("https://example.com/a");
    // Round after round: what the memo has kept of one listener must not be taken for what holds of another.
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(judge_from(responder, unix_socket, with_host("") + with_host(" \t") + with_host("a"), "200 200 200"), "");
        EXPECT_EQ(judge_from(responder, tcp, with_host(""), "400c"), "");
        EXPECT_EQ(judge_from(responder, tls, with_host(""), "400c"), "");
        EXPECT_EQ(judge_from(responder, unheard_of, with_host(""), "400c"), "");
        EXPECT_EQ(judge_from(responder, unix_socket, with_host(":80"), "400c"), "");
        EXPECT_EQ(judge_from(responder, unix_socket, "GET / HTTP/1.1\r\n\r\n", "400c"), "");
        EXPECT_EQ(judge_from(responder, unix_socket, "GET / HTTP/1.1\r\nHost:\r\nHost:\r\n\r\n", "400c"), "");
        EXPECT_EQ(judge_from(responder, tls, https + https, "200 200"), "");
        EXPECT_EQ(judge_from(responder, tcp, https, "421c"), "");
        EXPECT_EQ(judge_from(responder, unix_socket, https, "421c"), "");
    }
}

// ---- the access log

TEST(ResponderMemory, EndsAConnectionWhoseHeadItCannotKeepForTheLog) {
    std::vector<LoggedLine> lines;
    Responder<RecordingLog> responder(site::one_answer(case_response()), case_limits(), RecordingLog(lines), &example_time);
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
    Responder<RecordingLog> responder_{site::one_answer(case_response()), case_limits(), RecordingLog(log_), &example_time};
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
    EXPECT_EQ(lines({"GET /a\x01 and more"}).at(0),
              (LoggedLine{"192.0.2.1", "", "", "", "", "", "", "GET /a\x01", 400, 46, "a byte that no request target has"}));
    EXPECT_EQ(lines({"GET /" + std::string(5000, 'a')}).at(0).request_line.size(), 512U);
    EXPECT_EQ(lines({"GET /" + std::string(5000, 'a')}).at(0).status, 414);
}

TEST_F(Logged, AWellFormedLineWhoseRequestIsRefused) {
    EXPECT_EQ(lines({request("BREW * HTTP/1.1")}).at(0), (LoggedLine{"192.0.2.1", "BREW", "*", "HTTP/1.1", "", "", "", "", 400, 62,
                                                                     "a request target that is neither a path nor a URI"}));
    EXPECT_EQ(lines({"GET /a HTTP/1.1\r\nUser-Agent: b\r\nHost: c d\r\n"}).at(0).user_agent, "b");
    EXPECT_EQ(lines({chunked("zz")}).at(0),
              (LoggedLine{"192.0.2.1", "POST", "/", "HTTP/1.1", "a", "", "", "", 400, 35, "a malformed chunk size"}));
}

TEST_F(Logged, ATimeoutWithWhatHadComeOfTheHead) {
    const auto expired = [this](std::string_view input) {
        log_.clear();
        Connection connection(responder_, "unix:");
        connection.receive(input);
        connection.expire();
        return log_;
    };
    EXPECT_TRUE(expired("").empty());
    const std::string late = "the head was not complete in time";
    EXPECT_EQ(expired("G").at(0), (LoggedLine{"unix:", "", "", "", "", "", "", "G", 408, 50, late}));
    EXPECT_EQ(expired("GET /par").at(0), (LoggedLine{"unix:", "", "", "", "", "", "", "GET /par", 408, 50, late}));
    EXPECT_EQ(expired("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: b").at(0),
              (LoggedLine{"unix:", "GET", "/", "HTTP/1.1", "a", "", "", "", 408, 50, late}));
    EXPECT_EQ(expired(post("Content-Length: 5\r\n", "h")).at(0),
              (LoggedLine{"unix:", "POST", "/", "HTTP/1.1", "a", "", "", "", 408, 53, "the content was not complete in time"}));
}

TEST(Session, StaysSmallSinceMostOfThemAreIdle) {
    EXPECT_LE(sizeof(http::Session), 120U);
}

}  // namespace
}  // namespace tinyhttpd::testing
