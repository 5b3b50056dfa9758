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
        if (good) option->store(config, value);
    }
    return good;
}

void verify_printable(std::string_view line) {
    for (const char byte : line) VERIFY(static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7f);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const TomlFile file = read_toml(text, "fuzz.toml", "/directory");
    for (const std::string& problem : file.problems) verify_printable(problem);
    if (!file.problems.empty() || !all_values_parse(file.layer)) return 0;

    const auto printed = config_text(file.layer);
    VERIFY(printed.has_value());  // what came from TOML is UTF-8
    const TomlFile again = read_toml(*printed, "printed.toml", "/elsewhere");
    VERIFY(again.problems.empty());
    VERIFY(all_values_parse(again.layer));
    VERIFY(config_text(again.layer) == printed);
    for (const auto& [option, setting] : file.layer) {
        const Setting& reread = again.layer.at(option);
        VERIFY(reread.texts.size() == setting.texts.size());
        for (std::size_t i = 0; i < setting.texts.size(); ++i) VERIFY(reread.texts[i].text == setting.texts[i].text);
    }
    return 0;
}
