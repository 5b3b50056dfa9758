// SPDX-License-Identifier: MIT
// `tinyhttpd probe`: its flags, and that it looks for a server where that server's own configuration puts it.
#include "config/command.hpp"
#include "config/value.hpp"
#include "config_support.hpp"

namespace tinyhttpd::config::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Outcome run_probe(const Strings& arguments, const Strings& environment = {}) {
    const auto argv = pointers(arguments);
    auto envp = pointers(environment);
    envp.push_back(nullptr);
    return load_probe(Invocation{argv, envp.data(), "1.2.3", {"epoll"}});
}

Config probe(const Strings& arguments, const Strings& environment = {}) {
    const Outcome outcome = run_probe(arguments, environment);
    if (const auto* loaded = std::get_if<Config>(&outcome)) return *loaded;
    const auto* problems = std::get_if<Problems>(&outcome);
    ADD_FAILURE() << "refused: " << (problems != nullptr ? testing::PrintToString(problems->lines) : "something was printed instead");
    return {};
}

Strings refused(const Strings& arguments, const Strings& environment = {}) {
    const Outcome outcome = run_probe(arguments, environment);
    const auto* found = std::get_if<Problems>(&outcome);
    return found != nullptr ? found->lines : Strings{};
}

std::string asked(const Strings& arguments, const Strings& environment = {}) {
    return to_string(probe(arguments, environment).listen.front());
}

TEST(Probe, without_arguments_expects_what_is_documented) {
    EXPECT_EQ(probe({}).probe, ProbeConfig{});
    EXPECT_EQ(probe({}).probe.timeout, std::chrono::seconds(2));
    EXPECT_EQ(probe({}).probe.retries, std::nullopt);
}

TEST(Probe, has_the_defaults_that_its_help_names) {
    for (const Option* option : options_of(probe_command())) {
        if (option->default_text.empty()) continue;
        Value value;
        ASSERT_EQ(parse_value(*option, option->default_text, value), std::nullopt) << option->name;
        Config changed;
        option->store(changed, value);
        EXPECT_EQ(changed, Config{}) << option->name;
    }
}

TEST(Probe, takes_each_of_its_flags) {
    const Config loaded = probe({"--timeout", "250ms", "-H", "Host: a", "--header=X-A:", "--retries=3", "--wait", "1m", "--expect-status",
                                 "200", "--expect-body=up", "-q", "http://127.0.0.1:1/"});
    EXPECT_EQ(loaded.probe, (ProbeConfig{"http://127.0.0.1:1/",
                                         200,
                                         200,
                                         {{"Host", "a"}, {"X-A", ""}},
                                         "up",
                                         std::chrono::milliseconds(250),
                                         3,
                                         std::chrono::minutes(1)}));
    EXPECT_TRUE(loaded.quiet);
    const Config range = probe({"--expect-status", "500-599"});
    EXPECT_EQ(range.probe.status_min, 500);
    EXPECT_EQ(range.probe.status_max, 599);
}

TEST(Probe, finds_the_server_by_what_configured_it) {
    const TemporaryDirectory directory;
    const std::string file = directory.write("stub.toml", "listen = [':3', ':4']\nstatus = 1\n[response]\nstatus = 503\n");
    const std::string good = directory.write("good.toml", "listen = [':3', ':4']\n[response]\nstatus = 503\n");
    EXPECT_EQ(asked({}), "127.0.0.1:8000");
    EXPECT_EQ(asked({"-l", ":1", "-l", ":2"}), ":1");
    EXPECT_EQ(asked({}, {"TINYHTTPD_LISTEN=unix:/run/x\n:2"}), "unix:/run/x");
    EXPECT_EQ(asked({"--config", good}), ":3");
    EXPECT_EQ(asked({}, {"TINYHTTPD_CONFIG=" + good}), ":3");
    EXPECT_EQ(asked({"--config", good, "--listen", ":1"}), ":1");
    EXPECT_THAT(refused({"--config", file}), ElementsAre(HasSubstr("unknown key 'status'")));
    EXPECT_THAT(refused({"--listen", "8000"}), ElementsAre(StartsWith("--listen 8000: a port needs a ':' in front")));
}

TEST(Probe, with_a_url_needs_no_configuration) {
    EXPECT_EQ(probe({"http://127.0.0.1:1/"}, {"TINYHTTPD_CONFIG=/nowhere", "TINYHTTPD_STATUS=abc"}).probe.url, "http://127.0.0.1:1/");
}

TEST(Probe, does_not_take_the_servers_settings_for_its_own) {
    EXPECT_FALSE(probe({}, {"TINYHTTPD_QUIET=true", "TINYHTTPD_TIMEOUT=9s"}).quiet);
    EXPECT_EQ(probe({}, {"TINYHTTPD_TIMEOUT=9s", "TINYHTTPD_WAIT=9s"}).probe, ProbeConfig{});
}

TEST(Probe, says_where_its_flags_are_wrong) {
    EXPECT_THAT(refused({"--expect-status", "100"}), ElementsAre(StartsWith("--expect-status 100: expected a status code or a range")));
    for (const std::string range : {"399-200", "200-", "-200", "200-1000", "2xx", "200,204", ""})
        EXPECT_THAT(refused({"--expect-status=" + range}), ElementsAre(HasSubstr("expected a status code or a range"))) << range;
    EXPECT_THAT(refused({"--timeout", "2"}), ElementsAre("--timeout 2: a duration needs a unit: 2ms or 2s?"));
    EXPECT_THAT(refused({"--timeout", "0"}), ElementsAre(HasSubstr("expected a duration, 1ms to 24h")));
    EXPECT_THAT(refused({"--retry", "2"}), Not(testing::IsEmpty()));
    EXPECT_THAT(refused({"--expect-stauts=200"}), ElementsAre("--expect-stauts: unknown flag (did you mean '--expect-status'?)"));
    EXPECT_THAT(refused({"--body=x"}), ElementsAre(StartsWith("--body: unknown flag")));
    EXPECT_THAT(refused({"a", "b"}), ElementsAre("b: one argument too many"));
    EXPECT_THAT(refused({"a", "--listen", ":1"}), ElementsAre("[URL] and --listen are both given: leave one of them out"));
    EXPECT_THAT(refused({"--wait"}), ElementsAre("--wait: its value is missing (--wait DUR)"));
}

TEST(Probe, is_a_body_where_it_is_not_the_first_word) {
    EXPECT_EQ(config({"--", "probe"}).response.body, "probe");
    EXPECT_EQ(config({"-q", "probe"}).response.body, "probe");
    EXPECT_EQ(config({"--body", "probe"}).response.body, "probe");
}

}  // namespace
}  // namespace tinyhttpd::config::test
