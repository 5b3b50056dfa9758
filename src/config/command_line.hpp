// SPDX-License-Identifier: MIT
// read_command_line: the arguments to a Layer. CLI11 does the splitting (short flags in a row, --x=y, `--`, [BODY] or [URL]) and
// is seen here only; what the texts mean is decided in load().
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/command.hpp"
#include "config/layer.hpp"

namespace tinyhttpd::config {

struct CommandLine {
    Layer layer;
    std::map<std::string_view, std::string> actions;  ///< those asked for, by name: "help", "check"; and their value, if one was given
    std::vector<std::string> problems;                ///< complete lines
    /// The argument that is no flag, unless "--" stands in front of it and says that it is meant so.
    std::optional<std::string> bare_argument;
};

/// `arguments` are what follows the command's name.
[[nodiscard]] CommandLine read_command_line(const Command& command, std::span<const char* const> arguments);

}  // namespace tinyhttpd::config
