// SPDX-License-Identifier: MIT
// Every form of a listen address, and for each wrong one the sentence that leads to the right one.
#include "base/listen_address.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace tinyhttpd {
namespace {

using Kind = ListenAddress::Kind;

struct Accepted {
    std::string text;
    ListenAddress address;
};

void PrintTo(const Accepted& row, std::ostream* out) {
    *out << row.text;
}

class ListenAddressForm : public testing::TestWithParam<Accepted> {};

TEST_P(ListenAddressForm, is_understood_and_printed_back) {
    const auto parsed = parse_listen_address(GetParam().text);
    ASSERT_TRUE(parsed) << parsed.error();
    EXPECT_EQ(*parsed, GetParam().address);
    EXPECT_EQ(parse_listen_address(to_string(*parsed)), *parsed);
}

const std::vector<Accepted> accepted = {
    {"127.0.0.1:8000", {Kind::ipv4, "127.0.0.1", 8000}},
    {"0.0.0.0:0", {Kind::ipv4, "0.0.0.0", 0}},
    {"10.0.0.1:65535", {Kind::ipv4, "10.0.0.1", 65535}},
    {":80", {Kind::any, "", 80}},
    {":0", {Kind::any, "", 0}},
    {"[::1]:8000", {Kind::ipv6, "::1", 8000}},
    {"[::]:80", {Kind::ipv6, "::", 80}},
    {"[fe80::1%eth0]:80", {Kind::ipv6, "fe80::1%eth0", 80}},
    {"[::ffff:127.0.0.1]:80", {Kind::ipv6, "::ffff:127.0.0.1", 80}},
    {"localhost:8000", {Kind::localhost, "localhost", 8000}},
    {"LocalHost:0", {Kind::localhost, "localhost", 0}},
    {"unix:/run/tinyhttpd.sock", {Kind::unix_path, "/run/tinyhttpd.sock", 0}},
    {"unix:relative.sock", {Kind::unix_path, "relative.sock", 0}},
    {"unix:/with:colon [x]", {Kind::unix_path, "/with:colon [x]", 0}},
    {"unix:/with, comma", {Kind::unix_path, "/with, comma", 0}},
    {"systemd", {Kind::inherited, "", 0}},
    {"systemd:web", {Kind::inherited, "web", 0}},
    {"systemd:tinyhttpd.socket", {Kind::inherited, "tinyhttpd.socket", 0}},
    {"unix:/" + std::string(106, 'x'), {Kind::unix_path, "/" + std::string(106, 'x'), 0}},
};

INSTANTIATE_TEST_SUITE_P(Accepted, ListenAddressForm, testing::ValuesIn(accepted));

struct Refused {
    std::string text;
    std::string words;
};

void PrintTo(const Refused& row, std::ostream* out) {
    *out << row.text;
}

class WrongListenAddress : public testing::TestWithParam<Refused> {};

TEST_P(WrongListenAddress, is_refused_with_the_way_out) {
    const auto parsed = parse_listen_address(GetParam().text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error(), GetParam().words);
}

const std::string several = "several addresses in one; give --listen once for each (in TOML an array, in the environment one on each line)";

const std::vector<Refused> refused = {
    {"", "the address is empty; write host:port, :port, [ipv6]:port, unix:/path or systemd"},
    {"8080", "a port needs a ':' in front; write 127.0.0.1:8080 for this machine only, :8080 for all addresses"},
    {"127.0.0.1", "the port is missing; write 127.0.0.1:8000"},
    {"localhost", "the port is missing; write localhost:8000"},
    {"127.0.0.1:", "the port is missing after the last ':' (0 picks a free one)"},
    {":", "the port is missing after the last ':' (0 picks a free one)"},
    {":65536", "the port 65536 is above 65535"},
    {":99999999999", "the port 99999999999 is above 65535"},
    {":http", "the port 'http' is no number from 0 to 65535"},
    {":-1", "the port '-1' is no number from 0 to 65535"},
    {":80 ", "a comma or white space beside the address; write :80"},
    {"127.0.0.1:80,", "a comma or white space beside the address; write 127.0.0.1:80"},
    {"127.0.0.1:80,127.0.0.1:81", several},
    {"127.0.0.1:80 127.0.0.1:81", several},
    {":80, [::1]:81", several},
    {"unix:/a.sock,unix:/b.sock", several},
    {"example.org:80,example.org:81", several},
    {"::1", "an IPv6 address goes in brackets; write [::1]:8000"},
    {"fe80::1", "an IPv6 address goes in brackets; write [fe80::1]:8000"},
    {"::1:8080", "an IPv6 address goes in brackets; write [::1]:8080"},
    {":::8080", "an IPv6 address goes in brackets; write [::]:8080"},
    {"1:2:3:4:5:6:7:8:8080", "an IPv6 address goes in brackets; write [1:2:3:4:5:6:7:8]:8080"},
    {"::1:beef", "an IPv6 address goes in brackets; write [::1:beef]:8000"},
    {"fe80::1:2:80x", "an IPv6 address goes in brackets, as in [::1]:8000"},
    {"[::1]", "the port is missing; write [::1]:8000"},
    {"[::1", "the ']' is missing; write [::1]:8000"},
    {"[::g]:80", "'::g' is no IPv6 address; numeric addresses only"},
    {"[127.0.0.1]:80", "'127.0.0.1' is no IPv6 address; numeric addresses only"},
    {"[fe80::1%]:80", "'fe80::1%' is no IPv6 address; numeric addresses only"},
    {"example.org:80", "'example.org' is no numeric address, and names are not looked up: numeric addresses only, or localhost:80"},
    {"127.1:80", "'127.1' is no numeric address, and names are not looked up: numeric addresses only, or localhost:80"},
    {"256.0.0.1:80", "'256.0.0.1' is no numeric address, and names are not looked up: numeric addresses only, or localhost:80"},
    {"*:80", "all addresses are written :80"},
    {"http://127.0.0.1:80", "this is a URL; write 127.0.0.1:80"},
    {"http://user:pw@127.0.0.1:80/path", "this is a URL; write 127.0.0.1:80"},
    {"http://example.org/", "this is a URL; an address is host:port, :port, [ipv6]:port, unix:/path or systemd"},
    {"user:pw@example.org", "an address has no user or password; an address is host:port, :port, [ipv6]:port, unix:/path or systemd"},
    {"user:pw@127.0.0.1:80", "an address has no user or password; write 127.0.0.1:80"},
    {"/run/x.sock", "a path needs 'unix:' in front; write unix:/run/x.sock"},
    {"example.org", "an address is host:port, :port, [ipv6]:port, unix:/path or systemd"},
    {"systemd:", "the name after 'systemd:' is missing; write systemd for all inherited sockets"},
    {"systemd:a:b", "the name of an inherited socket has at most 255 bytes, no ':' and no control character among them"},
    {"systemd:" + std::string(256, 'x'),
     "the name of an inherited socket has at most 255 bytes, no ':' and no control character among them"},
    {"systemd2:80", "'systemd2' is no numeric address, and names are not looked up: numeric addresses only, or localhost:80"},
    {"unix:", "the path is missing; write unix:/path/to/socket"},
    {"unix:/" + std::string(107, 'x'), "the path of a unix socket has at most 107 bytes, this one has 108"},
    {std::string("unix:/a\0b", 9), "the path of a unix socket holds a NUL byte"},
};

INSTANTIATE_TEST_SUITE_P(Refused, WrongListenAddress, testing::ValuesIn(refused));

}  // namespace
}  // namespace tinyhttpd
