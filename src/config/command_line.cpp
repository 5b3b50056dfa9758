// SPDX-License-Identifier: MIT
// The only file that includes CLI11. Its conveniences are turned off where they would change what the user wrote: it would
// split "[1,2]" at the comma, take the next argument for an empty --body=, and let a list swallow [BODY].
#include "config/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <utility>

#include "config/suggest.hpp"
#include "config/value.hpp"

namespace tinyhttpd::config {

namespace {

// CLI11 cannot tell `--body=` from `--body`. Every argument that ends in '=' therefore carries this byte behind it
// through the parser; so does one that ends in the byte itself, which makes taking it off again exact.
constexpr char guard = '\x01';

std::string guarded(std::string_view argument) {
    std::string out(argument);
    if (out.ends_with('=') || out.ends_with(guard)) out += guard;
    return out;
}

std::string unguarded(std::string text) {
    if (text.ends_with(guard)) text.pop_back();
    return text;
}

std::string dashed(std::string_view name) {
    return "--" + std::string(name);
}

/// "-b,--body,--text" or "--date,!--no-date", as CLI11 declares an option.
std::string declaration(const Option& option) {
    std::string out = dashed(option.name);
    if (option.letter != '\0') out = std::string("-") + option.letter + ',' + out;
    if (!option.alias.empty()) out += ',' + dashed(option.alias);
    if (is_negatable(option)) out += ",!--no-" + std::string(option.name);
    return out;
}

struct Tried {
    std::string_view flag;
    std::string_view instead;
};

// What peers call it, where the nearest name would mislead.
constexpr std::array<Tried, 6> tried_elsewhere = {{
    {"--port", "--listen :PORT"},
    {"-p", "--listen :PORT"},
    {"--host", "--listen HOST:PORT"},
    {"--bind", "--listen HOST:PORT"},
    {"--address", "--listen HOST:PORT"},
    {"--file", "--body-file"},
}};

std::string unknown_flag(const Command& command, std::string_view argument) {
    const std::string flag(argument.substr(0, argument.find('=')));
    std::vector<std::string> flags;
    for (const Option* option : options_of(command)) {
        flags.push_back(dashed(option->name));
        if (is_negatable(*option)) flags.push_back(dashed("no-" + std::string(option->name)));
    }
    std::string_view meant = nearest(flag, flags);
    const auto tried = std::ranges::find(tried_elsewhere, flag, &Tried::flag);
    if (tried != tried_elsewhere.end() && std::ranges::find(flags, tried->instead.substr(0, tried->instead.find(' '))) != flags.end())
        meant = tried->instead;
    const std::string remedy =
        meant.empty() ? "see " + std::string(command.name) + " --help" : "did you mean '" + std::string(meant) + "'?";
    return flag + ": unknown flag (" + remedy + ')';
}

/// One CLI11 parser with the options of a command, and what it found.
class Parser {
public:
    explicit Parser(const Command& command) : command_(command) {
        app_.set_help_flag();
        app_.allow_extras();
        for (const Option* option : options_of(command)) declared_.emplace_back(option, declare(*option));
        argument_ = one_text(app_.add_option(std::string(command.argument_name), CLI::callback_t(accept)));
    }

    void parse(std::span<const char* const> arguments) {
        std::vector<std::string> reversed;
        for (const char* argument : arguments) reversed.push_back(guarded(argument));
        std::ranges::reverse(reversed);
        app_.parse(std::move(reversed));
    }

    void collect(CommandLine& out) const {
        for (const auto& [option, parsed] : declared_) {
            const std::vector<std::string> results = parsed->results();
            if (results.empty()) continue;
            if (option->type == Type::action) {
                out.actions.insert(option->name);
            } else {
                out.layer.emplace(option, setting(*option, results));
            }
        }
        collect_extras(out);
        collect_argument(out);
    }

private:
    static bool accept(const CLI::results_t& /*results*/) { return true; }

    /// Exactly one text each time it is given, however often that is.
    static CLI::Option* one_text(CLI::Option* option) {
        return option->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }

    CLI::Option* declare(const Option& option) {
        const std::string names = declaration(option);
        if (is_flag(option.type)) return app_.add_flag(names)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        return one_text(app_.add_option(names, CLI::callback_t(accept)));
    }

    static Setting setting(const Option& option, const std::vector<std::string>& results) {
        Setting setting{dashed(option.name), {}};
        for (const std::string& result : results) {
            // The last one wins, so that a wrapper script's flags can be overridden; a list takes them all.
            if (!is_list(option.type)) setting.texts.clear();
            const std::string text = unguarded(result);
            const char* separator = option.type == Type::boolean ? "=" : " ";
            setting.texts.push_back({text, setting.place + separator + shown(text)});
        }
        return setting;
    }

    void collect_extras(CommandLine& out) const {
        bool mark_seen = false;
        for (const std::string& extra : app_.remaining()) {
            const std::string text = unguarded(extra);
            if (text == "--" && !std::exchange(mark_seen, true)) continue;
            if (text.size() > 1 && text.starts_with('-') && !mark_seen)
                out.problems.push_back(unknown_flag(command_, text));
            else
                out.problems.push_back(shown(text) + ": one argument too many" + std::string(command_.argument_remedy));
        }
    }

    void collect_argument(CommandLine& out) const {
        if (argument_->results().empty()) return;
        const std::string text = unguarded(argument_->results().front());
        const std::string name = '[' + std::string(command_.argument_name) + ']';
        const auto [place, inserted] = out.layer.try_emplace(command_.argument, Setting{name, {{text, name + ' ' + shown(text)}}});
        // After an unknown flag its value looks like the argument: one error is enough.
        if (!inserted && out.problems.empty())
            out.problems.emplace_back(dashed(command_.argument->name) + " and " + name + " are both given: leave one of them out");
    }

    const Command& command_;
    CLI::App app_;
    std::vector<std::pair<const Option*, CLI::Option*>> declared_;
    CLI::Option* argument_ = nullptr;
};

/// CLI11's own words start with the option's name, "--workers: …"; the rest is put into ours.
std::string missing_value(const Command& command, const CLI::ParseError& error) {
    const std::string_view text = error.what();
    std::string flag(text.substr(0, text.find(':')));
    if (flag.starts_with("--")) {
        for (const Option* option : options_of(command))
            if (dashed(option->name) == flag) return flag + ": its value is missing (" + flag + ' ' + std::string(option->value_name) + ')';
    }
    return std::string(text);
}

}  // namespace

CommandLine read_command_line(const Command& command, std::span<const char* const> arguments) {
    CommandLine out;
    try {
        Parser parser(command);
        try {
            parser.parse(arguments);
        } catch (const CLI::ParseError& error) {
            out.problems.push_back(missing_value(command, error));
        }
        parser.collect(out);
    } catch (const CLI::Error& error) {
        out.problems.emplace_back(error.what());
    }
    return out;
}

}  // namespace tinyhttpd::config
