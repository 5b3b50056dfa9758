// SPDX-License-Identifier: MIT
// Command: one way to call the program, as data: its options and the words around them. There are two, the server and
// `tinyhttpd probe`; one parser and one --help serve both.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "config/option_table.hpp"

namespace tinyhttpd::config {

struct Command {
    std::string_view name;                ///< as it is called: "tinyhttpd probe"
    std::span<const OptionGroup> groups;  ///< in the order of --help
    const Option* argument;               ///< what the one argument that is no flag is a value of
    std::string_view argument_name;       ///< "BODY"
    std::string_view argument_remedy;     ///< what was meant when there is more than one, in brackets; may be empty
    std::string_view opening;             ///< of --help
    std::string_view closing;
};

/// `tinyhttpd [OPTIONS] [BODY]`, with the option table.
[[nodiscard]] const Command& server_command();
/// `tinyhttpd probe [OPTIONS] [URL]`.
[[nodiscard]] const Command& probe_command();

[[nodiscard]] std::vector<const Option*> options_of(const Command& command);

}  // namespace tinyhttpd::config
