// SPDX-License-Identifier: MIT
// load_probe: the probe's own flags, and where its server listens: that is asked of load(), so that a probe beside a server finds
// it by whatever configured it.
#include "config/command_line.hpp"
#include "config/load.hpp"
#include "config/print.hpp"
#include "config/value.hpp"

namespace tinyhttpd::config {

std::variant<Config, Printed, Problems> load_probe(const Invocation& invocation) {
    const CommandLine line = read_command_line(probe_command(), invocation.arguments);
    if (line.actions.contains("help")) return Printed{help_text(probe_command(), HelpScope::all), {}};
    Problems problems{line.problems};
    Config config;
    std::vector<std::string> for_server;
    for (const auto& [option, setting] : line.layer) {
        if (option->store == nullptr) {  // the server's, who judges them
            for (const Given& given : setting.texts) for_server.push_back("--" + std::string(option->name) + '=' + given.text);
            continue;
        }
        Value value;
        for (const Given& given : setting.texts)
            if (const auto refusal = parse_value(*option, given.text, value)) problems.lines.push_back(given.place + ": " + *refusal);
        option->store(config, value);
    }
    if (config.probe.url && !for_server.empty())
        problems.lines.push_back("[URL] and " + for_server.front().substr(0, for_server.front().find('=')) +
                                 " are both given: leave one of them out");
    if (!problems.lines.empty()) return problems;
    if (config.probe.url) return config;

    std::vector<const char*> arguments;
    arguments.reserve(for_server.size());
    for (const std::string& argument : for_server) arguments.push_back(argument.c_str());
    auto loaded = load({arguments, invocation.environment, invocation.version, invocation.engines_built_in});
    if (auto* server = std::get_if<Config>(&loaded)) {
        config.listen = std::move(server->listen);
        return config;
    }
    return loaded;
}

}  // namespace tinyhttpd::config
