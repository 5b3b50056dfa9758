// SPDX-License-Identifier: MIT
// Layout of --help and writing of TOML. Only the few TOML forms that the option types need are written; toml++ reads them
// back in the tests.
#include "config/print.hpp"

#include <algorithm>
#include <optional>

#include "base/utf8.hpp"
#include "config/value.hpp"

namespace tinyhttpd::config {

namespace {

constexpr std::size_t width = 80;
constexpr std::size_t help_column = 29;

std::string left_column(const Option& option) {
    std::string out = option.letter != '\0' ? std::string("  -") + option.letter + ", " : "      ";
    out += is_negatable(option) ? "--[no-]" : "--";
    out += option.name;
    if (!option.value_name.empty()) out += ' ' + std::string(option.value_name);
    return out;
}

std::string right_column(const Option& option) {
    std::string out(option.help);
    if (option.type == Type::choice) {
        out += ':';
        for (const std::string_view choice : option.choices)
            out += ' ' + std::string(choice) + (choice == option.choices.back() ? "" : ",");
    }
    if (option.default_text.empty() || option.default_text == "false") return out;
    return out + " [" + std::string(option.default_text == "true" ? "on" : option.default_text) + "]";
}

/// Appends `text` in lines from help_column on.
void wrap(std::string& out, std::string_view text) {
    std::size_t column = help_column;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (column > help_column && column + 1 + word.size() > width) {
            out += '\n' + std::string(help_column, ' ');
            column = help_column;
        } else if (column > help_column) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
    }
    out += '\n';
}

/// `text` as a TOML basic string, if it is UTF-8.
std::optional<std::string> quoted(std::string_view text) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out = "\"";
    while (!text.empty()) {
        const std::size_t length = utf8_sequence_length(text);
        if (length == 0) return {};
        const auto code = static_cast<unsigned char>(text.front());
        if (code < 0x20 || code == 0x7f) {
            if (code == '\n') {
                out += "\\n";
            } else {
                out += "\\u00";
                out += hex[code >> 4U];
                out += hex[code & 15U];
            }
        } else {
            if (code == '"' || code == '\\') out += '\\';
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return out + '"';
}

/// The TOML value of a text, of the type the option takes in a file.
std::optional<std::string> toml_value(const Option& option, std::string_view text) {
    Value value;
    switch (option.type) {
        case Type::boolean:
            if (parse_value(option, text, value)) return {};
            return value.number != 0 ? "true" : "false";
        case Type::count:
        case Type::status:
        case Type::count_or_auto:
            if (text == "auto") break;
            if (parse_value(option, text, value)) return {};
            return std::to_string(value.number);
        case Type::action:
        case Type::text:
        case Type::media_type:
        case Type::input_path:
        case Type::output_path:
        case Type::choice:
        case Type::size:
        case Type::duration:
        case Type::mode:
        case Type::status_range:
        case Type::addresses:
        case Type::headers: break;
    }
    return quoted(text);
}

std::vector<std::string> texts_of(const Option& option, const Layer& effective) {
    std::vector<std::string> texts;
    if (const auto found = effective.find(&option); found != effective.end()) {
        for (const Given& given : found->second.texts) texts.push_back(given.text);
    } else if (!option.default_text.empty()) {
        texts.emplace_back(option.default_text);
    }
    return texts;
}

/// "max_head = …\n", nothing when there is neither a value nor a default.
std::expected<std::string, std::string> assignment(const Option& option, const Layer& effective) {
    const bool list = is_list(option.type);
    std::string out;
    for (const std::string& text : texts_of(option, effective)) {
        const auto value = toml_value(option, text);
        if (!value)
            return std::unexpected("--print-config: " + std::string(option.key) + " is not UTF-8, which TOML cannot hold" +
                                   (option.name == "body" ? " (use --body-file for such a body)" : ""));
        out += (out.empty() ? "" : ", ") + *value;
    }
    if (out.empty() && !list) return out;
    const std::string_view key = option.key.substr(option.key.find('.') + 1);
    return std::string(key) + " = " + (list ? '[' + out + ']' : out) + '\n';
}

}  // namespace

std::string help_text(const Command& command) {
    std::string out(command.opening);
    for (const OptionGroup& group : command.groups) {
        out += '\n' + std::string(group.heading) + ":\n";
        for (const Option& option : group.options) {
            const std::string left = left_column(option);
            out += left;
            if (left.size() + 2 > help_column) {
                out += '\n' + std::string(help_column, ' ');
            } else {
                out += std::string(help_column - left.size(), ' ');
            }
            wrap(out, right_column(option));
        }
    }
    out += '\n';
    out += command.closing;
    return out;
}

std::string version_text(std::string_view version, std::span<const std::string> engines_built_in) {
    std::string engines;
    for (const std::string& engine : engines_built_in) engines += (engines.empty() ? "" : ", ") + engine;
    return "tinyhttpd " + std::string(version) + " (engines: " + engines + ")\n";
}

std::expected<std::string, std::string> config_text(const Layer& effective) {
    std::string top;
    std::map<std::string_view, std::string> sections;
    std::vector<std::string_view> order;
    for (const Option* option : all_options()) {
        if (option->key.empty()) continue;
        auto line = assignment(*option, effective);
        if (!line) return line;
        const auto dot = option->key.find('.');
        if (dot == std::string_view::npos) {
            top += *line;
            continue;
        }
        const auto [section, inserted] = sections.try_emplace(option->key.substr(0, dot));
        if (inserted) order.push_back(section->first);
        section->second += *line;
    }
    for (const std::string_view section : order) top += "\n[" + std::string(section) + "]\n" + sections[section];
    return top;
}

}  // namespace tinyhttpd::config
