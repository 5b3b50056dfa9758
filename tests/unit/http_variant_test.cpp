// SPDX-License-Identifier: MIT
// What a responder makes of a site with variants: each client gets the one that it accepts, whatever else becomes of its request. How
// Accept-Encoding is judged is http_accept_encoding_test.cpp.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "http/responder.hpp"
#include "support/http_cases.hpp"
#include "support/http_driver.hpp"
#include "unit/allocation_count.hpp"

namespace tinyhttpd::testing {
namespace {

using namespace std::chrono_literals;
using http::Responder;
using site::Fault;
using site::Plan;

const std::chrono::steady_clock::time_point start{1h};

site::Answer answer_of(int status, std::string body) {
    return {.status = status, .reason = "X", .body = std::make_shared<const std::string>(std::move(body)), .headers = {}, .date = false};
}

/// "plain", which has two variants, and 503 "busy" and 200 "other", which have none.
std::shared_ptr<const site::Site> site_of(std::vector<Plan::Options> plans = {{}}, std::vector<site::Route> routes = {},
                                          bool has_preflights = false) {
    site::SiteOptions options;
    options.answers = {answer_of(200, "plain"), answer_of(200, "in gzip"), answer_of(200, std::string(5000, 'b')), answer_of(503, "busy"),
                       answer_of(200, "other")};
    options.answers.front().codings = {ContentCoding::gzip, ContentCoding::br};
    options.resources = std::move(plans);
    options.routes = std::move(routes);
    if (has_preflights) options.preflight = options.common.headers;
    return std::make_shared<const site::Site>(std::move(options));
}

template <class Log = NullLog>
Responder<Log> responder_for(std::shared_ptr<const site::Site> site, Log log = {}) {
    Responder<Log> responder(std::move(site), case_limits(), std::move(log), &example_time);
    responder.tick(start);
    return responder;
}

std::string get(const std::string& accepted, const std::string& path = "/", const std::string& method = "GET") {
    return method + ' ' + path + " HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " + accepted + "\r\n\r\n";
}
std::string answer(const std::string& body, int status = 200) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
const std::string plain = answer("plain");
const std::string in_gzip = answer("in gzip");
const std::string in_br = answer(std::string(5000, 'b'));
const std::string busy = answer("busy", 503);
const std::string other = answer("other");

TEST(Variants, EachClientGetsTheOneThatItAccepts) {
    auto responder = responder_for(site_of());
    EXPECT_EQ(drive(responder, {get("gzip") + get("br") + get("zstd") + get("br, gzip") + "GET / HTTP/1.1\r\nHost: a\r\n\r\n"}).output,
              in_gzip + in_br + plain + in_gzip + plain);
}

TEST(Variants, AreRememberedWithTheHeadThatChoseThem) {
    auto responder = responder_for(site_of());
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(drive(responder, {get("br")}).output, in_br);
        EXPECT_EQ(drive(responder, {get("br") + get("br") + get("bz") + get("bz")}).output, in_br + in_br + plain + plain);
    }
}

TEST(Variants, HeadHasTheHeadOfTheVariantAlone) {
    auto responder = responder_for(site_of());
    EXPECT_EQ(drive(responder, {get("br", "/", "HEAD") + get("gzip", "/", "HEAD")}).output,
              "HTTP/1.1 200 X\r\nContent-Length: 5000\r\n\r\nHTTP/1.1 200 X\r\nContent-Length: 7\r\n\r\n");
}

TEST(Variants, AreChosenBeforeTheContentOfARequestIsRead) {
    auto responder = responder_for(site_of());
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nContent-Length: 2\r\n\r\n";
    EXPECT_EQ(drive(responder, {head, "h", "i"}).output, in_gzip);
}

TEST(Variants, BelongToOneAnswerAlone) {
    auto responder = responder_for(site_of({{.ok = {4, {}}}, {.ok = {0, {}}}}, {{"/page", {"GET"}}}));
    EXPECT_EQ(drive(responder, {get("gzip")}).output, other) << "a route's are not those of the rest";
    EXPECT_EQ(drive(responder, {get("gzip", "/page")}).output, in_gzip);
    const std::string refused = drive(responder, {get("gzip", "/page", "POST")}).output;
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 405 ")) << refused;
    EXPECT_TRUE(drive(responder, {get("gzip", "*", "OPTIONS")}).output.starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(Variants, AStatusThatWasDrawnHasNone) {
    auto responder = responder_for(site_of({{.ok = {0, {}}, .sequence = {{{3, Fault::none}, 1}, {{0, Fault::none}, 1}}}}));
    EXPECT_EQ(drive(responder, {get("gzip") + get("gzip") + get("br") + get("zstd")}).output, busy + in_gzip + in_br + plain);
}

TEST(Variants, AreTruncatedAsTheContentIs) {
    auto responder = responder_for(site_of({{.ok = {0, {}}, .sequence = {{{0, Fault::truncate}, 1}}}}));
    EXPECT_EQ(drive(responder, {get("gzip")}).output, "HTTP/1.1 200 X\r\nContent-Length: 7\r\n\r\nin ");
}

TEST(Variants, WaitAndAreSentSlowlyAsTheContentIs) {
    std::vector<LoggedLine> log;
    auto responder =
        responder_for(site_of({{.ok = {0, {}}, .delays = {{.low = 1s, .high = 1s}}, .limit_rate = 100'000}}), RecordingLog(log));
    Connection connection(responder);
    connection.receive(get("br"));
    EXPECT_EQ(connection.due(), start + 1s);
    EXPECT_EQ(drive(responder, {get("gzip")}).output, "") << "another head is the memo's now";
    connection.resume();
    while (connection.due()) connection.resume();
    EXPECT_EQ(connection.driven().output, in_br);
    ASSERT_EQ(log.size(), 1U);
    EXPECT_EQ(log.front().body_bytes, 5000U) << "the log counts what was sent";
}

TEST(Variants, AreLoggedWithTheirOwnSize) {
    std::vector<LoggedLine> log;
    auto responder = responder_for(site_of(), RecordingLog(log));
    drive(responder, {get("gzip") + get("none")});
    ASSERT_EQ(log.size(), 2U);
    EXPECT_EQ(log[0].body_bytes, 7U);
    EXPECT_EQ(log[1].body_bytes, 5U);
}

TEST(Variants, APreflightIsNone) {
    auto responder = responder_for(site_of({{}}, {}, true));
    const std::string preflight =
        "OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: b\r\nAccess-Control-Request-Method: PUT\r\nAccept-Encoding: br\r\n\r\n";
    EXPECT_TRUE(drive(responder, {preflight}).output.starts_with("HTTP/1.1 204 "));
    const std::string of_all = "OPTIONS * HTTP/1.1" + preflight.substr(preflight.find("\r\n"));
    EXPECT_TRUE(drive(responder, {of_all}).output.starts_with("HTTP/1.1 200 OK\r\n")) << "it asks about the server, and about no resource";
    EXPECT_EQ(drive(responder, {get("br", "/", "OPTIONS") + get("br")}).output, in_br + in_br);
}

TEST(Variants, AreChosenWithoutAnAllocation) {
    auto responder = responder_for(site_of());
    http::Session session;
    responder.open(session, {}, 0);
    const std::string requests = get("gzip;q=0.5, br") + get("*") + get("zstd");
    const std::uint64_t before = allocations_of_this_thread();
    for (int i = 0; i < 1000; ++i) {
        for (std::string_view rest = requests; !rest.empty();) {
            Batch batch;
            batch.clear();
            rest.remove_prefix(responder.advance(session, rest, batch).consumed);
            responder.release(batch.lease);
        }
    }
    EXPECT_EQ(allocations_of_this_thread() - before, 0U);
    responder.close(session);
}

}  // namespace
}  // namespace tinyhttpd::testing
