// SPDX-License-Identifier: MIT
// What the shell hands over arrives unchanged: bodies byte for byte, flags in every spelling, and nothing swallowed.
#include "config/command_line.hpp"
#include "config_support.hpp"

namespace tinyhttpd::config::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::optional<std::string> body(const Strings& arguments) {
    return config(arguments).response.body;
}

TEST(CommandLine, no_arguments_give_the_documented_server) {
    const Config loaded = config({});
    EXPECT_EQ(loaded, Config{});
    ASSERT_EQ(loaded.listen.size(), 1U);
    EXPECT_EQ(to_string(loaded.listen[0]), "127.0.0.1:8000");
}

TEST(CommandLine, a_body_is_taken_byte_for_byte) {
    const Strings bodies = {
        "",      " ",          "Hello World!", "[1,2]",    "[]", "{\"a\":1}", "a=",  "=",     "--=", "x\x01",         "\x01",
        "=\x01", "\\n%s$HOME", "line\n",       "\xff\xfe", "++", "a,b",       "'q'", "\"q\"", "%%",  "/windows:style"};
    for (const std::string& text : bodies) {
        if (!text.starts_with("--")) {
            EXPECT_EQ(body({text}), text);
        }
        EXPECT_EQ(body({"--", text}), text);
        EXPECT_EQ(body({"-b", text}), text);
        EXPECT_EQ(body({"--body", text}), text);
        EXPECT_EQ(body({"--body=" + text}), text);
        if (!text.empty()) {
            EXPECT_EQ(body({"-b" + text}), text);
        }
    }
}

TEST(CommandLine, a_body_that_looks_like_a_flag_can_be_given) {
    for (const std::string text : {"-x", "--help", "--status=", "-", "--"}) {
        EXPECT_EQ(body({"--body", text}), text);
        EXPECT_EQ(body({"-b", text}), text);
        EXPECT_EQ(body({"--body=" + text}), text);
        EXPECT_EQ(body({"--", text}), text);
    }
}

TEST(CommandLine, an_empty_value_does_not_swallow_the_next_argument) {
    const Config loaded = config({"--body=", "--status", "404"});
    EXPECT_EQ(loaded.response.body, "");
    EXPECT_EQ(loaded.response.status, 404);
}

TEST(CommandLine, a_repeatable_flag_does_not_swallow_the_body) {
    const Config loaded = config({"-H", "A: b", "--header", "C: d, e", "--header=F: g", "BODY"});
    EXPECT_THAT(loaded.response.headers, ElementsAre(Header{"A", "b"}, Header{"C", "d, e"}, Header{"F", "g"}));
    EXPECT_EQ(loaded.response.body, "BODY");
    EXPECT_EQ(body({"-l", ":1", "BODY"}), "BODY");
    EXPECT_EQ(body({"BODY", "-l", ":1"}), "BODY");
}

TEST(CommandLine, short_flags_can_be_run_together_and_carry_their_value) {
    const Config loaded = config({"-qs404", "-w2", "-l:80"});
    EXPECT_TRUE(loaded.quiet);
    EXPECT_EQ(loaded.response.status, 404);
    EXPECT_EQ(loaded.workers, 2U);
    EXPECT_EQ(to_string(loaded.listen.at(0)), ":80");
}

TEST(CommandLine, the_last_of_two_wins_so_that_an_alias_can_be_overridden) {
    EXPECT_EQ(config({"-s", "200", "-s", "404"}).response.status, 404);
    EXPECT_FALSE(config({"--date", "--no-date"}).response.date);
    EXPECT_TRUE(config({"--no-date", "--date"}).response.date);
}

TEST(CommandLine, names_of_peers_are_understood) {
    const Config loaded = config({"--text", "hi", "--status-code", "404"});
    EXPECT_EQ(loaded.response.body, "hi");
    EXPECT_EQ(loaded.response.status, 404);
    EXPECT_THAT(printed({"--help"}).standard_output, Not(HasSubstr("--text")));
    EXPECT_THAT(printed({"--help"}).standard_output, Not(HasSubstr("--status-code")));
}

// Only what an argument may mean is declared to the parser: an option that is overlooked there would be an unknown flag.
TEST(CommandLine, every_spelling_of_every_option_is_known) {
    const auto problems = [](const Strings& arguments) {
        std::vector<const char*> pointers;
        for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
        return read_command_line(server_command(), pointers).problems;
    };
    for (const Option* option : all_options()) {
        const std::string value = is_flag(option->type) ? "" : "=1";
        EXPECT_THAT(problems({"--" + std::string(option->name) + value}), IsEmpty());
        if (!option->alias.empty()) {
            EXPECT_THAT(problems({"--" + std::string(option->alias) + value}), IsEmpty());
        }
        if (is_negatable(*option)) {
            EXPECT_THAT(problems({"--no-" + std::string(option->name)}), IsEmpty());
        }
        if (option->letter == '\0') continue;
        const std::string letter(1, option->letter);
        EXPECT_THAT(problems(is_flag(option->type) ? Strings{"-q" + letter} : Strings{"-q" + letter + "1"}), IsEmpty());
    }
}

TEST(CommandLine, a_body_given_twice_is_refused) {
    EXPECT_THAT(problems({"-b", "a", "b"}), ElementsAre("--body and [BODY] are both given: leave one of them out"));
    EXPECT_THAT(problems({"a", "b"}), ElementsAre("b: one argument too many (a body of several words needs quotes)"));
    EXPECT_THAT(problems({"--", "a", "-b"}), ElementsAre("-b: one argument too many (a body of several words needs quotes)"));
    EXPECT_THAT(problems({"a", "--body-file", "/f"}),
                ElementsAre("--body-file: the body is given as a text too ([BODY]): leave one of them out"));
}

TEST(CommandLine, an_unknown_flag_is_answered_with_the_one_that_was_meant) {
    EXPECT_THAT(problems({"--lisen", ":80"}), ElementsAre("--lisen: unknown flag (did you mean '--listen'?)"));
    EXPECT_THAT(problems({"--max-req=3"}), ElementsAre("--max-req: unknown flag (did you mean '--max-requests'?)"));
    EXPECT_THAT(problems({"--no-dat"}), ElementsAre("--no-dat: unknown flag (did you mean '--no-date'?)"));
    EXPECT_THAT(problems({"--port", "80"}), ElementsAre("--port: unknown flag (did you mean '--listen :PORT'?)"));
    EXPECT_THAT(problems({"--frobnicate"}), ElementsAre("--frobnicate: unknown flag (see tinyhttpd --help)"));
    EXPECT_THAT(problems({"-x"}), ElementsAre("-x: unknown flag (see tinyhttpd --help)"));
    EXPECT_THAT(problems({"--check=no"}), ElementsAre("--check=no: --check takes no value"));
    EXPECT_THAT(problems({"--version="}), ElementsAre("--version=: --version takes no value"));
    EXPECT_THAT(problems({"--help=al"}), ElementsAre("--help=al: --help takes no value but all"));
    EXPECT_THAT(problems({"-b", "body", "--lisen", ":80"}), ElementsAre("--lisen: unknown flag (did you mean '--listen'?)"));
}

TEST(CommandLine, a_missing_value_is_named) {
    EXPECT_THAT(problems({"--workers"}), ElementsAre("--workers: its value is missing (--workers N|auto)"));
    EXPECT_THAT(problems({"-qb"}), ElementsAre("--body: its value is missing (--body TEXT)"));
}

TEST(CommandLine, usage_errors_exit_with_2) {
    for (const Strings& arguments :
         {Strings{"--lisen"}, {"-w"}, {"-w", "abc"}, {"a", "b"}, {"--date=maybe"}, {"--no-date=x"}, {"--engine", "kqueue"}, {"-l", "80"}})
        EXPECT_EQ(exit_status(arguments), 2) << testing::PrintToString(arguments);
}

TEST(CommandLine, help_is_given_even_when_the_rest_is_wrong) {
    EXPECT_THAT(printed({"--lisen", "--help"}).standard_output, StartsWith("Usage: tinyhttpd [OPTIONS] [BODY]\n"));
    EXPECT_THAT(printed({"-hw", "abc"}).standard_output, StartsWith("Usage:"));
    EXPECT_EQ(printed({"-h"}).standard_error, "");
}

TEST(CommandLine, version_names_the_engines) {
    const Outcome outcome = run({"-V"}, {}, {"epoll", "io_uring"});
    EXPECT_EQ(std::get<Printed>(outcome).standard_output, "tinyhttpd 1.2.3 (engines: epoll, io_uring)\n");
}

TEST(CommandLine, an_engine_that_is_not_built_in_is_refused_with_those_that_are) {
    EXPECT_THAT(problems({"--engine", "kqueue"}), ElementsAre("--engine kqueue: not built in (this build has auto, epoll)"));
    EXPECT_THAT(problems({}, {"TINYHTTPD_ENGINE=io_uring"}),
                ElementsAre("TINYHTTPD_ENGINE=io_uring (environment): not built in (this build has auto, epoll)"));
    EXPECT_EQ(config({"--engine", "epoll"}).engine, EngineName::epoll);
}

TEST(CommandLine, once_and_a_number_of_requests_contradict_each_other) {
    EXPECT_EQ(config({"--once"}).lifecycle.max_requests, 1U);
    EXPECT_EQ(config({}, {"TINYHTTPD_ONCE=true"}).lifecycle.max_requests, 1U);
    EXPECT_EQ(config({"--once=false"}).lifecycle.max_requests, 0U);
    EXPECT_THAT(problems({"--once", "--max-requests", "3"}),
                ElementsAre("--once: the number of requests is given too (--max-requests): leave one of them out"));
}

TEST(CommandLine, options_without_a_key_are_read_too) {
    const Config loaded = config({"--port-file", "/run/port", "--ready-fd", "3", "-q"});
    EXPECT_EQ(loaded.port_file, "/run/port");
    EXPECT_EQ(loaded.ready_fd, 3);
    EXPECT_TRUE(loaded.quiet);
}

TEST(CommandLine, a_long_flag_with_one_dash_is_no_row_of_short_ones) {
    const auto words = [](const std::string& given) { return given + ": a long flag takes two dashes (did you mean '-" + given + "'?)"; };
    for (const char* given : {"-text=hi", "-body=hi", "-listen=:5678", "-no-date", "-status-code=200", "-help"})
        EXPECT_THAT(problems({given}), ElementsAre(words(given)));
    EXPECT_THAT(problems({"-text", "hi"}), ElementsAre(words("-text")));
    EXPECT_THAT(problems({"-no-date", "hi"}), ElementsAre(words("-no-date")));
    EXPECT_THAT(problems({"-port=80"}), ElementsAre("-port: unknown flag (did you mean '--listen :PORT'?)"));
    EXPECT_THAT(problems({"-t=x"}), ElementsAre("-t=x: a short flag takes no '=' (did you mean '--check'?)"));
    EXPECT_THAT(problems({"-q=false"}), ElementsAre("-q=false: a short flag takes no '=' (did you mean '--quiet=false'?)"));
    EXPECT_THAT(problems({"-s=404"}), ElementsAre("-s=404: a short flag takes no '=' (did you mean '--status=404'?)"));
    EXPECT_THAT(problems({"-ql=:80"}), ElementsAre("-ql=:80: a short flag takes no '=' (did you mean '--listen=:80'?)"));
    EXPECT_EQ(config({"-b=hi"}).response.body, "=hi");
    // What follows a flag that takes a value is its value, whatever it looks like; so is what follows its letter.
    EXPECT_EQ(config({"--body", "-text=hi"}).response.body, "-text=hi");
    EXPECT_EQ(config({"-qb", "-text=hi"}).response.body, "-text=hi");
    EXPECT_EQ(config({"-bodyguard"}).response.body, "odyguard");
    EXPECT_EQ(config({"--", "-text=hi"}).response.body, "-text=hi");
}

TEST(CommandLine, a_flag_goes_by_the_name_that_was_typed) {
    EXPECT_THAT(problems({"--text"}), ElementsAre("--text: its value is missing (--text TEXT)"));
    EXPECT_THAT(problems({"--text", "hi", "x"}), ElementsAre("--text and [BODY] are both given: leave one of them out"));
    EXPECT_THAT(problems({"--status-code", "x"}), ElementsAre("--status-code x: expected a status code, 200 to 999"));
    EXPECT_THAT(problems({"--status-code=x"}), ElementsAre("--status-code x: expected a status code, 200 to 999"));
    EXPECT_THAT(problems({"--no-date=x"}), ElementsAre("--no-date=x: expected true or false"));
    EXPECT_THAT(problems({"--text", "a", "--body-file", "b"}),
                ElementsAre("--body-file: the body is given as a text too (--text): leave one of them out"));
}

TEST(CommandLine, a_body_that_looks_like_something_else_stays_the_body_and_is_doubted_aloud) {
    const std::vector<std::pair<std::string, std::string>> doubted = {
        {"help", "the body is 'help': did you mean 'tinyhttpd --help'?"},
        {"serve", "the body is 'serve': there is no such command, the server starts without one"},
        {"prob", "the body is 'prob': did you mean 'tinyhttpd probe'?"},
        {":8080", "the body is ':8080': did you mean '--listen :8080'?"},
        {"8080", "the body is '8080': did you mean '--listen :8080'?"},
        {"127.0.0.1:8001", "the body is '127.0.0.1:8001': did you mean '--listen 127.0.0.1:8001'?"},
    };
    for (const auto& [body, words] : doubted) {
        EXPECT_EQ(config({body}).response.body, body);
        EXPECT_EQ(config({body}).notice, words);
        // Said on purpose, it is not doubted.
        EXPECT_EQ(config({"--body", body}).notice, "") << body;
        EXPECT_EQ(config({"--", body}).notice, "") << body;
    }
    for (const char* body : {"", "OK", "404", "Hello World!", "systemd", "helpful", "{}", "99999", "up"})
        EXPECT_EQ(config({body}).notice, "") << body;
}

}  // namespace
}  // namespace tinyhttpd::config::test
