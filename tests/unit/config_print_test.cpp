// SPDX-License-Identifier: MIT
// --print-config: what it prints loads back to the same configuration, whatever was asked for.
#include "config/response.hpp"
#include "config_support.hpp"

namespace tinyhttpd::config::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PrintedConfiguration : public testing::Test {
protected:
    /// What a second tinyhttpd makes of the printed text.
    Config reloaded(Strings arguments, const Strings& environment = {}) const {
        arguments.insert(arguments.begin(), "--print-config");
        text_ = printed(arguments, environment).standard_output;
        return config({"--config", directory_.write("printed.toml", text_)});
    }
    void expect_round_trip(const Strings& arguments, const Strings& environment = {}) const {
        EXPECT_EQ(reloaded(arguments, environment), config(arguments, environment)) << text_;
    }
    TemporaryDirectory directory_;
    mutable std::string text_;
};

TEST_F(PrintedConfiguration, the_defaults_load_back) {
    expect_round_trip({});
}

TEST_F(PrintedConfiguration, every_setting_loads_back) {
    expect_round_trip({"-l",
                       ":1",
                       "-l",
                       "[::1]:2",
                       "-l",
                       "unix:/run/s",
                       "-w",
                       "3",
                       "--engine",
                       "epoll",
                       "-s",
                       "404",
                       "-H",
                       "A: b, c",
                       "-H",
                       "Server:",
                       "--content-type",
                       "text/html",
                       "--no-date",
                       "--no-server-header",
                       "--unix-mode",
                       "600",
                       "--backlog",
                       "007",
                       "--proxy-protocol",
                       "--read-buffer",
                       "4KiB",
                       "--write-buffer",
                       "8k",
                       "--max-head",
                       "9000",
                       "--max-body",
                       "0",
                       "--max-connections",
                       "10",
                       "--no-keepalive",
                       "--keepalive-requests",
                       "5",
                       "--head-timeout",
                       "1ms",
                       "--idle-timeout",
                       "1m",
                       "--write-timeout",
                       "2h",
                       "--access-log",
                       "-",
                       "--log-format",
                       "json",
                       "--log-buffer",
                       "1M",
                       "--log-flush",
                       "250ms",
                       "--log-overflow",
                       "block",
                       "--log-level",
                       "debug",
                       "--max-requests",
                       "9",
                       "--max-time",
                       "3s",
                       "--shutdown-timeout",
                       "0",
                       "--shutdown-delay",
                       "1s",
                       "body"});
}

TEST_F(PrintedConfiguration, any_text_a_shell_can_pass_loads_back) {
    for (const std::string text : {"", "\"quoted\" \\ back", "line\nline\r\n\ttab", "\x01\x02\x7f\x1b[31m", "'''\"\"\"",
                                   "Grüße, 世界 \xf0\x9f\x8e\x89", "[1, 2]", "\xed\x9f\xbf\xee\x80\x80", "ends in backslash\\"})
        expect_round_trip({"--", text});
}

TEST_F(PrintedConfiguration, the_environment_and_the_file_are_part_of_it) {
    const std::string file = directory_.write("given.toml", "workers = 3\n[response]\nbody_file = 'b.txt'\n");
    expect_round_trip({"-c", file}, {"TINYHTTPD_STATUS=404"});
    EXPECT_THAT(text_, HasSubstr("workers = 3\n"));
    EXPECT_THAT(text_, HasSubstr("status = 404\n"));
    EXPECT_THAT(text_, HasSubstr("body_file = \"" + directory_.path("b.txt") + "\"\n"));
}

TEST_F(PrintedConfiguration, a_relative_path_still_names_the_same_file_elsewhere) {
    const std::string absolute = (std::filesystem::current_path() / "b.txt").string();
    EXPECT_EQ(reloaded({"--body-file", "b.txt"}).response.body_file, absolute);
    EXPECT_EQ(reloaded({"--body-file", "-"}).response.body_file, "-");
}

TEST_F(PrintedConfiguration, once_is_printed_as_the_number_it_stands_for) {
    EXPECT_EQ(reloaded({"--once"}).lifecycle.max_requests, 1U);
}

TEST_F(PrintedConfiguration, bytes_that_toml_cannot_hold_are_refused_and_not_mangled) {
    for (const std::string text : {"\x80", "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\xe0\x80\x80"})
        EXPECT_THAT(problems({"--print-config", "--", text}),
                    ElementsAre("--print-config: response.body is not UTF-8, which TOML cannot hold (use --body-file for such a body)"));
}

TEST_F(PrintedConfiguration, a_wrong_configuration_is_not_printed) {
    EXPECT_EQ(exit_status({"--print-config", "-w", "abc"}), 2);
}

TEST_F(PrintedConfiguration, it_opens_with_the_keys_that_stand_in_no_section) {
    EXPECT_THAT(printed({"--print-config"}).standard_output,
                testing::StartsWith("listen = [\"127.0.0.1:8000\"]\nworkers = \"auto\"\nengine = \"auto\"\npin_workers = false\nexpect = "
                                    "[]\n\n[response]\nstatus = 200\n"));
}

}  // namespace
}  // namespace tinyhttpd::config::test
