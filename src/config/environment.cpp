// SPDX-License-Identifier: MIT
// One pass over the environment; the names are those of the table, so nothing else can be read by accident. They are spelled out only for
// a variable that has their prefix: a start mostly meets none.
#include "config/environment.hpp"

#include <optional>
#include <set>
#include <string_view>

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

struct Meaning {
    const Option* option;
    bool negated;
};

std::optional<Meaning> meaning_of(std::string_view name) {
    if (!name.starts_with(environment_prefix)) return {};
    for (const Option* option : all_options()) {
        if (name == environment_name(*option)) return Meaning{option, false};
        if (is_negatable(*option) && name == negated_environment_name(*option)) return Meaning{option, true};
    }
    return {};
}

}  // namespace

Environment read_environment(const char* const* environment) {
    Environment out;
    std::set<std::string_view> seen;
    for (; environment != nullptr && *environment != nullptr; ++environment) {
        const std::string_view entry = *environment;
        const auto equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view name = entry.substr(0, equals);
        const auto meaning = meaning_of(name);
        // The first of two entries counts, as for getenv(3).
        if (!meaning || !seen.insert(name).second) continue;
        Setting given = setting(*meaning->option, name, entry.substr(equals + 1));
        if (meaning->negated) negate(given.texts.back().text);
        if (const auto [other, inserted] = out.layer.try_emplace(meaning->option, given); !inserted)
            out.problems.push_back(given.place + ": is given as " + other->second.place + " too: leave one of them out");
    }
    return out;
}

}  // namespace tinyhttpd::config
