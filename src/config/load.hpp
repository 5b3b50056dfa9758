// SPDX-License-Identifier: MIT
// load: the one way into config/. main() hands over what the process was started with and gets back a checked Config,
// a text to print, or everything that is wrong. It binds nothing and starts nothing; exceptions stay inside.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.hpp"

namespace tinyhttpd::config {

/// What the process was started with. Nothing is kept past the call.
struct Invocation {
    std::span<const char* const> arguments;  ///< without the program's name
    const char* const* environment;          ///< as environ(7): NAME=VALUE entries, then a null pointer
    std::string_view version;
    std::vector<std::string> engines_built_in;  ///< as --engine names them, without `auto`
};

/// --help, --version, --print-config or a successful --check: write both texts, then exit 0. Either may be empty.
struct Printed {
    std::string standard_output;
    std::string standard_error;
};

/// Everything that is wrong, one line each, without the "tinyhttpd: error: " in front.
struct Problems {
    std::vector<std::string> lines;
    int exit_status = 2;  ///< 2 usage or configuration; 1 a file that cannot be read
};

/// Layers flag > environment > file > default and checks every value of every layer, those that are overridden too.
[[nodiscard]] std::variant<Config, Printed, Problems> load(const Invocation& invocation);

/// The keys in which two configurations differ and of which only a restart can make use: all but those of the answers, the health and
/// the level of diagnostics.
[[nodiscard]] std::vector<std::string_view> keys_that_need_a_restart(const Config& before, const Config& after);

/// load() for `tinyhttpd probe`; the arguments are those behind that word. Of the Config only `probe`, `quiet` and, when there is no
/// URL, `listen` are filled in: the latter as a server with the same --listen, --config and environment would have it.
[[nodiscard]] std::variant<Config, Printed, Problems> load_probe(const Invocation& invocation);

}  // namespace tinyhttpd::config
