// SPDX-License-Identifier: MIT
// The layering: reads each source into a Layer, checks every value of each, merges them by precedence and stores the
// result. Knows no option by its type; the few that act on others (once, body, config) are named here.
#include "config/load.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/socket_address.hpp"
#include "config/command_line.hpp"
#include "config/environment.hpp"
#include "config/print.hpp"
#include "config/read_file.hpp"
#include "config/response.hpp"
#include "config/suggest.hpp"
#include "config/toml_file.hpp"
#include "config/value.hpp"

namespace tinyhttpd::config {

namespace {

constexpr std::string_view stdin_name = "standard input";

/// What a [BODY] was perhaps meant to be: a command that peers have, the one that we have, or an address. It is the body all the same, so
/// this is said beside it; empty when there is nothing to say.
std::string doubt_about(const std::string& body) {
    const std::string subject = "the body is '" + excerpt(body) + "': ";
    const auto meant = [&](const std::string& what) { return subject + "did you mean '" + what + "'?"; };
    if (body == "help" || body == "version") return meant("tinyhttpd --" + body);
    for (const std::string_view word : {"serve", "server", "start", "run"})
        if (body == word) return subject + "there is no such command, the server starts without one";
    const std::array<std::string, 1> command = {"probe"};
    if (!nearest(body, command).empty()) return meant("tinyhttpd probe");
    constexpr std::size_t shortest_likely_port = 4;
    if (body.size() >= shortest_likely_port && parse_listen_address(':' + body)) return meant("--listen :" + body);
    if (const auto address = parse_listen_address(body); address && address->kind != ListenAddress::Kind::inherited)
        return meant("--listen " + body);
    return {};
}

/// One call of load(), in the order it happens.
class Loader {
public:
    explicit Loader(const Invocation& invocation)
        : invocation_(invocation),
          command_line_(read_command_line(server_command(), invocation.arguments)),
          flags_(command_line_.layer),
          variables_(read_environment(invocation.environment)),
          environment_(variables_.layer) {}

    std::variant<Config, Printed, Problems> run() {
        // Help is most wanted when something else on the line is wrong.
        if (asked("help")) return Printed{help_text(server_command()), {}};
        if (asked("version")) return Printed{version_text(invocation_.version, invocation_.engines_built_in), {}};
        problems_ = command_line_.problems;
        problems_.insert(problems_.end(), variables_.problems.begin(), variables_.problems.end());
        settle(flags_);
        settle(environment_);
        read_config_file();
        merge();
        for (const auto& [option, setting] : effective_) store(*option, setting);
        check_engine();
        check_standard_input();
        check_port_file();
        if (asked("check") && problems_.empty()) {
            check_body();
            check_interfaces();
            for (const std::string_view name : {"access-log", "port-file"}) check_output(name);
            check_port_file_link();
        }
        if (!problems_.empty()) return Problems{problems_, only_unreadable() && !asked("check") ? 1 : 2};
        if (asked("print-config")) return print_config();
        if (asked("check")) return Printed{{}, config_.quiet ? "" : "tinyhttpd: the configuration is valid\n"};
        if (command_line_.bare_argument) config_.notice = doubt_about(*command_line_.bare_argument);
        return std::move(config_);
    }

private:
    bool asked(std::string_view action) const { return command_line_.actions.contains(action); }

    bool only_unreadable() const { return problems_.size() == unreadable_; }

    void unreadable(const Error& error) {
        problems_.push_back(error.text());
        ++unreadable_;
    }

    static const Setting* find(const Layer& layer, std::string_view name) {
        const auto found = layer.find(&option_named(name));
        return found == layer.end() ? nullptr : &found->second;
    }

    /// Checks every value of one layer and what only one of a pair may say in it.
    void settle(Layer& layer) {
        for (const auto& [option, setting] : layer) check(*option, setting);
        expand_once(layer);
        const Setting* body = find(layer, "body");
        const Setting* body_file = find(layer, "body-file");
        if (body != nullptr && body_file != nullptr)
            problems_.push_back(body_file->place + ": the body is given as a text too (" + body->place + "): leave one of them out");
    }

    void check(const Option& option, const Setting& setting) {
        Value value;
        for (const Given& given : setting.texts)
            if (const auto refusal = parse_value(option, given.text, value)) problems_.push_back(given.place + ": " + *refusal);
        if (option.type == Type::addresses && setting.texts.empty()) problems_.push_back(setting.place + ": expected at least one address");
    }

    void expand_once(Layer& layer) {
        const auto once = layer.find(&option_named("once"));
        if (once == layer.end()) return;
        Value value;
        const bool on = !parse_value(*once->first, once->second.texts.back().text, value) && value.number != 0;
        const std::string place = once->second.place;
        layer.erase(once);
        if (!on) return;
        const auto [found, inserted] = layer.try_emplace(&option_named("max-requests"), Setting{place, {{"1", place}}});
        if (!inserted)
            problems_.push_back(place + ": the number of requests is given too (" + found->second.place + "): leave one of them out");
    }

    void read_config_file() {
        const Setting* setting = find(flags_, "config");
        if (setting == nullptr) setting = find(environment_, "config");
        if (setting == nullptr || setting->texts.back().text.empty()) return;
        const std::string& path = setting->texts.back().text;
        config_is_stdin_ = path == "-";
        const auto content = read_file(path, "read the configuration from");
        if (!content) return unreadable(content.error());
        const std::string directory = config_is_stdin_ ? "" : std::filesystem::path(path).parent_path().string();
        TomlFile file = read_toml(*content, config_is_stdin_ ? stdin_name : path, directory);
        problems_.insert(problems_.end(), file.problems.begin(), file.problems.end());
        file_ = std::move(file.layer);
        settle(file_);
    }

    /// The highest layer that says something about an option is heard; body and body-file are one option here.
    void merge() {
        for (const Layer* layer : {&flags_, &environment_, &file_}) {
            const bool body_decided = find(effective_, "body") != nullptr || find(effective_, "body-file") != nullptr;
            for (const auto& [option, setting] : *layer) {
                if (body_decided && (option->name == "body" || option->name == "body-file")) continue;
                effective_.try_emplace(option, setting);
            }
        }
    }

    void store(const Option& option, const Setting& setting) {
        if (option.store == nullptr) return;
        Value value;
        for (const Given& given : setting.texts)
            if (parse_value(option, given.text, value)) return;  // said by check()
        option.store(config_, value);
    }

    void check_engine() {
        const Setting* setting = find(effective_, "engine");
        if (setting == nullptr || config_.engine == EngineName::automatic) return;
        const std::string& name = setting->texts.back().text;
        if (std::ranges::find(invocation_.engines_built_in, name) != invocation_.engines_built_in.end()) return;
        std::string built_in;
        for (const std::string& engine : invocation_.engines_built_in) built_in += ", " + engine;
        problems_.push_back(setting->texts.back().place + ": not built in (this build has auto" + built_in + ")");
    }

    void check_standard_input() {
        const Setting* body_file = find(effective_, "body-file");
        if (config_is_stdin_ && body_file != nullptr && body_file->texts.back().text == "-")
            problems_.push_back(body_file->texts.back().place + ": standard input already holds the configuration");
    }

    void check_body() {
        if (const auto response = resolve_response(config_.response); !response) unreadable(response.error());
    }

    /// No part of every load: a configuration may be made, and printed, on another machine.
    void check_interfaces() {
        const Setting* setting = find(effective_, "listen");
        if (setting == nullptr) return;
        for (std::size_t i = 0; i < config_.listen.size(); ++i)
            if (const auto problem = zone_problem(config_.listen[i])) problems_.push_back(setting->texts[i].place + ": " + *problem);
    }

    void check_port_file() {
        const Setting* setting = find(effective_, "port-file");
        const auto has_no_port = [](const ListenAddress& address) { return address.kind == ListenAddress::Kind::unix_path; };
        if (setting != nullptr && !setting->texts.back().text.empty() && !config_.listen.empty() &&
            std::ranges::all_of(config_.listen, has_no_port))
            problems_.push_back(setting->texts.back().place + ": no listener has a port (a unix socket has none)");
    }

    /// PortFile::write() refuses it as well. /dev/stdout is a link, too, and may lead to a file: it is a stream.
    void check_port_file_link() {
        const Setting* setting = find(effective_, "port-file");
        if (setting == nullptr) return;
        const auto& [text, place] = setting->texts.back();
        std::error_code ignored;
        const bool is_stream = text.starts_with("/dev/") || text.starts_with("/proc/");
        if (!is_stream && std::filesystem::is_symlink(text, ignored) && !std::filesystem::is_other(text, ignored))
            problems_.push_back(place + ": is a link to a file or to nothing; name the file itself");
    }

    /// Whether a file could be made there, without making it.
    void check_output(std::string_view name) {
        const Setting* setting = find(effective_, name);
        if (setting == nullptr) return;
        const auto& [text, place] = setting->texts.back();
        if (text.empty() || text == "-" || text == "stdout" || text == "stderr") return;
        const std::filesystem::path path(text);
        std::error_code ignored;
        if (std::filesystem::is_directory(path, ignored)) {
            problems_.push_back(place + ": is a directory");
        } else if (!std::filesystem::is_directory(path.has_parent_path() ? path.parent_path() : ".", ignored)) {
            problems_.push_back(place + ": there is no directory to hold it");
        }
    }

    std::variant<Config, Printed, Problems> print_config() {
        // The text may be stored anywhere: a path that is relative to this directory would change its meaning there.
        if (const auto body_file = effective_.find(&option_named("body-file")); body_file != effective_.end()) {
            std::string& path = body_file->second.texts.back().text;
            std::error_code ignored;
            if (path != "-") path = std::filesystem::absolute(path, ignored).string();
        }
        const auto text = config_text(effective_);
        if (!text) return Problems{{text.error()}, 2};
        return Printed{*text, {}};
    }

    const Invocation& invocation_;
    CommandLine command_line_;
    Layer& flags_;
    Environment variables_;
    Layer& environment_;
    Layer file_;
    Layer effective_;
    Config config_;
    std::vector<std::string> problems_;
    std::size_t unreadable_ = 0;
    bool config_is_stdin_ = false;
};

}  // namespace

std::variant<Config, Printed, Problems> load(const Invocation& invocation) {
    return Loader(invocation).run();
}

}  // namespace tinyhttpd::config
