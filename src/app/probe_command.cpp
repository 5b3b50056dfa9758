// SPDX-License-Identifier: MIT
#include "app/probe_command.hpp"

#include <string>
#include <vector>

#include "probe/probe.hpp"

namespace tinyhttpd {

namespace {

probe::Expectation to_expectation(const config::ProbeConfig& config) {
    return {.status_min = config.status_min,
            .status_max = config.status_max,
            .body = config.expect_body,
            .timeout = config.timeout,
            .retries = config.retries,
            .wait = config.wait};
}

}  // namespace

ExitStatus run_probe(const config::Config& config, log::Diagnostics& diagnostics) {
    const auto& url = config.probe.url;
    const auto target = url ? probe::parse_url(*url) : probe::target_at(config.listen.front());
    if (!target) {
        diagnostics.error("probe " + (url ? *url : to_string(config.listen.front())) + ": " + target.error());
        return ExitStatus::usage;
    }
    std::vector<probe::Field> fields;
    fields.reserve(config.probe.headers.size());
    for (const config::Header& header : config.probe.headers) fields.push_back({header.name, header.value});
    const probe::Verdict verdict = probe::probe(*target, probe::request_for(*target, fields), to_expectation(config.probe));
    if (!verdict.why) return ExitStatus::clean;
    if (!config.quiet) diagnostics.error("probe " + target->name + ": " + *verdict.why + probe::patience_text(verdict));
    return ExitStatus::cannot_run;
}

}  // namespace tinyhttpd
