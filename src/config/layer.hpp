// SPDX-License-Identifier: MIT
// Layer: what one source (the command line, the environment, the file) says, before anything is understood. Every source
// is brought to texts with their places, so that one parser and one form of error serve all three.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/option_table.hpp"

namespace tinyhttpd::config {

/// One text as it was given, and what an error about it opens with: "--workers abc", "stub.toml:3:11: workers = abc".
struct Given {
    std::string text;
    std::string place;
};

/// What a layer says about one option: exactly one text, or for a list any number.
struct Setting {
    std::string place;  ///< of the option as a whole
    std::vector<Given> texts;
};

/// Errors come in this order, whatever the addresses of the rows.
struct ByName {
    bool operator()(const Option* one, const Option* other) const { return one->name < other->name; }
};

/// By the options of the table.
using Layer = std::map<const Option*, Setting, ByName>;

/// One route, of any source: what it says about the options of an answer, and about those of a route alone.
struct RouteLayer {
    std::string place;
    Layer layer;
};

}  // namespace tinyhttpd::config
