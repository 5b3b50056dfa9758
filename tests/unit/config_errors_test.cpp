// SPDX-License-Identifier: MIT
// The exact words of refusals: each names its source, its place and the way out. Scripts and users see these lines.
#include "config_support.hpp"

namespace tinyhttpd::config::test {
namespace {

using testing::ElementsAre;

struct Refused {
    std::string flag;
    std::string text;
    std::string words;
};

void PrintTo(const Refused& row, std::ostream* out) {
    *out << row.flag << ' ' << row.text;
}

class Refusal : public testing::TestWithParam<Refused> {};

TEST_P(Refusal, says_what_would_have_been_right) {
    const auto& [flag, text, words] = GetParam();
    EXPECT_THAT(problems({flag, text}), ElementsAre(words));
    EXPECT_EQ(exit_status({flag, text}), 2);
}

const std::vector<Refused> refusals = {
    {"--workers", "abc", "--workers abc: expected a number, 1 to 1024, or auto"},
    {"--workers", "0", "--workers 0: expected a number, 1 to 1024, or auto"},
    {"--workers", "1025", "--workers 1025: expected a number, 1 to 1024, or auto"},
    {"--workers", "-1", "--workers -1: expected a number, 1 to 1024, or auto"},
    {"--workers", "+1", "--workers +1: expected a number, 1 to 1024, or auto"},
    {"--workers", "1 ", "--workers '1 ': expected a number, 1 to 1024, or auto"},
    {"--workers", "", "--workers '': expected a number, 1 to 1024, or auto"},
    {"--backlog", "0", "--backlog 0: expected a number, 1 to 65535"},
    {"--max-requests", "99999999999999999999", "--max-requests 99999999999999999999: expected a number, 0 to 9223372036854775807"},
    {"--seed", "18446744073709551615", "--seed 18446744073709551615: expected a number, 0 to 9223372036854775807"},
    {"--status", "100", "--status 100: a 1xx status is never a final answer; expected 200 to 999"},
    {"--status", "199", "--status 199: a 1xx status is never a final answer; expected 200 to 999"},
    {"--status", "99", "--status 99: expected a status code, 200 to 999"},
    {"--status", "1000", "--status 1000: expected a status code, 200 to 999"},
    {"--status", "OK", "--status OK: expected a status code, 200 to 999"},
    {"--max-time", "5", "--max-time 5: a duration needs a unit: 5ms or 5s?"},
    {"--max-time", "5 s", "--max-time '5 s': expected a duration such as 250us, 100ms, 5s, 1m, 2h or 0"},
    {"--max-time", "1.5s", "--max-time 1.5s: expected a duration such as 250us, 100ms, 5s, 1m, 2h or 0"},
    {"--max-time", "-5s", "--max-time -5s: expected a duration such as 250us, 100ms, 5s, 1m, 2h or 0"},
    {"--max-time", "5S", "--max-time 5S: expected a duration such as 250us, 100ms, 5s, 1m, 2h or 0"},
    {"--max-time", "9000h", "--max-time 9000h: expected a duration, 0 to 8760h"},
    {"--max-time", "99999999999999999h", "--max-time 99999999999999999h: the number is too large"},
    {"--idle-timeout", "0", "--idle-timeout 0: expected a duration, 1ms to 8760h"},
    {"--read-buffer", "255", "--read-buffer 255: expected a size, 256 to 16M"},
    {"--read-buffer", "17M", "--read-buffer 17M: expected a size, 256 to 16M"},
    {"--read-buffer", "4kb", "--read-buffer 4kb: expected a size such as 512, 4k or 1M"},
    {"--max-body", "9999999999G", "--max-body 9999999999G: the number is too large"},
    {"--engine", "foo", "--engine foo: expected auto, io_uring, epoll or kqueue"},
    {"--log-format", "xml", "--log-format xml: expected common, combined or json"},
    {"--log-overflow", "wait", "--log-overflow wait: expected drop or block"},
    {"--log-level", "INFO", "--log-level INFO: expected error, warn, info or debug"},
    {"--unix-mode", "999", "--unix-mode 999: expected permissions in octal, 0000 to 0777, such as 0660"},
    {"--unix-mode", "7777", "--unix-mode 7777: expected permissions in octal, 0000 to 0777, such as 0660"},
    {"--body-file", "", "--body-file '': the path is empty"},
    {"--content-type", "", "--content-type '': the type is empty (to send no Content-Type, use --header 'Content-Type:')"},
    {"--content-type", "a\nb", "--content-type a\\nb: a control character cannot be sent in a header"},
    {"--header", "nocolon", "--header nocolon: expected 'Name: value', there is no ':'"},
    {"--header", ": x", "--header ': x': the name in front of the ':' is missing"},
    {"--header", "a b: c", "--header 'a b: c': the name 'a b' holds a character that header names cannot have"},
    {"--header", "A : c", "--header 'A : c': the name 'A ' holds a character that header names cannot have"},
    {"--header", "A: b\nc", "--header 'A: b\\nc': a CR, LF, NUL or other control character cannot be sent in a header"},
    {"--header", "A: b\rc", "--header 'A: b\\x0dc': a CR, LF, NUL or other control character cannot be sent in a header"},
    {"--header", "A\n: b", "--header 'A\\n: b': the name A\\n holds a character that header names cannot have"},
    {"--header", "content-length: 3", "--header 'content-length: 3': Content-Length follows from the body and cannot be set"},
    {"--header", "Transfer-Encoding: chunked",
     "--header 'Transfer-Encoding: chunked': Transfer-Encoding cannot be set: the body is sent with its Content-Length"},
    {"--header", "Connection: close", "--header 'Connection: close': Connection is set by the server (see --no-keepalive)"},
    {"--header", "Date:", "--header Date:: Date is set by the server (--no-date leaves it out)"},
};

INSTANTIATE_TEST_SUITE_P(Values, Refusal, testing::ValuesIn(refusals));

/// What stands in quotes behind "(try ".
Strings remedies_in(const std::string& line) {
    Strings out;
    std::size_t at = line.find("(try '");
    while (at != std::string::npos && (at = line.find('\'', at)) != std::string::npos) {
        const auto end = line.find('\'', at + 1);
        out.push_back(line.substr(at + 1, end - at - 1));
        at = end == std::string::npos ? end : end + 1;
    }
    return out;
}

TEST(Refusals, a_remedy_is_itself_accepted) {
    // By flag, each word of the grammar left out, twice, wrong or in another place.
    const std::vector<std::pair<std::string, Strings>> words = {
        {"--expect", {"", "2", "-1", "0+", "3-1", "200", "x", "*", "GET", "TRACE", "/x", "/x?", "orders", "**"}},
        {"--route", {"", "200", "99", "x", "*", "GET", "TRACE", "/x", "/x?", "orders", "**", "OK"}},
    };
    std::size_t count = 0;
    const auto try_out = [&count](const std::string& flag, const std::string& text) {
        for (const std::string& line : problems({flag, text})) {
            for (const std::string& remedy : remedies_in(line)) {
                EXPECT_THAT(problems({flag, remedy}), testing::IsEmpty()) << line;
                ++count;
            }
        }
    };
    for (const auto& [flag, parts] : words) {
        for (const std::string& one : parts)
            for (const std::string& two : parts)
                for (const std::string& three : parts) try_out(flag, one + ' ' + two + ' ' + three);
    }
    for (const std::string sign : {":", "=", " ", ","}) {
        for (const std::string one : {"5%", "503", "reset", "gzip", "page.html.gz", "2s", ""}) {
            for (const std::string two : {"5%", "503", "reset", "gzip", "page.html.gz", "2s", ""}) {
                for (const std::string flag : {"--fault", "--sequence", "--delay"}) try_out(flag, one + sign + two);
                // A variant is of a body.
                for (const std::string& line : problems({"--variant", one + sign + two}))
                    for (const std::string& remedy : remedies_in(line))
                        EXPECT_THAT(problems({"body", "--variant", remedy}), testing::IsEmpty()) << line;
            }
        }
    }
    EXPECT_GT(count, 1000U);
}

TEST(Refusals, every_wrong_value_is_reported_at_once_and_the_overridden_ones_too) {
    const TemporaryDirectory directory;
    const std::string file = directory.write("c.toml", "workers = 5000\n");
    EXPECT_THAT(problems({"-w", "abc", "--max-time", "5", "-c", file}, {"TINYHTTPD_WORKERS=x", "TINYHTTPD_STATUS=100"}),
                ElementsAre("--max-time 5: a duration needs a unit: 5ms or 5s?", "--workers abc: expected a number, 1 to 1024, or auto",
                            "TINYHTTPD_STATUS=100 (environment): a 1xx status is never a final answer; expected 200 to 999",
                            "TINYHTTPD_WORKERS=x (environment): expected a number, 1 to 1024, or auto",
                            file + ":1:11: workers = 5000: expected a number, 1 to 1024, or auto"));
}

TEST(Refusals, the_environment_is_named_as_the_source) {
    EXPECT_THAT(problems({}, {"TINYHTTPD_WORKERS=abc"}),
                ElementsAre("TINYHTTPD_WORKERS=abc (environment): expected a number, 1 to 1024, or auto"));
    EXPECT_THAT(problems({}, {"TINYHTTPD_HEADER=A: b\nbad\n"}),
                ElementsAre("TINYHTTPD_HEADER=bad (environment): expected 'Name: value', there is no ':'"));
    EXPECT_THAT(problems({}, {"TINYHTTPD_LISTEN="}), ElementsAre("TINYHTTPD_LISTEN='' (environment): expected at least one address"));
    EXPECT_THAT(problems({}, {"TINYHTTPD_BODY=a", "TINYHTTPD_BODY_FILE=b"}),
                ElementsAre("TINYHTTPD_BODY_FILE=b (environment): the body is given as a text too (TINYHTTPD_BODY=a (environment)): "
                            "leave one of them out"));
}

TEST(Refusals, a_long_value_is_cut_and_its_control_bytes_are_shown) {
    const std::string wrong = std::string("a\x1b[31m") + std::string(300, 'x');
    EXPECT_THAT(problems({"-w", wrong}),
                ElementsAre("--workers a\\x1b[31m" + std::string(54, 'x') + "…: expected a number, 1 to 1024, or auto"));
    EXPECT_THAT(problems({"-w", std::string(59, 'x') + "äöü"}),
                ElementsAre("--workers " + std::string(59, 'x') + "…: expected a number, 1 to 1024, or auto"));
}

TEST(Refusals, an_unreadable_configuration_exits_with_1_unless_it_is_checked) {
    EXPECT_THAT(problems({"-c", "/does/not/exist.toml"}),
                ElementsAre("cannot read the configuration from /does/not/exist.toml: no such file or directory"));
    EXPECT_EQ(exit_status({"-c", "/does/not/exist.toml"}), 1);
    EXPECT_EQ(exit_status({"-c", "/does/not/exist.toml", "--check"}), 2);
    EXPECT_EQ(exit_status({"-c", "/does/not/exist.toml", "-w", "abc"}), 2);
    EXPECT_EQ(exit_status({"-c", "/"}), 1);
}

TEST(Check, a_valid_configuration_says_so_on_standard_error_alone) {
    EXPECT_EQ(printed({"--check"}).standard_output, "");
    EXPECT_EQ(printed({"-t"}).standard_error, "tinyhttpd: the configuration is valid\n");
    EXPECT_EQ(printed({"-tq"}).standard_error, "");
}

TEST(Check, an_interface_that_does_not_exist_is_found) {
    EXPECT_THAT(problems({"-t", "-l", ":0", "-l", "[fe80::1%nope]:0"}), ElementsAre("--listen [fe80::1%nope]:0: no interface 'nope'"));
    EXPECT_THAT(problems({"-t"}, {"TINYHTTPD_LISTEN=[fe80::1%4294967295]:0"}),
                ElementsAre("TINYHTTPD_LISTEN=[fe80::1%4294967295]:0 (environment): no interface '4294967295'"));
    EXPECT_THAT(problems({"-t", "-l", "[fe80::1%1]:0"}), ElementsAre());
    // The file may be meant for another machine.
    EXPECT_THAT(problems({"--print-config", "-l", "[fe80::1%nope]:0"}), ElementsAre());
}

TEST(Check, a_body_file_that_cannot_be_read_is_found) {
    EXPECT_THAT(problems({"-t", "--body-file", "/does/not/exist"}),
                ElementsAre("--body-file /does/not/exist: cannot read the body from /does/not/exist: no such file or directory"));
    EXPECT_EQ(exit_status({"-t", "--body-file", "/does/not/exist"}), 2);
    EXPECT_EQ(exit_status({"-t", "-w", "abc"}), 2);
}

}  // namespace
}  // namespace tinyhttpd::config::test
