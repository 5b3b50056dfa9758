// SPDX-License-Identifier: MIT
// Fuzz target: any bytes as a configuration file. Whatever is accepted is printed as TOML and has to load back to the same
// texts; whatever is refused is refused in lines that a terminal can show.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/verify.hpp"
#include "config/print.hpp"
#include "config/toml_file.hpp"
#include "config/value.hpp"

namespace {

using namespace tinyhttpd::config;

bool all_values_parse(const Layer& layer) {
    bool good = true;
    for (const auto& [option, setting] : layer) {
        Value value;
        Config config;
        for (const Given& given : setting.texts) good = !parse_value(*option, given.text, value) && good;
        if (good && option->store != nullptr) option->store(config, value);
        if (good && option->store_response != nullptr) option->store_response(config.response, value);
    }
    return good;
}

bool all_values_parse(const TomlFile& file) {
    bool good = all_values_parse(file.layer);
    for (const RouteLayer& route : file.routes) good = all_values_parse(route.layer) && good;
    return good;
}

void verify_same(const Layer& before, const Layer& after) {
    for (const auto& [option, setting] : before) {
        const Setting& reread = after.at(option);
        VERIFY(reread.texts.size() == setting.texts.size());
        for (std::size_t i = 0; i < setting.texts.size(); ++i) VERIFY(reread.texts[i].text == setting.texts[i].text);
    }
}

void verify_printable(std::string_view line) {
    for (const char byte : line) VERIFY(static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7f);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const TomlFile file = read_toml(text, "fuzz.toml", "/directory");
    for (const std::string& problem : file.problems) verify_printable(problem);
    if (!file.problems.empty() || !all_values_parse(file)) return 0;

    const auto printed = config_text(file.layer, file.routes);
    VERIFY(printed.has_value());  // what came from TOML is UTF-8
    const TomlFile again = read_toml(*printed, "printed.toml", "/elsewhere");
    VERIFY(again.problems.empty());
    VERIFY(all_values_parse(again));
    VERIFY(config_text(again.layer, again.routes) == printed);
    verify_same(file.layer, again.layer);
    VERIFY(again.routes.size() == file.routes.size());
    for (std::size_t i = 0; i < file.routes.size(); ++i) verify_same(file.routes[i].layer, again.routes[i].layer);
    return 0;
}
