// SPDX-License-Identifier: MIT
// One pass over the environment; the names are those of the table, so nothing else can be read by accident.
#include "config/environment.hpp"

#include <string_view>

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

}  // namespace

Layer read_environment(const char* const* environment) {
    std::map<std::string, const Option*, std::less<>> names;
    for (const Option* option : all_options())
        if (std::string name = environment_name(*option); !name.empty()) names.emplace(std::move(name), option);

    Layer layer;
    for (; environment != nullptr && *environment != nullptr; ++environment) {
        const std::string_view entry = *environment;
        const auto equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view name = entry.substr(0, equals);
        // The first of two entries counts, as for getenv(3).
        if (const auto found = names.find(name); found != names.end())
            layer.try_emplace(found->second, setting(*found->second, name, entry.substr(equals + 1)));
    }
    return layer;
}

}  // namespace tinyhttpd::config
