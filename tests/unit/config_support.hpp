// SPDX-License-Identifier: MIT
// Calls load() as main() does, with arguments, environment and files of the test's own. Used by the config_*_test files.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include "config/load.hpp"

namespace tinyhttpd::config::test {

using Outcome = std::variant<Config, Printed, Problems>;
using Strings = std::vector<std::string>;

inline std::vector<const char*> pointers(const Strings& strings) {
    std::vector<const char*> out;
    for (const std::string& string : strings) out.push_back(string.c_str());
    return out;
}

/// load() with these arguments and nothing else in the environment.
inline Outcome run(const Strings& arguments, const Strings& environment = {}, const Strings& engines = {"epoll"}) {
    const auto argv = pointers(arguments);
    auto envp = pointers(environment);
    envp.push_back(nullptr);
    return load(Invocation{argv, envp.data(), "1.2.3", engines});
}

/// The configuration; fails the test with the problems when there are any.
inline Config config(const Strings& arguments, const Strings& environment = {}) {
    const Outcome outcome = run(arguments, environment, {"epoll", "io_uring", "kqueue"});
    if (const auto* loaded = std::get_if<Config>(&outcome)) {
        Config config = *loaded;
        config.source.clear();  // what it says counts, not where that was said
        return config;
    }
    const auto* problems = std::get_if<Problems>(&outcome);
    ADD_FAILURE() << "refused: " << (problems != nullptr ? testing::PrintToString(problems->lines) : "something was printed instead");
    return {};
}

/// The problems' lines; none when the configuration was accepted.
inline Strings problems(const Strings& arguments, const Strings& environment = {}) {
    const Outcome outcome = run(arguments, environment);
    const auto* found = std::get_if<Problems>(&outcome);
    return found != nullptr ? found->lines : Strings{};
}

inline int exit_status(const Strings& arguments, const Strings& environment = {}) {
    const Outcome outcome = run(arguments, environment);
    const auto* found = std::get_if<Problems>(&outcome);
    return found != nullptr ? found->exit_status : 0;
}

inline Printed printed(const Strings& arguments, const Strings& environment = {}) {
    const Outcome outcome = run(arguments, environment);
    if (const auto* texts = std::get_if<Printed>(&outcome)) return *texts;
    ADD_FAILURE() << "nothing was printed; problems: " << testing::PrintToString(problems(arguments, environment));
    return {};
}

/// A directory that is gone with the test.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "tinyhttpd-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "mkdtemp failed for " << pattern;
        path_ = pattern;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string path(const std::string& name) const { return path_ + '/' + name; }
    /// Writes a file and returns its path.
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(path(name), std::ios::binary) << content;
        return path(name);
    }

private:
    std::string path_;
};

}  // namespace tinyhttpd::config::test

namespace tinyhttpd::config {

/// Instead of the object's bytes, which tell nobody anything.
inline void PrintTo(const Config& /*config*/, std::ostream* out) {
    *out << "(a configuration)";
}

}  // namespace tinyhttpd::config
