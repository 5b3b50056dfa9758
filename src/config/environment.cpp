// SPDX-License-Identifier: MIT
// One pass over the environment; the names are those of the table, so nothing else can be read by accident.
#include "config/environment.hpp"

#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "config/units.hpp"
#include "config/value.hpp"

namespace tinyhttpd::config {

namespace {

std::string place_of(std::string_view name, std::string_view text) {
    return std::string(name) + '=' + shown(text) + " (environment)";
}

Setting setting(const Option& option, std::string_view name, std::string_view value) {
    Setting out{place_of(name, value), {}};
    if (!is_list(option.type)) {
        out.texts.push_back({std::string(value), out.place});
        return out;
    }
    while (!value.empty()) {
        const auto end = value.find('\n');
        const std::string_view line = value.substr(0, end);
        if (!line.empty()) out.texts.push_back({std::string(line), place_of(name, line)});
        value = end == std::string_view::npos ? std::string_view{} : value.substr(end + 1);
    }
    return out;
}

/// What is neither true nor false stays, to be refused as it was given.
void negate(std::string& text) {
    if (const auto on = parse_boolean(text)) text = *on ? "false" : "true";
}

}  // namespace

Environment read_environment(const char* const* environment) {
    struct Meaning {
        const Option* option;
        bool negated;
    };
    std::map<std::string, Meaning, std::less<>> names;
    for (const Option* option : all_options()) {
        if (std::string name = environment_name(*option); !name.empty()) names.emplace(std::move(name), Meaning{option, false});
        if (is_negatable(*option)) names.emplace(negated_environment_name(*option), Meaning{option, true});
    }

    Environment out;
    std::set<std::string_view> seen;
    for (; environment != nullptr && *environment != nullptr; ++environment) {
        const std::string_view entry = *environment;
        const auto equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view name = entry.substr(0, equals);
        const auto found = names.find(name);
        // The first of two entries counts, as for getenv(3).
        if (found == names.end() || !seen.insert(name).second) continue;
        const auto& [option, negated] = found->second;
        Setting given = setting(*option, name, entry.substr(equals + 1));
        if (negated) negate(given.texts.back().text);
        if (const auto [other, inserted] = out.layer.try_emplace(option, given); !inserted)
            out.problems.push_back(given.place + ": is given as " + other->second.place + " too: leave one of them out");
    }
    return out;
}

}  // namespace tinyhttpd::config
