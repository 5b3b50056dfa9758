// SPDX-License-Identifier: MIT
// The layering: reads each source into a Layer, checks every value of each, merges them by precedence and stores the
// result. Knows no option by its type; the few that act on others (once, body, config) are named here.
#include "config/load.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "base/reason_phrase.hpp"
#include "base/socket_address.hpp"
#include "config/command_line.hpp"
#include "config/environment.hpp"
#include "config/print.hpp"
#include "config/read_file.hpp"
#include "config/response.hpp"
#include "config/route_text.hpp"
#include "config/suggest.hpp"
#include "config/toml_file.hpp"
#include "config/value.hpp"
#include "config/variant.hpp"

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
        if (asked("help")) return Printed{help(), {}};
        if (asked("version")) return Printed{version_text(invocation_.version, invocation_.engines_built_in), {}};
        problems_ = command_line_.problems;
        problems_.insert(problems_.end(), variables_.problems.begin(), variables_.problems.end());
        settle(flags_);
        settle(environment_);
        read_config_file();
        merge();
        for (const auto& [option, setting] : effective_) store(*option, setting);
        store_routes();
        check_response(config_.response, effective_);
        check_health();
        check_expectations();
        check_engine();
        check_standard_input();
        check_port_file();
        if (asked("check") && problems_.empty()) {
            check_body();
            check_interfaces();
            for (const std::string_view name : {"access-log", "capture", "port-file"}) check_output(name);
            check_port_file_link();
        }
        if (!problems_.empty()) return Problems{problems_, only_unreadable() && !asked("check") ? 1 : 2};
        if (asked("print-config")) return print_config();
        if (asked("check")) return Printed{{}, config_.quiet ? "" : "tinyhttpd: the configuration is valid\n"};
        if (command_line_.bare_argument) config_.notice = doubt_about(*command_line_.bare_argument);
        return std::move(config_);
    }

private:
    std::string help() const {
        return help_text(server_command(), command_line_.actions.at("help") == "all" ? HelpScope::all : HelpScope::usual);
    }

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
        refuse_both(layer, "body-file", "body", "the body is given as a text too");
        refuse_both(layer, "fault", "sequence", "the outcomes are given in order too");
    }
    void refuse_both(const Layer& layer, std::string_view one, std::string_view other, std::string_view what) {
        const Setting* first = find(layer, one);
        const Setting* second = find(layer, other);
        if (first != nullptr && second != nullptr)
            problems_.push_back(first->place + ": " + std::string(what) + " (" + second->place + "): leave one of them out");
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
        config_.source = path;
        const auto content = read_file(path, "read the configuration from");
        if (!content) return unreadable(content.error());
        const std::string directory = config_is_stdin_ ? "" : std::filesystem::path(path).parent_path().string();
        TomlFile file = read_toml(*content, config_is_stdin_ ? stdin_name : path, directory);
        problems_.insert(problems_.end(), file.problems.begin(), file.problems.end());
        file_ = std::move(file.layer);
        settle(file_);
        for (const RouteLayer& route : file.routes) settle_route(route);
        routes_ = std::move(file.routes);
    }

    /// The highest layer that says something about an option is heard; body and body-file are one option here, fault and sequence are.
    void merge() {
        static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> one = {
            {{"body", "body-file"}, {"fault", "sequence"}}};
        for (const Layer* layer : {&flags_, &environment_, &file_}) {
            std::vector<std::string_view> decided;
            for (const auto& [either, other] : one) {
                if (find(effective_, either) != nullptr || find(effective_, other) != nullptr)
                    decided.insert(decided.end(), {either, other});
            }
            // What is known as a variant is one of the body beside it.
            if (std::ranges::find(decided, "body") != decided.end()) decided.emplace_back("variant");
            for (const auto& [option, setting] : *layer) {
                if (std::ranges::find(decided, option->name) == decided.end()) effective_.try_emplace(option, setting);
            }
        }
        // A list of a higher layer takes the place of the whole list of a lower one.
        if (const Setting* setting = find(effective_, "route")) {
            routes_.clear();
            for (const Given& given : setting->texts) add_route(given);
        }
    }

    void add_route(const Given& given) {
        const auto text = parse_route(given.text);
        if (!text) return;  // said by check()
        RouteLayer& route = routes_.emplace_back();
        route.place = given.place;
        const auto set = [&](std::string_view key, const std::string& value) {
            route.layer[option_of_route(key)] = {given.place, {{value, given.place}}};
        };
        set("path", text->path);
        set("status", text->status);
        if (!text->method.empty()) set("methods", text->method);
        if (text->body) set("body", *text->body);
        if (text->body_file) set("body_file", *text->body_file);
        settle_route(route);
    }
    void settle_route(const RouteLayer& route) {
        for (const auto& [option, setting] : route.layer) check(*option, setting);
        refuse_both(route.layer, "body-file", "body", "the body is given as a text too");
        refuse_both(route.layer, "fault", "sequence", "the outcomes are given in order too");
    }

    /// None when a text of it was refused, which check() has said.
    static std::optional<Value> value_of(const Option& option, const Setting& setting) {
        Value value;
        for (const Given& given : setting.texts) {
            value.place.text = given.place;
            if (parse_value(option, given.text, value)) return {};
        }
        return value;
    }

    void store(const Option& option, const Setting& setting) {
        const std::optional<Value> value = value_of(option, setting);
        if (!value) return;
        if (option.store != nullptr) option.store(config_, *value);
        if (option.store_response != nullptr) option.store_response(config_.response, *value);
    }

    void store_routes() {
        for (const RouteLayer& given : routes_) {
            RouteConfig route;
            route.place.text = given.place;
            route.response.date = config_.response.date;
            route.response.server_header = config_.response.server_header;
            route.response.cors = config_.response.cors;
            for (const auto& [option, setting] : given.layer) {
                const std::optional<Value> value = value_of(*option, setting);
                if (!value) continue;
                if (option->store_response != nullptr) option->store_response(route.response, *value);
                if (option->name == "path") route.path = value->text;
                if (option->name == "methods") route.methods = value->texts;
            }
            check_route(route, given);
            check_response(route.response, given.layer);
            config_.routes.push_back(std::move(route));
            check_shadow(given);
        }
    }

    void check_route(const RouteConfig& route, const RouteLayer& given) {
        const auto path = std::ranges::find_if(given.layer, [](const auto& entry) { return entry.first->name == "path"; });
        if (path == given.layer.end()) {
            problems_.push_back(given.place + ": the path is missing (path = \"/…\")");
        } else if (const auto problem = problem_of_path(route.path)) {
            problems_.push_back(path->second.texts.back().place + ": " + *problem);
        }
    }

    void check_shadow(const RouteLayer& given) {
        const RouteConfig& route = config_.routes.back();
        std::string shadows;
        for (const RouteConfig* shadow : shadows_of_last(config_.routes)) shadows += (shadows.empty() ? "" : "; ") + shadow->place.text;
        if (!shadows.empty())
            problems_.push_back(given.place + ": is never reached: what it answers is answered earlier (" + shadows + ")");
        for (const std::string& path : {config_.health.path, config_.health.ready_path})
            if (!path.empty() && route.path == path)
                problems_.push_back(given.place + ": is never reached: " + shown(path) + " is asked for the health");
    }

    /// What only several options together can be wrong in.
    void check_response(const ResponseConfig& response, const Layer& layer) {
        // A file is looked at when it is read.
        const bool is_empty = !has_content(response.status) || (response.body && response.body->empty()) ||
                              (!response.body && !response.body_file && reason_phrase(response.status).empty());
        if (is_empty) complain_if_truncated(response, layer);
        if (!response.variants.empty()) check_variants(response, layer, is_empty);
    }

    void check_variants(const ResponseConfig& response, const Layer& layer, bool is_empty) {
        const std::string& place = find(layer, "variant")->texts.front().place;
        if (!has_content(response.status)) {
            problems_.push_back(place + ": an answer with the status " + std::to_string(response.status) + " has no body");
        } else if (!response.body && !response.body_file) {
            problems_.push_back(place + ": there is no body that it could be a variant of (give it, too, as a text or as a file)");
        } else if (is_empty) {
            problems_.push_back(place + ": an empty body has no variants");
        }
        const auto is_coding = [](const Header& header) { return equals_ignore_case(header.name, "Content-Encoding"); };
        if (std::ranges::any_of(response.headers, is_coding))
            problems_.push_back(place + ": Content-Encoding is given as a header, too (" + find(layer, "header")->place +
                                "): leave one of them out");
    }

    void complain_if_truncated(const ResponseConfig& response, const Layer& layer) {
        const auto is_truncate = [](const auto& one) { return one.outcome.fault == Fault::truncate; };
        if (std::ranges::none_of(response.sequence, is_truncate) && std::ranges::none_of(response.faults, is_truncate)) return;
        const Setting* setting = find(layer, "sequence");
        if (setting == nullptr) setting = find(layer, "fault");
        problems_.push_back(setting->place + ": truncate needs a body that can be cut, and this one is empty");
    }

    void check_health() {
        const HealthConfig& health = config_.health;
        const auto complain = [this](std::string_view option, std::string_view what) {
            if (const Setting* setting = find(effective_, option)) problems_.push_back(setting->place + ": " + std::string(what));
        };
        if (!health.path.empty() && health.path == health.ready_path)
            complain("ready", "the same path is asked for the liveness (--health)");
        if (health.ready_path.empty()) {
            for (const std::string_view option : {"ready-after", "down-file"}) {
                const Setting* setting = find(effective_, option);
                const bool says_nothing = option == "ready-after" && health.ready_after.count() == 0;
                if (setting != nullptr && !says_nothing) complain(option, "nobody can ask whether it is ready (try --ready /ready)");
            }
            if (health.unready) complain("unready", "nobody can ask whether it is ready (try --ready /ready)");
        }
        if (health.path.empty() && health.unhealthy_after.count() != 0)
            complain("unhealthy-after", "nobody can ask whether it is healthy (try --health /healthz)");
    }

    void check_expectations() {
        for (std::size_t i = 0; i < config_.expect.size(); ++i) {
            const std::string& path = config_.expect[i].path;
            if (path == config_.health.path || path == config_.health.ready_path)
                problems_.push_back(find(effective_, "expect")->texts[i].place + ": " + shown(path) +
                                    " is asked for the health, and that is never counted");
        }
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
        bool is_taken = config_is_stdin_;
        std::string_view holder = "the configuration";
        const auto check = [&](const Setting* setting) {
            if (setting == nullptr || setting->texts.back().text != "-") return;
            if (std::exchange(is_taken, true))
                problems_.push_back(setting->texts.back().place + ": standard input already holds " + std::string(holder));
            else
                holder = "another body";
        };
        check(body_file);
        for (const RouteLayer& route : routes_) check(find(route.layer, "body-file"));
    }

    void check_body() {
        check_body(config_.response, effective_);
        for (std::size_t i = 0; i < routes_.size(); ++i) check_body(config_.routes[i].response, routes_[i].layer);
    }

    void check_body(const ResponseConfig& config, const Layer& layer) {
        const auto response = resolve_response(config);
        if (!response) {
            unreadable(response.error());
        } else if (response->body.empty() && config.body_file) {
            complain_if_truncated(config, layer);
            if (!config.variants.empty()) check_variants(config, layer, true);
        }
        for (const Variant& variant : config.variants)
            if (const auto body = read_variant(variant); !body) unreadable(body.error());
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
        const auto make_absolute = [](Layer& layer) {
            for (auto& [option, setting] : layer) {
                for (Given& given : setting.texts) {
                    const std::size_t file = input_file_in(*option, given.text);
                    std::error_code ignored;
                    if (file != std::string::npos)
                        given.text = given.text.substr(0, file) + std::filesystem::absolute(given.text.substr(file), ignored).string();
                }
            }
        };
        make_absolute(effective_);
        for (RouteLayer& route : routes_) make_absolute(route.layer);
        const auto text = config_text(effective_, routes_);
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
    std::vector<RouteLayer> routes_;
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
