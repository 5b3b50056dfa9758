// SPDX-License-Identifier: MIT
// The PROXY protocol, versions 1 and 2, case by case from the text of haproxy's doc/proxy-protocol.txt; each also split at every byte.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>
#include <ostream>
#include <string>
#include <string_view>

#include "support/guarded_bytes.hpp"
#include "support/random.hpp"
#include "tcp/peer_name.hpp"
#include "tcp/proxy_header.hpp"

namespace tinyhttpd::tcp {
namespace {

using namespace std::string_literals;
using State = ProxyHeader::State;

/// "complete 32 192.0.2.1:56324", "complete 15", "malformed: …", "incomplete".
std::string text_of(const ProxyHeader& header) {
    switch (header.state) {
        case State::incomplete: return "incomplete";
        case State::malformed: return "malformed: " + std::string(header.why);
        case State::complete: break;
    }
    std::string out = "complete " + std::to_string(header.size);
    if (!header.source) return out;
    out += ' ' + std::string(peer_name(*header.source).view());
    return out;
}

/// What `input` is judged to be, after every split has been judged the same and no byte behind it was read.
std::string judged(std::string_view input) {
    tinyhttpd::testing::GuardedBytes guarded(input.size() + 1);
    const std::string whole = text_of(parse_proxy_header(guarded.hold(input)));
    for (std::size_t size = 0; size < input.size(); ++size) {
        const std::string part = text_of(parse_proxy_header(guarded.hold(input.substr(0, size))));
        EXPECT_TRUE(part == "incomplete" || part == whole) << size << " bytes of it: " << part << "\nall: " << whole;
    }
    return whole;
}

/// A version 2 header with this 13th and 14th byte, and `block` behind the length.
std::string v2(unsigned version_and_command, unsigned family, const std::string& block) {
    std::string out = "\r\n\r\n\0\r\nQUIT\n"s;
    out += static_cast<char>(version_and_command);
    out += static_cast<char>(family);
    out += static_cast<char>(block.size() >> 8U);
    out += static_cast<char>(block.size() & 0xffU);
    return out + block;
}

const std::string inet = "\xc0\x00\x02\x01\xc6\x33\x64\x01\xdc\x04\x01\xbb"s;  // 192.0.2.1:56324, 198.51.100.1:443
const std::string inet6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07"s + std::string(15, '\0') + "\x01\xff\xff\x00\x50"s;

struct Case {
    const char* loss;  ///< what a user has if it fails
    std::string input;
    std::string expected;
};
void PrintTo(const Case& one, std::ostream* out) {
    *out << one.loss;
}

class ProxyHeaderCase : public ::testing::TestWithParam<Case> {};

TEST_P(ProxyHeaderCase, IsJudgedAsTheSpecificationSaysHoweverItIsSplit) {
    EXPECT_EQ(judged(GetParam().input), GetParam().expected) << GetParam().loss;
}

INSTANTIATE_TEST_SUITE_P(
    Version1, ProxyHeaderCase,
    ::testing::Values(Case{"the log names the proxy instead of the client", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n",
                           "complete 45 192.0.2.1:56324"},
                      Case{"the first request is lost", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET / HTTP/1.1\r\n\r\n",
                           "complete 45 192.0.2.1:56324"},
                      Case{"no IPv6 client is let in", "PROXY TCP6 2001:db8::7 ::1 65535 80\r\n", "complete 37 [2001:db8::7]:65535"},
                      Case{"the longest IPv6 line is cut off",
                           "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
                           "complete 104 [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
                      Case{"a client of a dual-stack proxy has a name nobody looks for", "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n",
                           "complete 37 192.0.2.1:1"},
                      Case{"port 0 is refused, though the range begins with it", "PROXY TCP4 1.2.3.4 5.6.7.8 0 0\r\n",
                           "complete 32 1.2.3.4:0"},
                      Case{"a health check is turned away", "PROXY UNKNOWN\r\n", "complete 15"},
                      Case{"what follows on UNKNOWN is not ignored", "PROXY UNKNOWN 1.2.3.4 any thing\r\n", "complete 33"},
                      Case{"the worst case of the specification is refused",
                           "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
                           "complete 107"}));

const std::string no_header = "malformed: the connection does not begin with a PROXY header";
const std::string bad_line = "malformed: the PROXY line has not two addresses of its family and two ports, one space apart";
const std::string bad_end = "malformed: the PROXY line does not end with CR and LF";

INSTANTIATE_TEST_SUITE_P(
    NotVersion1, ProxyHeaderCase,
    ::testing::Values(Case{"anybody may come without a header", "GET / HTTP/1.1\r\n", no_header},
                      Case{"a method that begins as the header does is waited for", "PROPFIND", no_header},
                      Case{"a method of that name is taken for a header", "PROXY / HTTP/1.1\r\n",
                           "malformed: the PROXY line names neither TCP4, TCP6 nor UNKNOWN"},
                      Case{"lower case passes", "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n", no_header},
                      Case{"a header is looked for behind an empty line", "\r\nPROXY UNKNOWN\r\n", no_header},
                      Case{"two spaces pass", "PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
                           "malformed: the PROXY line names neither TCP4, TCP6 nor UNKNOWN"},
                      Case{"two spaces pass between addresses", "PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n", bad_line},
                      Case{"a space at the end passes", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", bad_line},
                      Case{"more words pass", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", bad_line},
                      Case{"too few words pass", "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", bad_line},
                      Case{"the other family passes", "PROXY TCP4 ::1 ::1 1 2\r\n", bad_line},
                      Case{"the other family passes", "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", bad_line},
                      Case{"an octal number is read as a decimal one", "PROXY TCP4 010.2.3.4 5.6.7.8 1 2\r\n", bad_line},
                      Case{"a number above 255 passes", "PROXY TCP4 256.2.3.4 5.6.7.8 1 2\r\n", bad_line},
                      Case{"a short address is filled up", "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", bad_line},
                      Case{"a bad destination passes", "PROXY TCP4 1.2.3.4 nobody 1 2\r\n", bad_line},
                      Case{"a zone, which means nothing here, passes", "PROXY TCP6 fe80::1%lo ::1 1 2\r\n", bad_line},
                      Case{"a NUL ends an address", "PROXY TCP4 1.2.3.4\0x 5.6.7.8 1 2\r\n"s, bad_line},
                      Case{"a port with a leading zero passes", "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", bad_line},
                      Case{"a port with a sign passes", "PROXY TCP4 1.2.3.4 5.6.7.8 1 +2\r\n", bad_line},
                      Case{"a port above 65535 passes", "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n", bad_line},
                      Case{"a tab passes for a space", "PROXY TCP4\t1.2.3.4 5.6.7.8 1 2\r\n",
                           "malformed: the PROXY line names neither TCP4, TCP6 nor UNKNOWN"},
                      Case{"a bare LF ends the line", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", bad_end},
                      Case{"a bare CR ends the line", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rGET", bad_end},
                      Case{"a bare LF ends an UNKNOWN line", "PROXY UNKNOWN\nGET", bad_end},
                      Case{"a line without an end is kept for ever", "PROXY UNKNOWN " + std::string(93, 'x'),
                           "malformed: the PROXY line is longer than 107 bytes"},
                      Case{"a CR at the limit is waited behind for ever", "PROXY UNKNOWN " + std::string(92, 'x') + "\r\n",
                           "malformed: the PROXY line is longer than 107 bytes"},
                      Case{"a line that is not whole yet is refused", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r", "incomplete"}));

const std::string local_block = "whatever a proxy may put there"s;
const std::string unix_block = "/run/client.sock"s + std::string(92, '\0') + "/run/proxy.sock"s + std::string(93, '\0');

INSTANTIATE_TEST_SUITE_P(
    Version2, ProxyHeaderCase,
    ::testing::Values(Case{"the log names the proxy instead of the client", v2(0x21, 0x11, inet), "complete 28 192.0.2.1:56324"},
                      Case{"the first request is lost", v2(0x21, 0x11, inet) + "GET / HTTP/1.1\r\n", "complete 28 192.0.2.1:56324"},
                      Case{"no IPv6 client is let in", v2(0x21, 0x21, inet6), "complete 52 [2001:db8::7]:65535"},
                      Case{"a client of the proxy's unix socket is turned away", v2(0x21, 0x31, unix_block), "complete 232 unix:"},
                      Case{"what came as QUIC or UDP is turned away", v2(0x21, 0x12, inet), "complete 28 192.0.2.1:56324"},
                      Case{"a proxy with TLVs is turned away, or they are read as a request", v2(0x21, 0x11, inet + "\x04\x00\x02xy"s),
                           "complete 33 192.0.2.1:56324"},
                      Case{"the longest header is refused", v2(0x21, 0x11, inet + std::string(520 - 12, 'x')),
                           "complete 536 192.0.2.1:56324"},
                      Case{"a health check of the proxy is turned away", v2(0x20, 0x00, ""), "complete 16"},
                      Case{"the block of a LOCAL header is read as a request", v2(0x20, 0x11, local_block), "complete 46"},
                      Case{"the family of a LOCAL header is not ignored", v2(0x20, 0xff, local_block), "complete 46"},
                      Case{"an unspecified family is turned away", v2(0x21, 0x00, local_block), "complete 46"},
                      Case{"an unspecified transport is not", v2(0x21, 0x10, inet), "complete 28"}));

const std::string no_family = "malformed: the PROXY header names an address family or transport that does not exist";
const std::string too_short = "malformed: the PROXY header is too short for its addresses";

INSTANTIATE_TEST_SUITE_P(
    NotVersion2, ProxyHeaderCase,
    ::testing::Values(
        Case{"a signature that is off by its NUL passes", "\r\n\r\n \r\nQUIT\n", no_header},
        Case{"another version passes", v2(0x11, 0x11, inet), "malformed: the PROXY header is of a version that does not exist"},
        Case{"another command passes", v2(0x22, 0x11, inet), "malformed: the PROXY header has a command other than LOCAL and PROXY"},
        Case{"another family passes", v2(0x21, 0x41, inet), no_family}, Case{"another transport passes", v2(0x21, 0x13, inet), no_family},
        Case{"bytes behind the header are read as an address", v2(0x21, 0x11, inet.substr(1)) + "x", too_short},
        Case{"bytes behind the header are read as an address", v2(0x21, 0x21, inet), too_short},
        Case{"bytes behind the header are read as a path", v2(0x21, 0x31, std::string(215, 'x')) + "x", too_short},
        Case{"a stranger makes us keep 64 kB", v2(0x21, 0x11, inet).substr(0, 14) + "\x02\x09"s,
             "malformed: the PROXY header is longer than 536 bytes"},
        Case{"the same with LOCAL", v2(0x20, 0x00, "").substr(0, 14) + "\xff\xff"s, "malformed: the PROXY header is longer than 536 bytes"},
        Case{"an address is read before it is there", v2(0x21, 0x11, inet).substr(0, 27), "incomplete"},
        Case{"a request begins within the TLVs", v2(0x21, 0x11, inet + "tlv").substr(0, 30), "incomplete"}));

TEST(ProxyHeader, AUnixClientIsTheOneThatTheProxyNamed) {
    const ProxyHeader header = parse_proxy_header(v2(0x21, 0x31, unix_block));
    ASSERT_TRUE(header.source);
    sockaddr_un address;
    std::memcpy(&address, &header.source->storage, sizeof address);
    EXPECT_STREQ(address.sun_path, "/run/client.sock");
}

TEST(ProxyHeader, NoMutationOfAHeaderIsJudgedDifferentlyWhenItIsSplit) {
    const std::uint64_t seed = support::any_seed();
    SCOPED_TRACE(support::seed_text(seed));
    support::Random random(seed);
    const std::string seeds[] = {"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET",
                                 "PROXY TCP6 2001:db8::7 ::1 65535 80\r\n",
                                 "PROXY UNKNOWN x\r\n",
                                 v2(0x21, 0x11, inet + "\x04\x00\x02xy"s),
                                 v2(0x21, 0x21, inet6),
                                 v2(0x20, 0x00, "")};
    for (int i = 0; i < 2000 && !HasFailure(); ++i) {
        std::string input = random.pick(seeds);
        for (auto changes = random.between(0, 3); changes > 0; --changes) {
            const auto at = random.below(input.size());
            switch (random.below(3)) {
                case 0: input[at] = static_cast<char>(random.below(256)); break;
                case 1: input.erase(at, 1); break;
                case 2: input.insert(at, 1, static_cast<char>(random.below(256))); break;
            }
        }
        const ProxyHeader whole = parse_proxy_header(input);
        if (whole.state == State::complete) {
            ASSERT_LE(whole.size, std::min(input.size(), proxy_header_max));
        }
        SCOPED_TRACE(::testing::PrintToString(input));
        judged(input);
    }
}

}  // namespace
}  // namespace tinyhttpd::tcp
