// SPDX-License-Identifier: MIT
// The only file that includes toml++. It walks the tables, holds each key against the option table and each value against
// the TOML types its option takes, and turns it into the text a flag would have had.
#include "config/toml_file.hpp"

#include <algorithm>
#include <map>
#include <utility>

// toml++ 3.3 asserts that a key follows "[" before it reports that none does, and with NDEBUG lets clang assume it: a wrong
// file would abort, or worse. Without assertions and assumptions the report is reached.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

#include "base/ascii.hpp"
#include "config/suggest.hpp"
#include "config/toml_lexis.hpp"
#include "config/value.hpp"

namespace tinyhttpd::config {

namespace {

/// What an error says an option wants, and the node types that are it.
struct Wanted {
    std::string_view words;
    bool string = false;
    bool integer = false;
    bool boolean = false;
    bool list = false;
};

Wanted wanted_for(Type type) {
    switch (type) {
        case Type::action:
        case Type::status_range: break;  // never in a file
        case Type::boolean: return {.words = "true or false", .boolean = true};
        case Type::text:
        case Type::media_type:
        case Type::input_path:
        case Type::output_path:
        case Type::choice: return {.words = "a string", .string = true};
        // A bare 660 would be decimal, and 0660 is no TOML.
        case Type::mode: return {.words = "a string in octal such as \"0660\"", .string = true};
        case Type::count:
        case Type::status: return {.words = "an integer", .integer = true};
        case Type::count_or_auto: return {.words = "an integer or \"auto\"", .string = true, .integer = true};
        case Type::size: return {.words = "a string such as \"4k\" or an integer", .string = true, .integer = true};
        // The integer 0 is a duration; any other is refused by its own words.
        case Type::duration: return {.words = "a string such as \"100ms\" or \"5s\"", .string = true, .integer = true};
        case Type::addresses:
        case Type::headers: return {.words = "a string or an array of strings", .string = true, .list = true};
    }
    return {};
}

std::string_view words_for(toml::node_type type) {
    switch (type) {
        case toml::node_type::none: return "nothing";
        case toml::node_type::table: return "a table";
        case toml::node_type::array: return "an array";
        case toml::node_type::string: return "a string";
        case toml::node_type::integer: return "an integer";
        case toml::node_type::floating_point: return "a float";
        case toml::node_type::boolean: return "a boolean";
        case toml::node_type::date: return "a date";
        case toml::node_type::time: return "a time";
        case toml::node_type::date_time: return "a date and time";
    }
    return "something else";
}

/// One walk over one document.
class Walk {
public:
    Walk(TomlFile& out, std::string_view name, std::string_view directory) : out_(out), name_(name), directory_(directory) {
        for (const Option* option : all_options()) {
            if (option->key.empty()) continue;
            names_.emplace_back(option->key);
            if (const auto dot = option->key.find('.'); dot != std::string_view::npos)
                if (std::string section(option->key.substr(0, dot)); !is_section(section)) sections_.push_back(std::move(section));
        }
        names_.insert(names_.end(), sections_.begin(), sections_.end());
    }

    void table(const toml::table& table, const std::string& section) {
        for (const auto& [key, node] : table) {
            const std::string path = section.empty() ? std::string(key.str()) : section + '.' + std::string(key.str());
            const auto option = std::ranges::find_if(all_options(), [&](const Option* o) { return !o->key.empty() && o->key == path; });
            if (option != all_options().end()) {
                value(**option, path, node);
            } else if (!is_section(path)) {
                unknown(key, path);
            } else if (const toml::table* inner = node.as_table()) {
                this->table(*inner, path);
            } else {
                complain(node.source(), path + ": expected a table, found " + std::string(words_for(node.type())));
            }
        }
    }

    void complain(const toml::source_region& source, std::string_view what) {
        problems_.emplace(std::pair(source.begin.line, source.begin.column), at(source) + std::string(what));
    }

    /// toml++ walks a table by name; a reader goes through the file by line.
    void report() {
        for (auto& [position, line] : problems_) out_.problems.push_back(std::move(line));
    }

private:
    bool is_section(std::string_view path) const { return std::ranges::find(sections_, path) != sections_.end(); }

    std::string at(const toml::source_region& source) const {
        return std::string(name_) + ':' + std::to_string(source.begin.line) + ':' + std::to_string(source.begin.column) + ": ";
    }

    void unknown(const toml::key& key, const std::string& path) {
        std::string_view near = misplaced(key.str());
        if (near.empty()) near = nearest(path, names_);
        if (path.contains('.') && is_section(near)) near = {};  // it stands in that section
        complain(key.source(),
                 "unknown key '" + excerpt(path) + "'" +
                     (near.empty() ? " (the keys are in tinyhttpd.toml(5))" : " (did you mean '" + std::string(near) + "'?)"));
    }

    /// A key that is right but for its section (`max_head` at the top, `listen` in [response]), or goes by the name of its flag.
    static std::string_view misplaced(std::string_view last) {
        std::string flag(last);
        std::ranges::replace(flag, '_', '-');
        for (const Option* option : all_options()) {
            if (option->key.empty()) continue;
            if (option->key.substr(option->key.rfind('.') + 1) == last || option->name == flag) return option->key;
        }
        return {};
    }

    void value(const Option& option, const std::string& path, const toml::node& node) {
        const Wanted wanted = wanted_for(option.type);
        Setting setting{at(node.source()) + path, {}};
        bool fits = true;
        if (const toml::array* array = node.as_array(); array != nullptr && wanted.list) {
            for (const toml::node& element : *array) fits = add(option, wanted, path, element, setting) && fits;
        } else {
            fits = add(option, wanted, path, node, setting);
        }
        if (fits) out_.layer.emplace(&option, std::move(setting));
    }

    bool add(const Option& option, const Wanted& wanted, const std::string& path, const toml::node& node, Setting& setting) {
        std::string text;
        if (const auto* string = node.as_string(); string != nullptr && wanted.string) {
            text = string->get();
        } else if (const auto* integer = node.as_integer(); integer != nullptr && wanted.integer) {
            text = std::to_string(integer->get());
        } else if (const auto* boolean = node.as_boolean(); boolean != nullptr && wanted.boolean) {
            text = boolean->get() ? "true" : "false";
        } else {
            complain(node.source(), path + ": expected " + std::string(wanted.words) + ", found " + std::string(words_for(node.type())));
            return false;
        }
        const std::string place = at(node.source()) + path + " = " + (node.is_string() ? '"' + excerpt(text) + '"' : text);
        // "A relative path in TOML is relative to that file": what is read belongs to the file that asks for it.
        if (option.type == Type::input_path && !directory_.empty() && !text.empty() && text != "-" && !text.starts_with('/'))
            text = std::string(directory_) + '/' + text;
        setting.texts.push_back({std::move(text), place});
        return true;
    }

    TomlFile& out_;
    std::multimap<std::pair<toml::source_index, toml::source_index>, std::string> problems_;
    std::string_view name_;
    std::string_view directory_;
    std::vector<std::string> sections_;
    std::vector<std::string> names_;
};

}  // namespace

TomlFile read_toml(std::string_view text, std::string_view name, std::string_view directory) {
    TomlFile out;
    if (const auto stray = find_stray(text)) {
        const auto& [position, what] = *stray;
        out.problems.push_back(std::string(name) + ':' + std::to_string(position.line) + ':' + std::to_string(position.column) + ": " +
                               std::string(what));
        return out;
    }
    Walk walk(out, name, directory);
    try {
        const toml::table document = toml::parse(text, name);
        walk.table(document, {});
    } catch (const toml::parse_error& error) {
        std::string description(error.description());
        if (!description.empty()) description.front() = to_lower(description.front());
        walk.complain(error.source(), escaped(description));
    }
    walk.report();
    return out;
}

}  // namespace tinyhttpd::config
