// SPDX-License-Identifier: MIT
// The only file that includes CLI11. Its conveniences are turned off where they would change what the user wrote: it would
// split "[1,2]" at the comma, take the next argument for an empty --body=, and let a list swallow [BODY].
#include "config/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
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

std::string unknown_flag(const Command& command, std::string_view argument) {
    const std::string flag(argument.substr(0, argument.find('=')));
    std::vector<std::string> flags;
    for (const Option* option : options_of(command)) {
        flags.push_back(dashed(option->name));
        if (is_negatable(*option)) flags.push_back(dashed("no-" + std::string(option->name)));
    }
    std::string meant(nearest(flag, flags));
    if (const Tried* tried = tried_elsewhere(flag.substr(flag.find_first_not_of('-')));
        tried != nullptr && std::ranges::find(flags, dashed(tried->option)) != flags.end())
        meant = dashed(tried->option) + (tried->form.empty() ? "" : ' ' + std::string(tried->form));
    const std::string remedy = meant.empty() ? "see " + std::string(command.name) + " --help" : "did you mean '" + meant + "'?";
    return flag + ": unknown flag (" + remedy + ')';
}

/// A first look at the arguments, for what CLI11 does not tell or takes for something else: by which of its names an option goes, and a
/// long flag with one dash, as Go's programs have them (it would be short flags in a row: -t, -e, -x, -t).
class Spelling {
public:
    Spelling(const Command& command, std::span<const char* const> arguments) : command_(command) {
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            const std::string_view argument = arguments[i];
            if (argument == "--") {
                has_mark_ = true;
                kept_.insert(kept_.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
                return;
            }
            const std::size_t before = problems_.size();
            const bool takes_next = argument.size() > 1 && argument.front() == '-' && take(argument);
            const std::size_t taken = takes_next && i + 1 < arguments.size() ? 2 : 1;
            // What is wrong is said here, and its value is not to be taken for the argument that is no flag.
            if (problems_.size() == before) kept_.insert(kept_.end(), &arguments[i], &arguments[i] + taken);
            i += taken - 1;
        }
    }

    /// "--text" for --body, when it was given so.
    std::string name_of(const Option& option) const {
        const auto found = typed_.find(&option);
        return found != typed_.end() ? found->second : dashed(option.name);
    }
    bool has_mark() const { return has_mark_; }
    const std::vector<const char*>& kept() const { return kept_; }
    const std::vector<std::string>& problems() const { return problems_; }

private:
    /// Looks at one flag; returns whether the next argument is its value.
    bool take(std::string_view argument) {
        const bool is_long = argument.starts_with("--");
        const std::string_view name = argument.substr(is_long ? 2 : 1, argument.find('=') - (is_long ? 2 : 1));
        const bool has_value = argument.find('=') != std::string_view::npos;
        const Option* option = name.size() > 1 ? named(name) : nullptr;
        if (is_long && option != nullptr) typed_[option] = dashed(name);
        if (is_long && has_value && option != nullptr && option->type == Type::action) {
            const std::string_view value = argument.substr(argument.find('=') + 1);
            if (std::ranges::find(option->choices, value) == option->choices.end())
                problems_.push_back(
                    shown(argument) + ": " + dashed(name) + ' ' +
                    (option->choices.empty() ? "takes no value" : "takes no value but " + std::string(option->choices.front())));
            return false;
        }
        if (is_long || option != nullptr) {
            if (!is_long)
                problems_.push_back(shown(argument) + ": a long flag takes two dashes (did you mean '-" + excerpt(argument) + "'?)");
            return option != nullptr && !is_flag(option->type) && !has_value;
        }
        if (name.size() > 1 && tried_elsewhere(name) != nullptr) {
            problems_.push_back(unknown_flag(command_, argument));
            return false;
        }
        return take_letters(argument);
    }

    bool take_letters(std::string_view argument) {
        for (std::size_t i = 1; i < argument.size(); ++i) {
            const Option* option = lettered(argument[i]);
            if (option == nullptr) return false;  // CLI11 reports it
            // As getopt(3) has it, the '=' would belong to the value. A text may begin with one, nothing else does.
            if (i + 1 < argument.size() && argument[i + 1] == '=' && option->type != Type::text) {
                const std::string meant = dashed(option->name) + (option->type == Type::action ? "" : excerpt(argument.substr(i + 1)));
                problems_.push_back(shown(argument) + ": a short flag takes no '=' (did you mean '" + meant + "'?)");
                return false;
            }
            if (!is_flag(option->type)) return i + 1 == argument.size();
        }
        return false;
    }

    const Option* named(std::string_view name) const {
        for (const Option* option : options_of(command_)) {
            if (option->name == name || (!option->alias.empty() && option->alias == name)) return option;
            if (is_negatable(*option) && name.starts_with("no-") && name.substr(3) == option->name) return option;
        }
        return nullptr;
    }
    const Option* lettered(char letter) const {
        for (const Option* option : options_of(command_))
            if (option->letter == letter) return option;
        return nullptr;
    }

    const Command& command_;
    std::map<const Option*, std::string> typed_;
    std::vector<const char*> kept_;  ///< without what is wrong
    std::vector<std::string> problems_;
    bool has_mark_ = false;
};

/// Whether one of the arguments can be read as this option: true too often, never too seldom.
bool may_be_given(const Option& option, std::span<const char* const> arguments) {
    return std::ranges::any_of(arguments, [&](std::string_view argument) {
        if (!argument.starts_with("--"))
            return argument.starts_with('-') && option.letter != '\0' && argument.find(option.letter) != argument.npos;
        const std::string_view name = argument.substr(2);
        return name.starts_with(option.name) || (!option.alias.empty() && name.starts_with(option.alias)) ||
               (name.starts_with("no-") && name.substr(3).starts_with(option.name));
    });
}

/// One CLI11 parser with the options of a command that may have been given, and what it found. CLI11 compares each option with all that
/// were declared before it: with the whole table that was half of what a start costs.
class Parser {
public:
    Parser(const Command& command, const Spelling& spelling) : command_(command), spelling_(spelling) {
        app_.set_help_flag();
        app_.allow_extras();
        for (const Option* option : options_of(command)) {
            if (may_be_given(*option, spelling.kept())) declared_.emplace_back(option, declare(*option));
        }
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
                // A flag without a value is "true" to CLI11; what may be one is seen to in Spelling.
                out.actions[option->name] = results.back() == "true" ? "" : unguarded(results.back());
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

    Setting setting(const Option& option, const std::vector<std::string>& results) const {
        Setting setting{spelling_.name_of(option), {}};
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
        if (!spelling_.has_mark()) out.bare_argument = text;
        const auto [place, inserted] = out.layer.try_emplace(command_.argument, Setting{name, {{text, name + ' ' + shown(text)}}});
        // After an unknown flag its value looks like the argument: one error is enough.
        if (!inserted && out.problems.empty())
            out.problems.emplace_back(place->second.place + " and " + name + " are both given: leave one of them out");
    }

    const Command& command_;
    const Spelling& spelling_;
    CLI::App app_;
    std::vector<std::pair<const Option*, CLI::Option*>> declared_;
    CLI::Option* argument_ = nullptr;
};

/// CLI11's own words start with the option's name, "--workers: …"; the rest is put into ours.
std::string missing_value(const Command& command, const Spelling& spelling, const CLI::ParseError& error) {
    const std::string_view text = error.what();
    std::string flag(text.substr(0, text.find(':')));
    if (flag.starts_with("--")) {
        for (const Option* option : options_of(command))
            if (dashed(option->name) == flag) {
                const std::string name = spelling.name_of(*option);
                return name + ": its value is missing (" + name + ' ' + std::string(option->value_name) + ')';
            }
    }
    return std::string(text);
}

}  // namespace

CommandLine read_command_line(const Command& command, std::span<const char* const> arguments) {
    CommandLine out;
    const Spelling spelling(command, arguments);
    out.problems = spelling.problems();
    try {
        Parser parser(command, spelling);
        try {
            parser.parse(spelling.kept());
        } catch (const CLI::ParseError& error) {
            out.problems.push_back(missing_value(command, spelling, error));
        }
        parser.collect(out);
    } catch (const CLI::Error& error) {
        out.problems.emplace_back(error.what());
    }
    return out;
}

}  // namespace tinyhttpd::config
