// SPDX-License-Identifier: MIT
// Whom a probe asks: every form of its URL, the way from a listen address to one that can be connected to, and its verdict.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <ostream>
#include <string>
#include <vector>

#include "probe/probe.hpp"

namespace tinyhttpd::probe {
namespace {

using testing::HasSubstr;

using Families = std::vector<int>;

struct Accepted {
    std::string text;
    std::string name;
    std::string host;
    std::string path;
    Families families = {AF_INET};
};

void PrintTo(const Accepted& row, std::ostream* out) {
    *out << row.text;
}

Families families_of(const Target& target) {
    Families out;
    for (const SocketAddress& address : target.addresses) out.push_back(address.family());
    return out;
}

class ProbeUrl : public testing::TestWithParam<Accepted> {};

TEST_P(ProbeUrl, is_understood) {
    const auto target = parse_url(GetParam().text);
    ASSERT_TRUE(target) << target.error();
    EXPECT_EQ(target->name, GetParam().name);
    EXPECT_EQ(target->host, GetParam().host);
    EXPECT_EQ(target->path, GetParam().path);
    EXPECT_EQ(families_of(*target), GetParam().families);
}

const std::vector<Accepted> accepted = {
    {"http://127.0.0.1:8000/", "http://127.0.0.1:8000/", "127.0.0.1:8000", "/"},
    {"http://127.0.0.1:8000", "http://127.0.0.1:8000/", "127.0.0.1:8000", "/"},
    {"HTTP://127.0.0.1", "http://127.0.0.1:80/", "127.0.0.1:80", "/"},
    {"http://127.0.0.1:8000/a/b?c=d", "http://127.0.0.1:8000/a/b?c=d", "127.0.0.1:8000", "/a/b?c=d"},
    {"http://127.0.0.1:8000?c=http://x", "http://127.0.0.1:8000/?c=http://x", "127.0.0.1:8000", "/?c=http://x"},
    {"http://0.0.0.0:1/", "http://127.0.0.1:1/", "127.0.0.1:1", "/"},
    {"http://[::1]/", "http://[::1]:80/", "[::1]:80", "/", {AF_INET6}},
    {"http://[::1]:8/x", "http://[::1]:8/x", "[::1]:8", "/x", {AF_INET6}},
    {"http://[::]:8/x", "http://[::1]:8/x", "[::1]:8", "/x", {AF_INET6}},
    {"http://[fe80::1%lo]:8/", "http://[fe80::1%lo]:8/", "[fe80::1]:8", "/", {AF_INET6}},
    {"http://localhost:8/", "http://localhost:8/", "localhost:8", "/", {AF_INET, AF_INET6}},
    {"127.0.0.1:8000", "http://127.0.0.1:8000/", "127.0.0.1:8000", "/"},
    {"127.0.0.1:8000/health", "http://127.0.0.1:8000/health", "127.0.0.1:8000", "/health"},
    {":8000/health", "http://localhost:8000/health", "localhost:8000", "/health", {AF_INET, AF_INET6}},
    {"unix:/run/x.sock", "unix:/run/x.sock", "localhost", "/", {AF_UNIX}},
};

INSTANTIATE_TEST_SUITE_P(Accepted, ProbeUrl, testing::ValuesIn(accepted));

TEST(ProbeUrl, that_is_wrong_says_what_would_be_right) {
    const std::vector<std::pair<std::string, std::string>> refused = {
        {"https://127.0.0.1/", "https is not spoken here"},
        {"ftp://127.0.0.1/", "only http://host:port/path and unix:/path"},
        {"http://example.org/", "names are not looked up"},
        {"http://user@127.0.0.1/", "user and password of a URL are not sent"},
        {"http://user:pw@127.0.0.1:1/", "user and password of a URL are not sent"},
        {"http://[fe80::1%nope]:1/", "no interface 'nope'"},
        {"http:///x", "the host is missing"},
        {"http://127.0.0.1:0/", "port 0 is picked when the server starts"},
        {"http://127.0.0.1:99999/", "above 65535"},
        {"http://::1/", "goes in brackets"},
        {"127.0.0.1", "the port is missing; write 127.0.0.1:8000"},
        {"/run/x.sock", "write unix:/run/x.sock"},
        {"unix:", "the path is missing"},
        {"unix:/" + std::string(200, 'x'), "at most 107 bytes"},
        {"systemd:web", "only systemd knows where that is"},
        {"", "the address is empty"},
        // A request must not be split.
        {"http://127.0.0.1/ HTTP/1.1\r\nX: y", "percent-encode it"},
        {"http://127.0.0.1/\r\n", "percent-encode it"},
        {"http://127.0.0.1/\xc3\xa4", "percent-encode it"},
        {"http://127.0.0.1/#top", "a fragment"},
    };
    for (const auto& [text, words] : refused) {
        const auto target = parse_url(text);
        ASSERT_FALSE(target) << text;
        EXPECT_THAT(target.error(), HasSubstr(words)) << text;
    }
}

TEST(Verdict, is_healthy_only_for_the_status_and_the_text_that_were_asked_for) {
    Expectation expected;
    EXPECT_EQ(judge(Answer{200, "up"}, expected), std::nullopt);
    EXPECT_EQ(judge(Answer{399, ""}, expected), std::nullopt);
    EXPECT_EQ(judge(Answer{400, ""}, expected), "status 400, expected 200-399");
    EXPECT_EQ(judge(std::unexpected("timed out"), expected), "timed out");
    expected.status_min = expected.status_max = 503;
    EXPECT_EQ(judge(Answer{503, ""}, expected), std::nullopt);
    EXPECT_EQ(judge(Answer{200, ""}, expected), "status 200, expected 503");
    expected.body = "down";
    EXPECT_EQ(judge(Answer{503, "it is down\n"}, expected), std::nullopt);
    EXPECT_EQ(judge(Answer{503, "it is up"}, expected), "the body does not hold 'down'");
}

}  // namespace
}  // namespace tinyhttpd::probe
