// SPDX-License-Identifier: MIT
// The head parser by itself, in both its builds: what it says of a head, where it stops, and that it never reads a byte
// that is not there. What is right and wrong in a request is tests/conformance.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/head_parser.hpp"
#include "support/guarded_bytes.hpp"
#include "support/http_cases.hpp"
#include "support/random.hpp"

namespace tinyhttpd::testing {
namespace {

using http::BasicHeadParser;
using http::Framing;
using http::HeadField;
using http::Method;
using http::PortableScan;
using http::Refusal;
using http::RequestHead;
using http::Status;
using http::TargetForm;

constexpr std::size_t no_limit = 1 << 20;

/// Everything a parser says, to compare two of them.
struct Judgement {
    int verdict = 0;
    std::size_t size = 0;
    Refusal refusal = Refusal::none;
    bool has_request_line = false;
    std::vector<std::uint64_t> head;
    friend bool operator==(const Judgement&, const Judgement&) = default;
};

template <class Parser>
Judgement judgement(const Parser& parser, typename Parser::Verdict verdict) {
    const RequestHead& head = parser.head();
    return {static_cast<int>(verdict),
            parser.size(),
            parser.refusal(),
            parser.has_request_line(),
            {head.content_length, head.method_size, head.target_size, head.host_offset, head.referer_offset, head.user_agent_offset,
             head.fields_end, head.fields, static_cast<std::uint64_t>(head.method), static_cast<std::uint64_t>(head.form),
             static_cast<std::uint64_t>(head.framing), head.minor_version, head.is_https, head.is_host_empty}};
}

template <class Scan>
Judgement judge(std::string_view input, std::size_t max_head = no_limit) {
    BasicHeadParser<Scan> parser;
    const auto verdict = parser.parse(input, max_head);
    return judgement(parser, verdict);
}

/// Shows the parser ever longer prefixes of `input`, each ending at an unreadable page.
template <class Scan>
Judgement judge_stepwise(GuardedBytes& page, std::string_view input, std::size_t step, std::size_t max_head = no_limit) {
    BasicHeadParser<Scan> parser;
    for (std::size_t size = std::min(step, input.size());; size = std::min(size + step, input.size())) {
        const auto verdict = parser.parse(page.hold(input.substr(0, size)), max_head);
        if (verdict != BasicHeadParser<Scan>::Verdict::incomplete || size == input.size()) return judgement(parser, verdict);
    }
}

template <class Scan>
class HeadParser : public ::testing::Test {
protected:
    BasicHeadParser<Scan> parser_;
};

#ifdef TINYHTTPD_HAS_SIMD
using Scans = ::testing::Types<PortableScan, http::VectorScan>;
#else
using Scans = ::testing::Types<PortableScan>;
#endif
TYPED_TEST_SUITE(HeadParser, Scans);

TYPED_TEST(HeadParser, SaysWhatTheAnswerAndTheLogDependOn) {
    const std::string input =
        "POST /a?b HTTP/1.1\r\nReferer:http://b/ \r\nUser-Agent:\tagent 1\r\nhost:  example.com:80\t\r\n"
        "Content-Length: 17\r\nExpect: 100-continue\r\nConnection: close\r\n\r\nnext";
    ASSERT_EQ(this->parser_.parse(input, no_limit), BasicHeadParser<TypeParam>::Verdict::complete);
    const RequestHead& head = this->parser_.head();
    EXPECT_EQ(this->parser_.size(), input.size() - 4);
    EXPECT_EQ(head.method, Method::other);
    EXPECT_EQ(head.form, TargetForm::origin);
    EXPECT_EQ(head.minor_version, 1);
    EXPECT_EQ(head.framing, Framing::length);
    EXPECT_EQ(head.content_length, 17U);
    EXPECT_EQ(input.substr(0, head.method_size), "POST");
    EXPECT_EQ(input.substr(head.method_size + 1, head.target_size), "/a?b");
    const std::string_view lines = std::string_view(input).substr(head.lines_offset());
    EXPECT_TRUE(lines.substr(head.host_offset).starts_with("example.com:80"));
    EXPECT_TRUE(lines.substr(head.referer_offset).starts_with("http://b/"));
    EXPECT_TRUE(lines.substr(head.user_agent_offset).starts_with("agent 1"));
    EXPECT_EQ(head.fields, HeadField::content_length | HeadField::expect_continue | HeadField::connection_close);
}

TYPED_TEST(HeadParser, KnowsTheMethodsThatAreTreatedDifferently) {
    const auto method = [](std::string_view line) {
        BasicHeadParser<TypeParam> parser;
        EXPECT_EQ(parser.parse(request(line), no_limit), BasicHeadParser<TypeParam>::Verdict::complete) << line;
        return parser.head().method;
    };
    EXPECT_EQ(method("GET / HTTP/1.1"), Method::get);
    EXPECT_EQ(method("GET /a HTTP/1.0"), Method::get);
    EXPECT_EQ(method("HEAD / HTTP/1.1"), Method::head);
    EXPECT_EQ(method("OPTIONS * HTTP/1.1"), Method::options);
    EXPECT_EQ(method("CONNECT a:1 HTTP/1.1"), Method::connect);
    EXPECT_EQ(method("TRACE / HTTP/1.1"), Method::trace);
    EXPECT_EQ(method("GETS / HTTP/1.1"), Method::other);
    EXPECT_EQ(method("head / HTTP/1.1"), Method::other);
}

TYPED_TEST(HeadParser, RefusesAtTheFirstBadByteWhateverFollows) {
    const auto bad_byte = [](std::string_view input) {
        const Judgement judged = judge<TypeParam>(input);
        EXPECT_EQ(status_of(judged.refusal), Status::bad_request) << input;
        return judged.size - 1;
    };
    EXPECT_EQ(bad_byte("\x16\x03\x01"), 0U);
    EXPECT_EQ(bad_byte("GE\x01"), 2U);
    EXPECT_EQ(bad_byte("GET  "), 4U);
    EXPECT_EQ(bad_byte("GET /a\nb"), 6U);
    EXPECT_EQ(bad_byte("GET / HTTPS"), 10U);
    EXPECT_EQ(bad_byte("GET / HTTP/1.1\rX"), 15U);
    EXPECT_EQ(bad_byte("GET / HTTP/1.1\r\nA B"), 17U);
    EXPECT_EQ(bad_byte("GET / HTTP/1.1\r\nA: b\x7f 0123456789012345678901234567890"), 20U);
    EXPECT_EQ(bad_byte("GET / HTTP/1.1\r\nA: b\r\r\n"), 21U);
}

TYPED_TEST(HeadParser, LooksAtNoByteFromTheLimitOn) {
    const std::string head = get("A: b\r\n");
    for (std::size_t limit = 1; limit < head.size(); ++limit) {
        const Status expected = limit < 4 ? Status::bad_request : limit < 16 ? Status::uri_too_long : Status::header_fields_too_large;
        EXPECT_EQ(status_of(judge<TypeParam>(head, limit).refusal), expected) << limit;
        const std::string garbage = head.substr(0, limit) + std::string(100, '\0');
        EXPECT_EQ(judge<TypeParam>(garbage, limit), judge<TypeParam>(head, limit)) << limit;
        EXPECT_EQ(judge<TypeParam>(head.substr(0, limit), limit), judge<TypeParam>(head, limit)) << limit;
    }
    EXPECT_EQ(judge<TypeParam>(head, head.size()).refusal, Refusal::none);
}

// Every case of the conformance table, cut short at every byte and shown in steps: no byte behind the end or in front of the beginning is
// read, and the steps do not matter.
TYPED_TEST(HeadParser, NeverReadsOutsideTheInput) {
    GuardedBytes page(1 << 16);
    for (const Case& one : http_cases()) {
        const std::string_view input = std::string_view(one.input).substr(0, 600);
        SCOPED_TRACE(one.name);
        for (const std::size_t step : {1U, 2U, 3U, 7U, 16U, 17U, 600U}) {
            ASSERT_EQ(judge_stepwise<TypeParam>(page, input, step), judge<TypeParam>(input)) << "in steps of " << step;
        }
        for (std::size_t size = 0; size <= input.size(); ++size) {
            const std::string_view prefix = input.substr(0, size);
            ASSERT_EQ(judge<TypeParam>(page.hold(prefix)), judge<PortableScan>(prefix)) << "cut at " << size;
            ASSERT_EQ(judge<TypeParam>(page.hold_in_front(prefix)), judge<PortableScan>(prefix)) << "cut at " << size;
        }
    }
}

/// The judgement of `input` by a parser that is told of `known`, a complete head.
template <class Scan>
Judgement judge_beside(std::string_view input, std::string_view known, GuardedBytes& page, std::size_t step = no_limit) {
    BasicHeadParser<Scan> judged;
    EXPECT_EQ(judged.parse(known, no_limit), BasicHeadParser<Scan>::Verdict::complete);
    BasicHeadParser<Scan> parser;
    for (std::size_t size = std::min(step, input.size());; size = std::min(size + step, input.size())) {
        const auto verdict = parser.parse(page.hold(input.substr(0, size)), no_limit, {known.data(), judged});
        if (verdict != BasicHeadParser<Scan>::Verdict::incomplete || size == input.size()) return judgement(parser, verdict);
    }
}

// What is known of one head must change nothing about another: not a byte of it, not the order of its lines.
TYPED_TEST(HeadParser, JudgesTheSameWhateverHeadIsKnown) {
    GuardedBytes page(4096);
    const std::vector<std::string> known = {
        get(), with_host("example.com:80"),
        "HEAD /b HTTP/1.0\r\nUser-Agent: some agent/1.0 (x)\r\nHost: example.com\r\nConnection: close\r\nCookie: a=1234567890123456789\r\n"
        "Referer: http://b/\r\nX-A: b\r\nContent-Length: 0\r\n\r\n",
        "GET / HTTP/1.0\r\nCookie: abc\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, x\r\nReferer: r\r\nCookie: abc\r\nAccept: */*\r\nConnection: close\r\n\r\n"};
    const std::string_view lines[] = {"Host: a\r\n",
                                      "Host: b\r\n",
                                      "Connection: close\r\n",
                                      "Connection: keep-alive\r\n",
                                      "User-Agent: u\r\n",
                                      "Referer: r\r\n",
                                      "Cookie: 1\r\n",
                                      "Cookie: 2\r\n",
                                      "Expect: 100-continue\r\n",
                                      "Content-Length: 0\r\n",
                                      "Content-Length: 3\r\n",
                                      "A : b\r\n",
                                      "x: \t\x80 \r\n",
                                      "\r\n"};
    for (const std::string& one : known) {
        std::string changed = one;
        for (std::size_t at = 0; at < one.size(); ++at) {
            for (const char byte : {'\0', ' ', 'X', '0', '\r', '\n', ':', '\t', static_cast<char>(one[at] ^ 0x20)}) {
                changed[at] = byte;
                const Judgement expected = judge<PortableScan>(changed);
                ASSERT_EQ((judge_beside<TypeParam>(changed, one, page)), expected) << ::testing::PrintToString(changed);
                ASSERT_EQ((judge_beside<TypeParam>(changed, one, page, 7)), expected) << ::testing::PrintToString(changed);
            }
            changed[at] = one[at];
            const std::string_view prefix = std::string_view(one).substr(0, at);
            ASSERT_EQ((judge_beside<TypeParam>(prefix, one, page)), judge<PortableScan>(prefix)) << at;
        }
        for (const std::string& other : known) ASSERT_EQ((judge_beside<TypeParam>(other, one, page)), judge<PortableScan>(other));
    }
    const auto seed = std::random_device{}();
    std::mt19937 random(seed);
    for (int round = 0; round < 20000; ++round) {
        std::string one = "GET /some/where HTTP/1.1\r\n";
        std::string other = "GET /a HTTP/1." + std::to_string(random() % 2) + "\r\n";
        for (auto count = random() % 8; count > 0; --count) {
            const std::string_view line = lines[random() % std::size(lines)];
            one += line;
            other += random() % 8 != 0 ? line : lines[random() % std::size(lines)];
        }
        one += "\r\n";
        other += "\r\nnext";
        one.resize(judge<PortableScan>(one).size);
        if (judge<PortableScan>(one).verdict != static_cast<int>(BasicHeadParser<PortableScan>::Verdict::complete)) continue;
        SCOPED_TRACE(::testing::Message() << "seed " << seed << ": " << ::testing::PrintToString(other) << " beside " << one);
        ASSERT_EQ((judge_beside<TypeParam>(other, one, page)), judge<PortableScan>(other));
        ASSERT_EQ((judge_beside<TypeParam>(other, one, page, 1 + random() % 30)), judge<PortableScan>(other));
    }
}

// Each byte value at each place of a head that uses every part of the parser.
TYPED_TEST(HeadParser, JudgesEveryByteAtEveryPlaceAsThePortableBuildDoes) {
    const std::string good = "GET /some/where?a=b HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: some agent/1.0 (x)\r\nA: b\r\n\r\n";
    GuardedBytes page(good.size());
    for (std::size_t at = 0; at < good.size(); ++at) {
        std::string changed = good;
        for (int byte = 0; byte < 256; ++byte) {
            changed[at] = static_cast<char>(byte);
            const Judgement expected = judge<PortableScan>(changed);
            ASSERT_EQ(judge<TypeParam>(page.hold(changed)), expected) << "byte " << byte << " at " << at;
            ASSERT_EQ(judge_stepwise<TypeParam>(page, changed, 11), expected) << "byte " << byte << " at " << at;
        }
    }
}

TYPED_TEST(HeadParser, JudgesRandomHeadsAsThePortableBuildDoes) {
    const std::uint64_t seed = support::any_seed();
    SCOPED_TRACE(support::seed_text(seed));
    support::Random random(seed);
    static constexpr std::string_view pieces[] = {"GET ",        "/",    " HTTP/1.1\r\n", "Host: a\r\n", "Host: ",
                                                  "example.com", ":80",  "\r\n",          "\r",          "\n",
                                                  " ",           "\t",   "User-Agent",    ": ",          "abcdefghijklmnopqrstuvwxyz",
                                                  "_",           "\x80", "Connection",    "close",       "Content-Length: 5\r\n",
                                                  "\x7f",        "%41"};
    GuardedBytes page(4096);
    for (int round = 0; round < 20000; ++round) {
        std::string input = random.chance(0.75) ? "GET / HTTP/1.1\r\n" : "";
        for (auto count = random.below(12); count > 0; --count) input += random.pick(pieces);
        if (random.chance(0.5)) input += "\r\n\r\n";
        const Judgement expected = judge<PortableScan>(input);
        ASSERT_EQ(judge<TypeParam>(page.hold(input)), expected) << ::testing::PrintToString(input);
        ASSERT_EQ(judge_stepwise<TypeParam>(page, input, random.between(1, 20)), expected) << ::testing::PrintToString(input);
    }
}

}  // namespace
}  // namespace tinyhttpd::testing
