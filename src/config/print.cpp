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
        case Type::headers:
        case Type::variants:
        case Type::origin:
        case Type::path:
        case Type::sequence:
        case Type::faults:
        case Type::delays:
        case Type::routes:
        case Type::methods:
        case Type::expectations: break;
    }
    return quoted(text);
}

/// None: the layer says nothing about it.
std::optional<std::vector<std::string>> texts_of(const Option& option, const Layer& layer) {
    const auto found = layer.find(&option);
    if (found == layer.end()) return {};
    std::vector<std::string> texts;
    for (const Given& given : found->second.texts) texts.push_back(given.text);
    return texts;
}

std::vector<std::string> default_of(const Option& option) {
    if (option.default_text.empty()) return {};
    return {std::string(option.default_text)};
}

/// "max_head = …\n", nothing when there is no text. An error names the `subject`, and what else holds such a body.
std::expected<std::string, std::string> assignment(const Option& option, const std::vector<std::string>& texts, const std::string& subject,
                                                   std::string_view file) {
    const bool list = is_list(option.type);
    std::string out;
    for (const std::string& text : texts) {
        const auto value = toml_value(option, text);
        if (!value)
            return std::unexpected("--print-config: " + subject + " is not UTF-8, which TOML cannot hold" +
                                   (option.name == "body" ? " (use " + std::string(file) + " for such a body)" : ""));
        out += (out.empty() ? "" : ", ") + *value;
    }
    if (out.empty() && !list) return out;
    const std::string_view key = option.key.substr(option.key.find('.') + 1);
    return std::string(key) + " = " + (list ? '[' + out + ']' : out) + '\n';
}

/// What a route says, what tells it from others first.
std::expected<std::string, std::string> table_of(const RouteLayer& route) {
    std::string out = "\n[[route]]\n";
    std::vector<const Option*> options;
    for (const Option& option : route_options()) options.push_back(&option);
    for (const Option* option : all_options())
        if (option->store_response != nullptr) options.push_back(option);
    for (const Option* option : options) {
        const auto texts = texts_of(*option, route.layer);
        if (!texts) continue;
        const auto line = assignment(*option, *texts, route.place + ": the " + std::string(option->name), "@FILE or body_file");
        if (!line) return line;
        out += *line;
    }
    return out;
}

}  // namespace

std::string help_text(const Command& command, HelpScope scope) {
    std::string out(command.opening);
    std::string left_out;
    for (const OptionGroup& group : command.groups) {
        if (group.is_rare && scope == HelpScope::usual) {
            left_out += (left_out.empty() ? "" : ", ") + std::string(group.heading);
            continue;
        }
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
    if (!left_out.empty()) out += left_out + ": see " + std::string(command.name) + " --help=all.\n";
    out += command.closing;
    return out;
}

std::string version_text(std::string_view version, std::span<const std::string> engines_built_in) {
    std::string engines;
    for (const std::string& engine : engines_built_in) engines += (engines.empty() ? "" : ", ") + engine;
    return "tinyhttpd " + std::string(version) + " (engines: " + engines + ")\n";
}

std::expected<std::string, std::string> config_text(const Layer& effective, std::span<const RouteLayer> routes) {
    std::string top;
    std::map<std::string_view, std::string> sections;
    std::vector<std::string_view> order;
    for (const Option* option : all_options()) {
        if (option->key.empty() || option->type == Type::routes) continue;
        auto line =
            assignment(*option, texts_of(*option, effective).value_or(default_of(*option)), std::string(option->key), "--body-file");
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
    for (const RouteLayer& route : routes) {
        const auto table = table_of(route);
        if (!table) return table;
        top += *table;
    }
    return top;
}

}  // namespace tinyhttpd::config
