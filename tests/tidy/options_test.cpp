// SPDX-License-Identifier: MIT
// Drift: the option table, --help, the man pages, the completions and config.example.toml say the same. A user who reads
// one of them is not lied to. What the shells make of the completions is completions_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "config/load.hpp"
#include "config/option_table.hpp"
#include "config/print.hpp"
#include "config/toml_file.hpp"

namespace tinyhttpd::config {
namespace {

using testing::HasSubstr;

using Names = std::set<std::string>;

std::string read_source(const std::string& name) {
    std::ifstream file(std::filesystem::path(TINYHTTPD_SOURCE_DIR) / name, std::ios::binary);
    EXPECT_TRUE(file) << name << " is missing";
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

const std::vector<const Command*> commands = {&server_command(), &probe_command()};

/// Of both commands.
std::vector<const Option*> every_option() {
    std::vector<const Option*> out;
    for (const Command* command : commands)
        for (const Option* option : options_of(*command)) out.push_back(option);
    return out;
}

Names long_flags() {
    Names names;
    for (const Option* option : every_option()) {
        names.insert("--" + std::string(option->name));
        if (is_negatable(*option)) names.insert("--no-" + std::string(option->name));
    }
    return names;
}

Names keys() {
    Names names;
    for (const Option* option : all_options())
        if (!option->key.empty()) names.insert(std::string(option->key));
    return names;
}

/// Every match of the first group.
Names found(const std::string& text, const std::string& pattern) {
    const std::regex expression(pattern, std::regex::ECMAScript | std::regex::multiline);
    Names names;
    for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end; ++match) names.insert((*match)[1]);
    return names;
}

/// The entries of an mdoc list: what stands between the ".It" line that names them and the next one.
std::map<std::string, std::string> entries(const std::string& page, const std::string& mark) {
    std::map<std::string, std::string> out;
    std::istringstream lines(page);
    std::string line;
    std::string current;
    while (std::getline(lines, line)) {
        if (line.starts_with(".It ") && line.find(mark) != std::string::npos) {
            current = line.substr(line.find(mark) + mark.size());
            current = current.substr(0, current.find(' '));
        }
        if (line.starts_with(".Sh ")) current.clear();
        if (!current.empty()) out[current] += line + '\n';
    }
    return out;
}

/// The text from one ".Sh" line to the next.
std::string section(const std::string& page, const std::string& name) {
    const auto begin = page.find("\n.Sh " + name + '\n');
    EXPECT_NE(begin, std::string::npos) << name;
    return page.substr(begin, page.find("\n.Sh ", begin + 1) - begin + 1);
}

TEST(Options, are_each_declared_once) {
    for (const Command* command : commands) {
        Names names;
        for (const Option* option : options_of(*command)) {
            EXPECT_TRUE(names.insert(std::string(option->name)).second) << option->name;
            if (option->letter != '\0') {
                EXPECT_TRUE(names.insert(std::string(1, option->letter)).second) << option->letter;
            }
        }
    }
}

TEST(Options, mean_the_same_to_both_commands) {
    for (const Option* of_probe : options_of(probe_command())) {
        for (const Option* of_server : all_options()) {
            if (of_probe->name != of_server->name) continue;
            EXPECT_EQ(of_probe->letter, of_server->letter) << of_probe->name;
            EXPECT_EQ(of_probe->type, of_server->type) << of_probe->name;
            EXPECT_EQ(of_probe->value_name, of_server->value_name) << of_probe->name;
        }
    }
}

TEST(Options, each_has_what_its_users_need) {
    for (const Option* option : every_option()) {
        SCOPED_TRACE(option->name);
        EXPECT_FALSE(option->help.empty());
        EXPECT_EQ(option->value_name.empty(), is_flag(option->type));
        if (option->type != Type::action) {
            EXPECT_EQ(option->choices.empty(), option->type != Type::choice && option->name != "access-log" && option->name != "capture");
        }
        if (!option->key.empty()) {
            const int stores = (option->store != nullptr ? 1 : 0) + (option->store_response != nullptr ? 1 : 0);
            EXPECT_EQ(stores, option->type == Type::routes ? 0 : 1) << "a route is put together by load()";
        }
    }
}

TEST(Help, names_every_option_and_no_other) {
    for (const Command* command : commands) {
        const std::string help = help_text(*command, HelpScope::all);
        Names expected;
        for (const Option* option : options_of(*command))
            expected.insert((is_negatable(*option) ? "--[no-]" : "--") + std::string(option->name));
        EXPECT_EQ(found(help, R"(^  (?:-\w, |    )(--[a-z\[\]-]+))"), expected);
        std::istringstream lines(help);
        for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
    }
}

TEST(Help, fits_on_few_screens_and_names_what_it_leaves_out) {
    const std::string usual = help_text(server_command(), HelpScope::usual);
    EXPECT_LT(std::ranges::count(usual, '\n'), 110);
    for (const OptionGroup& group : option_groups()) {
        const std::string heading(group.heading);
        EXPECT_EQ(usual.find('\n' + heading + ":\n") == std::string::npos, group.is_rare) << heading;
        EXPECT_THAT(help_text(server_command(), HelpScope::all), HasSubstr('\n' + heading + ":\n"));
        if (group.is_rare) {
            EXPECT_THAT(usual, testing::ContainsRegex('(' + heading + "|" + heading + ", .*): see tinyhttpd --help=all.\n"));
        }
    }
}

void expect_described(const std::string& page, const Command& command) {
    EXPECT_EQ(found(page, R"(^\.It .*Fl Fl ([a-z-]+))"), [&command] {
        Names names;
        for (const Option* option : options_of(command)) names.insert((is_negatable(*option) ? "no-" : "") + std::string(option->name));
        return names;
    }());
    const auto described = entries(page, "Fl Fl ");
    for (const Option* option : options_of(command)) {
        SCOPED_TRACE(option->name);
        const auto entry = described.find(std::string(option->name));
        ASSERT_NE(entry, described.end());
        std::string heading = ".It ";
        if (option->letter != '\0') heading += std::string("Fl ") + option->letter + " , ";
        heading += "Fl Fl " + std::string(option->name);
        if (is_negatable(*option)) heading += " , Fl Fl no-" + std::string(option->name);
        const bool quoted = option->value_name.find(' ') != std::string_view::npos;
        if (!option->value_name.empty())
            heading += " Ar " + (quoted ? '"' + std::string(option->value_name) + '"' : std::string(option->value_name));
        EXPECT_EQ(entry->second.substr(0, entry->second.find('\n')), heading);
        const std::string default_text(option->default_text == "true" ? "on" : option->default_text == "false" ? "" : option->default_text);
        EXPECT_THAT(entry->second, HasSubstr(default_text));
        if (!default_text.empty()) {
            EXPECT_THAT(entry->second, HasSubstr("default"));
        }
        for (const std::string_view choice : option->choices) EXPECT_THAT(entry->second, HasSubstr(".Ql " + std::string(choice)));
    }
}

TEST(ManualPage, describes_every_option_with_its_letter_value_and_default) {
    const std::string page = read_source("man/tinyhttpd.1");
    expect_described(section(page, "OPTIONS"), server_command());
    expect_described(section(page, "PROBE"), probe_command());
}

TEST(ManualPage, of_the_file_describes_every_key_with_its_default) {
    const std::string page = read_source("man/tinyhttpd.toml.5");
    Names described_keys = keys();
    for (const Option& option : route_options()) described_keys.insert("route." + std::string(option.key));
    EXPECT_EQ(found(page, R"(^\.It Ic ([a-z_.]+)$)"), described_keys);
    const auto described = entries(page, "Ic ");
    for (const Option* option : all_options()) {
        if (option->key.empty() || option->default_text.empty()) continue;
        const auto entry = described.find(std::string(option->key));
        ASSERT_NE(entry, described.end()) << option->key;
        EXPECT_THAT(entry->second, HasSubstr("The default")) << option->key;
        EXPECT_THAT(entry->second, HasSubstr(std::string(option->default_text))) << option->key;
        for (const std::string_view choice : option->choices)
            EXPECT_TRUE(choice == "off" || entry->second.find("\\(dq" + std::string(choice) + "\\(dq") != std::string::npos) << choice;
    }
}

TEST(ExampleFile, uncommented_it_is_the_default_configuration) {
    const std::string example = read_source("config.example.toml");
    const std::string uncommented = std::regex_replace(example, std::regex("(^|\n)#(?=[a-z\\[])"), "$1");
    for (const std::string& text : {example, uncommented})
        EXPECT_THAT(read_toml(text, "config.example.toml", {}).problems, testing::IsEmpty());
    const TomlFile file = read_toml(uncommented, "config.example.toml", {});
    // What --print-config would say, setting by setting.
    EXPECT_EQ(config_text(file.layer, {}), config_text({}, {}));
    EXPECT_TRUE(read_toml(example, "config.example.toml", {}).routes.empty()) << "as it is, it answers no path of its own";

    Names named;
    for (const auto& [option, setting] : file.layer) named.insert(std::string(option->key));
    if (!file.routes.empty()) named.insert("route");
    for (const std::string pattern : {R"(\b([a-z]+\.[a-z_]+)\b)", R"(^# .*\b([a-z_]+) = )"})
        for (const std::string& key : found(example, pattern))
            if (keys().contains(key)) named.insert(key);
    EXPECT_EQ(named, keys()) << "keys without a default are named in the prose";
    EXPECT_TRUE(read_toml(example, "config.example.toml", {}).layer.empty()) << "as it is, it sets nothing";
}

TEST(ExampleFile, shows_two_routes_that_load) {
    const std::string uncommented = std::regex_replace(read_source("config.example.toml"), std::regex("(^|\n)#(?=[a-z\\[])"), "$1");
    const std::string name = testing::TempDir() + "tinyhttpd_example_" + std::to_string(::getpid()) + ".toml";
    std::ofstream(name, std::ios::binary) << uncommented;
    const std::string argument = "--config=" + name;
    const std::array<const char*, 1> arguments = {argument.c_str()};
    const auto loaded = load({arguments, nullptr, "", {}});
    std::filesystem::remove(name);
    const auto* problems = std::get_if<Problems>(&loaded);
    ASSERT_TRUE(std::holds_alternative<Config>(loaded)) << (problems != nullptr ? testing::PrintToString(problems->lines) : "");
    EXPECT_EQ(std::get<Config>(loaded).routes.size(), 2U);
}

TEST(Completions, know_every_flag_and_no_other) {
    const std::string bash = read_source("completions/tinyhttpd.bash");
    const std::string zsh = read_source("completions/_tinyhttpd");
    const std::string fish = read_source("completions/tinyhttpd.fish");
    EXPECT_EQ(found(bash, R"((--[a-z][a-z-]*))"), long_flags());
    EXPECT_EQ(found(zsh, R"((--[a-z][a-z-]*))"), long_flags());
    Names fish_flags;
    for (const std::string& name : found(fish, R"( -l ([a-z-]+))")) fish_flags.insert("--" + name);
    EXPECT_EQ(fish_flags, long_flags());
    for (const Option* option : every_option()) {
        if (option->letter == '\0') continue;
        const std::string letter(1, option->letter);
        EXPECT_THAT(bash, HasSubstr('-' + letter + " --" + std::string(option->name)));
        EXPECT_THAT(zsh, testing::AnyOf(HasSubstr("{-" + letter + ",--" + std::string(option->name) + '}'),
                                        HasSubstr("{-" + letter + "+,--" + std::string(option->name) + "=}")));
        EXPECT_THAT(fish, HasSubstr(" -s " + letter + " -l " + std::string(option->name) + ' '));
    }
}

TEST(Completions, take_a_value_where_the_option_does) {
    const std::string zsh = read_source("completions/_tinyhttpd");
    const std::string fish = read_source("completions/tinyhttpd.fish");
    for (const Option* option : every_option()) {
        const std::string name(option->name);
        EXPECT_EQ(std::regex_search(zsh, std::regex("--" + name + "=")), !is_flag(option->type)) << "zsh, --" << name;
        EXPECT_EQ(std::regex_search(fish, std::regex(" -l " + name + " (-x|-r)")), !is_flag(option->type)) << "fish, --" << name;
    }
}

}  // namespace
}  // namespace tinyhttpd::config
