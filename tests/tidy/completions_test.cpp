// SPDX-License-Identifier: MIT
// The completions, asked for in the real shells: every option of the table is offered and nothing else, and values where
// they can be listed. A shell that is not installed is a skipped test, not a passed one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "config/command.hpp"

namespace tinyhttpd::config {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsSupersetOf;

using Names = std::set<std::string>;

class Completion : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        const std::string command = std::string("command -v ") + GetParam() + " >/dev/null 2>&1";
        if (std::system(command.c_str()) != 0) GTEST_SKIP() << GetParam() << " is not installed";
    }
    /// What the shell offers for the last of `words`, which follow "tinyhttpd" and need no quoting.
    Names offered(const std::string& words) {
        const std::string source = TINYHTTPD_SOURCE_DIR;
        const std::string command = "cd '" + source + "' && exec ./tests/tidy/completions_complete.sh " + GetParam() + " '" + source +
                                    "' tinyhttpd " + words + " </dev/null";
        std::FILE* pipe = ::popen(command.c_str(), "r");
        Names names;
        std::array<char, 4096> line{};
        while (std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr) {
            std::string name = line.data();
            while (name.ends_with('\n') || name.ends_with(' ')) name.pop_back();
            names.insert(name);
        }
        EXPECT_EQ(::pclose(pipe), 0) << command;
        return names;
    }
};

Names choices_of(const Option& option) {
    return {option.choices.begin(), option.choices.end()};
}

Names long_flags_of(const Command& command) {
    Names names;
    for (const Option* option : options_of(command)) {
        names.insert("--" + std::string(option->name));
        if (is_negatable(*option)) names.insert("--no-" + std::string(option->name));
    }
    return names;
}

Names all_short_flags() {
    Names names;
    for (const Option* option : all_options())
        if (option->letter != '\0') names.insert(std::string("-") + option->letter);
    return names;
}

TEST_P(Completion, offers_every_flag_and_no_other) {
    const Names names = offered("--");
    EXPECT_EQ(names, long_flags_of(server_command()));
    EXPECT_THAT(offered("-"), IsSupersetOf(all_short_flags()));
}

TEST_P(Completion, finishes_the_one_flag_that_fits) {
    const Names names = offered("--po");
    EXPECT_THAT(names, ElementsAre("--port-file"));
}

TEST_P(Completion, lists_the_values_that_can_be_listed) {
    for (const Option* option : all_options()) {
        if (option->type != Type::choice) continue;
        EXPECT_EQ(offered("--" + std::string(option->name) + " ''"), choices_of(*option)) << option->name;
    }
    EXPECT_THAT(offered("--engine e"), ElementsAre("epoll"));
    EXPECT_THAT(offered("--access-log s"), Contains("stderr"));
    EXPECT_THAT(offered("--workers a"), ElementsAre("auto"));
}

TEST_P(Completion, offers_files_where_a_file_is_wanted) {
    for (const Option* option : all_options()) {
        if (option->type != Type::input_path && option->type != Type::output_path) continue;
        EXPECT_THAT(offered("--" + std::string(option->name) + " config.exam"), ElementsAre("config.example.toml")) << option->name;
    }
    EXPECT_THAT(offered("-c config.exam"), ElementsAre("config.example.toml"));
}

TEST_P(Completion, knows_the_probe_as_the_first_word_and_its_flags_behind_it) {
    EXPECT_THAT(offered("pro"), ElementsAre("probe"));
    EXPECT_THAT(offered("--quiet pro"), testing::IsEmpty());
    EXPECT_EQ(offered("probe --"), long_flags_of(probe_command()));
    EXPECT_THAT(offered("probe --quiet --exp"), ElementsAre("--expect-body", "--expect-status"));
    EXPECT_THAT(offered("probe --expect-status 200-2"), ElementsAre("200-299"));
    EXPECT_THAT(offered("probe --config config.exam"), ElementsAre("config.example.toml"));
    EXPECT_THAT(offered("probe config.exam"), testing::IsEmpty());
}

TEST_P(Completion, guesses_nothing_for_a_text) {
    EXPECT_THAT(offered("--body config.exam"), testing::IsEmpty());
    EXPECT_THAT(offered("config.exam"), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Shells, Completion, testing::Values("bash", "zsh", "fish"), [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace tinyhttpd::config
