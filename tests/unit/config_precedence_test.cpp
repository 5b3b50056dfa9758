// SPDX-License-Identifier: MIT
// Flag > environment > file > default, in every pairing, for scalars, switches, lists and the two forms of a body; and
// every option of the table means the same in every layer.
#include "config/option_table.hpp"
#include "config_support.hpp"

namespace tinyhttpd::config::test {
namespace {

using testing::ElementsAre;

struct Layers {
    bool flag = false;
    bool environment = false;
    bool file = false;
};

/// One setting as each layer spells it.
struct Spelling {
    Strings flag;
    std::string environment;
    std::string file;
};

class Precedence : public testing::TestWithParam<Layers> {
protected:
    /// The configuration when each layer that takes part says what `spelling` has for it.
    Config layered(const Spelling& spelling) const {
        Strings arguments;
        Strings environment;
        if (GetParam().file) arguments = {"--config", directory_.write("c.toml", spelling.file)};
        if (GetParam().environment) environment.push_back(spelling.environment);
        if (GetParam().flag) arguments.insert(arguments.end(), spelling.flag.begin(), spelling.flag.end());
        return config(arguments, environment);
    }
    /// What has to win among the values of the four layers.
    template <class T>
    T winner(T flag, T environment, T file, T fallback) const {
        if (GetParam().flag) return flag;
        if (GetParam().environment) return environment;
        return GetParam().file ? file : fallback;
    }
    TemporaryDirectory directory_;
};

TEST_P(Precedence, a_script_can_override_one_number_of_the_file_above_it) {
    EXPECT_EQ(layered({{"-w", "1"}, "TINYHTTPD_WORKERS=2", "workers = 3"}).workers, winner(1U, 2U, 3U, 0U));
}

TEST_P(Precedence, a_switch_can_be_turned_on_again_above_a_layer_that_turned_it_off) {
    EXPECT_EQ(layered({{"--date"}, "TINYHTTPD_DATE=off", "response.date = true"}).response.date, winner(true, false, true, true));
    EXPECT_EQ(layered({{"--no-date"}, "TINYHTTPD_DATE=on", "response.date = false"}).response.date, winner(false, true, false, true));
}

TEST_P(Precedence, a_list_replaces_the_whole_list_below_it) {
    const std::vector<Header> flag = {{"F", "1"}};
    const std::vector<Header> environment = {{"E", "1"}, {"E", "2"}};
    const std::vector<Header> file = {{"A", "1"}, {"B", "2"}, {"C", "3"}};
    const Spelling spelling = {{"-H", "F: 1"}, "TINYHTTPD_HEADER=E: 1\nE: 2", "response.headers = ['A: 1', 'B: 2', 'C: 3']"};
    EXPECT_EQ(layered(spelling).response.headers, winner(flag, environment, file, {}));
}

TEST_P(Precedence, the_addresses_of_a_higher_layer_are_the_only_ones_bound) {
    const auto listen = layered({{"-l", ":1", "-l", ":2"}, "TINYHTTPD_LISTEN=:3", "listen = [':4', ':5']"}).listen;
    Strings texts;
    for (const ListenAddress& address : listen) texts.push_back(to_string(address));
    EXPECT_EQ(texts, winner<Strings>({":1", ":2"}, {":3"}, {":4", ":5"}, {"127.0.0.1:8000"}));
}

TEST_P(Precedence, a_body_file_hides_the_body_below_it) {
    const ResponseConfig response = layered({{"--body-file", "/f"}, "TINYHTTPD_BODY=environment", "response.body_file = '/file'"}).response;
    using Text = std::optional<std::string>;
    EXPECT_EQ(response.body, winner<Text>({}, "environment", {}, {}));
    EXPECT_EQ(response.body_file, winner<Text>("/f", {}, "/file", {}));
}

TEST_P(Precedence, a_body_hides_the_body_file_below_it) {
    const ResponseConfig response = layered({{"flag"}, "TINYHTTPD_BODY_FILE=/e", "response.body = 'file'"}).response;
    using Text = std::optional<std::string>;
    EXPECT_EQ(response.body, winner<Text>("flag", {}, "file", {}));
    EXPECT_EQ(response.body_file, winner<Text>({}, "/e", {}, {}));
}

TEST_P(Precedence, once_counts_as_the_layer_it_stands_in) {
    const auto requests = layered({{"--once"}, "TINYHTTPD_MAX_REQUESTS=2", "lifecycle.max_requests = 3"}).lifecycle.max_requests;
    EXPECT_EQ(requests, winner<std::uint64_t>(1, 2, 3, 0));
}

INSTANTIATE_TEST_SUITE_P(EveryPairing, Precedence,
                         testing::Values(Layers{}, Layers{.file = true}, Layers{.environment = true}, Layers{.flag = true},
                                         Layers{.environment = true, .file = true}, Layers{.flag = true, .file = true},
                                         Layers{.flag = true, .environment = true},
                                         Layers{.flag = true, .environment = true, .file = true}),
                         [](const auto& instance) {
                             const Layers& layers = instance.param;
                             return std::string("default") + (layers.file ? "_file" : "") + (layers.environment ? "_environment" : "") +
                                    (layers.flag ? "_flag" : "");
                         });

TEST(Configuration, the_variable_that_names_the_file_is_overridden_by_the_flag) {
    const TemporaryDirectory directory;
    const std::string one = directory.write("one.toml", "workers = 1");
    const std::string two = directory.write("two.toml", "workers = 2");
    EXPECT_EQ(config({}, {"TINYHTTPD_CONFIG=" + one}).workers, 1U);
    EXPECT_EQ(config({"-c", two}, {"TINYHTTPD_CONFIG=" + one}).workers, 2U);
}

TEST(Configuration, variables_a_cluster_or_an_image_sets_do_not_change_the_server) {
    EXPECT_EQ(config({}, {"TINYHTTPD_PORT=tcp://10.0.0.1:80", "TINYHTTPD_SERVICE_HOST=10.0.0.1", "TINYHTTPD_VERSION=9", "TINYHTTPD_HELP=1",
                          "TINYHTTPD_CHECK=1", "TINYHTTPD_NO_WORKERS=1", "OTHER=1", "no equals sign"}),
              Config{});
}

TEST(Configuration, every_negated_flag_has_its_variable) {
    int negated = 0;
    for (const Option* option : all_options()) {
        if (!is_negatable(*option)) continue;
        ++negated;
        std::string flag = "--no-" + std::string(option->name);
        std::string variable = "TINYHTTPD_NO";
        for (const char c : "-" + std::string(option->name)) variable += c == '-' ? '_' : static_cast<char>(std::toupper(c));
        EXPECT_EQ(config({}, {variable + "=1"}), config({flag})) << variable;
        EXPECT_NE(config({}, {variable + "=1"}), Config{}) << variable;
        EXPECT_EQ(config({}, {variable + "=false"}), Config{}) << variable;
        EXPECT_EQ(config({"--" + std::string(option->name)}, {variable + "=1"}), Config{}) << "a flag wins over " << variable;
        EXPECT_THAT(problems({}, {variable + "=maybe"}), ElementsAre(variable + "=maybe (environment): expected true or false"));
        EXPECT_THAT(problems({}, {environment_name(*option) + "=1", variable + "=1"}),
                    ElementsAre(variable + "=1 (environment): is given as " + environment_name(*option) +
                                "=1 (environment) too: leave one of them out"));
    }
    EXPECT_GE(negated, 3);  // --no-date, --no-server-header, --no-keepalive
}

/// A text for each option that differs from its default, with its TOML form.
struct Sample {
    std::string text;
    std::string toml;
};

Sample sample(const Option& option) {
    const auto quoted = [](const std::string& text) { return Sample{text, '"' + text + '"'}; };
    switch (option.type) {
        case Type::boolean: return option.default_text == "true" ? Sample{"false", "false"} : Sample{"true", "true"};
        case Type::text: return quoted("some text");
        case Type::media_type: return quoted("image/png");
        case Type::input_path:
        case Type::output_path: return quoted("/some/path");
        case Type::choice: return quoted(std::string(option.choices[option.choices[0] == option.default_text ? 1 : 0]));
        case Type::count:
        case Type::count_or_auto: return {"7", "7"};
        case Type::size: return quoted("5k");
        case Type::duration: return quoted("17ms");
        case Type::status: return {"418", "418"};
        case Type::mode: return quoted("0600");
        case Type::addresses: return {"[::1]:9", "[\"[::1]:9\"]"};
        case Type::headers: return {"A: b", "[\"A: b\"]"};
        case Type::variants: return {"gzip: /some/path", "[\"gzip: /some/path\"]"};
        case Type::origin: return quoted("https://a.example");
        case Type::path: return quoted("/path");
        case Type::sequence: return quoted("503x2,ok");
        case Type::faults: return quoted("503:5%");
        case Type::delays: return quoted("10ms-1s");
        case Type::routes: return {"/a 418", "[{path = \"/a\", status = 418}]"};
        case Type::expectations: return {"2 POST /a", "[\"2 POST /a\"]"};
        case Type::methods:       // of a route alone
        case Type::status_range:  // of the probe alone
        case Type::action: break;
    }
    return {};
}

TEST(Configuration, every_option_means_the_same_in_every_layer) {
    const TemporaryDirectory directory;
    const Strings engines = {"epoll", "io_uring", "kqueue"};
    for (const Option* option : all_options()) {
        if (option->type == Type::action || option->name == "config") continue;
        if (option->name == "variant") continue;  // what it means depends on where the body is: config_variant_test.cpp
        const Sample value = sample(*option);
        SCOPED_TRACE("--" + std::string(option->name));
        const std::string flag = "--" + std::string(option->name) + '=' + value.text;
        // What is about the readiness or the liveness asks for a way to ask.
        const Strings asked = option->name == "unhealthy-after" ? Strings{"--health", "/asked"} : Strings{"--ready", "/asked"};
        const bool is_asked = option->key.starts_with("health.") && !option->key.ends_with("path");
        const Strings others = is_asked ? asked : Strings{};
        const auto with_others = [&others](Strings arguments) {
            arguments.insert(arguments.end(), others.begin(), others.end());
            return arguments;
        };
        const Outcome by_flag = run(with_others({flag}), {}, engines);
        const Outcome by_environment = run(others, {environment_name(*option) + '=' + value.text}, engines);
        ASSERT_TRUE(std::holds_alternative<Config>(by_flag)) << flag;
        ASSERT_TRUE(std::holds_alternative<Config>(by_environment));
        EXPECT_NE(std::get<Config>(by_flag), config(others)) << "the option changes nothing";
        EXPECT_EQ(std::get<Config>(by_flag), std::get<Config>(by_environment));
        if (option->key.empty()) continue;
        const std::string file = directory.write("c.toml", std::string(option->key) + " = " + value.toml);
        const Config by_file = config(with_others({"-c", file}), {});
        EXPECT_EQ(std::get<Config>(by_flag), by_file);
    }
}

TEST(Configuration, the_defaults_of_the_table_are_those_of_the_program) {
    for (const Option* option : all_options()) {
        if (option->default_text.empty() || is_flag(option->type)) continue;
        const std::string flag = "--" + std::string(option->name) + '=' + std::string(option->default_text);
        EXPECT_EQ(config({flag}), Config{}) << flag;
    }
    EXPECT_EQ(config({"--date", "--server-header", "--keepalive", "--quiet=false", "--once=false"}), Config{});
}

}  // namespace
}  // namespace tinyhttpd::config::test
