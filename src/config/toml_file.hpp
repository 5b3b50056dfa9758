// SPDX-License-Identifier: MIT
// read_toml: the text of a configuration file to a Layer. toml++ is seen here only. Keys are those of the option table;
// types are checked, values are not: that is the same for every layer and done in load().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/layer.hpp"

namespace tinyhttpd::config {

struct TomlFile {
    Layer layer;
    std::vector<RouteLayer> routes;     ///< in the order of the file
    std::vector<std::string> problems;  ///< complete lines: "stub.toml:3:1: unknown key 'lisen' (did you mean 'listen'?)"
};

/// `name` is the file as errors call it. A relative path of what is read is resolved against `directory`; an empty one
/// leaves it relative to the working directory.
[[nodiscard]] TomlFile read_toml(std::string_view text, std::string_view name, std::string_view directory);

}  // namespace tinyhttpd::config
