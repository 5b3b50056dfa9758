// SPDX-License-Identifier: MIT
// The two commands. The server's options are in option_table.cpp; the probe's are here. Those have neither a TOML key nor a name
// in the environment: a probe is a line in a script or a Containerfile, written where it runs.
#include "config/command.hpp"

#include <array>

namespace tinyhttpd::config {

namespace {

using C = Config;
using V = Value;

constexpr std::uint64_t millisecond = 1000;
constexpr std::uint64_t day = std::uint64_t{24} * 3600 * 1'000'000;

constexpr Option url = {
    .name = "url", .type = Type::text, .value_name = "URL", .help = "What to ask", .store = [](C& c, const V& v) { c.probe.url = v.text; }};

constexpr auto target_options = std::to_array<Option>({
    {.name = "listen",
     .letter = 'l',
     .type = Type::addresses,
     .value_name = "ADDR",
     .help = "Without a URL, ask the server that listens there, by the first of its addresses (default: what the server would take)"},
    {.name = "config",
     .letter = 'c',
     .type = Type::input_path,
     .value_name = "FILE",
     .help = "Without a URL, ask the server that has this configuration file"},
});

constexpr auto request_options = std::to_array<Option>({
    {.name = "header",
     .letter = 'H',
     .type = Type::headers,
     .value_name = "'NAME: VALUE'",
     .help = "Send this header, such as Host or Authorization; an empty value leaves one of the probe's own out. Repeatable",
     .store = [](C& c, const V& v) { c.probe.headers = v.headers; }},
});

constexpr auto expectation_options = std::to_array<Option>({
    {.name = "expect-status",
     .type = Type::status_range,
     .value_name = "CODE|MIN-MAX",
     .default_text = "200-399",
     .help = "Healthy status codes",
     .minimum = 200,
     .maximum = 999,
     .store =
         [](C& c, const V& v) {
             c.probe.status_min = static_cast<int>(v.number);
             c.probe.status_max = static_cast<int>(v.last);
         }},
    {.name = "expect-body",
     .type = Type::text,
     .value_name = "TEXT",
     .help = "Healthy only when this text is in the first 1M of the content",
     .store = [](C& c, const V& v) { c.probe.expect_body = v.text; }},
});

constexpr auto attempt_options = std::to_array<Option>({
    {.name = "timeout",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "2s",
     .help = "Time for each attempt, from connecting to the end of the answer",
     .minimum = millisecond,
     .maximum = day,
     .store = [](C& c, const V& v) { c.probe.timeout = v.duration; }},
    {.name = "retries",
     .type = Type::count,
     .value_name = "N",
     .help = "Attempts after the first one (default: 0, or with --wait no limit)",
     .maximum = 1'000'000,
     .store = [](C& c, const V& v) { c.probe.retries = v.number; }},
    {.name = "wait",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "0",
     .help = "Go on until it is healthy, for this long",
     .maximum = day,
     .store = [](C& c, const V& v) { c.probe.wait = v.duration; }},
});

constexpr auto general_options = std::to_array<Option>({
    {.name = "quiet",
     .letter = 'q',
     .type = Type::boolean,
     .default_text = "false",
     .help = "Do not say why it is not healthy",
     .store = [](C& c, const V& v) { c.quiet = v.number != 0; }},
    {.name = "help", .letter = 'h', .type = Type::action, .help = "Print this help, then exit"},
});

constexpr auto probe_groups = std::to_array<OptionGroup>({
    {"Whom to ask", target_options},
    {"What to ask", request_options},
    {"What to expect", expectation_options},
    {"How often", attempt_options},
    {"General", general_options},
});

}  // namespace

const Command& server_command() {
    static const Command command = {
        .name = "tinyhttpd",
        .groups = option_groups(),
        .argument = &option_named("body"),
        .argument_name = "BODY",
        .argument_remedy = " (a body of several words needs quotes)",
        .opening =
            "Usage: tinyhttpd [OPTIONS] [BODY]\n"
            "       tinyhttpd probe [OPTIONS] [URL]\n"
            "Answer HTTP requests with responses that are fixed at start.\n"
            "\n"
            "  tinyhttpd --listen 127.0.0.1:8000 --body \"Hello World!\"\n",
        .closing =
            "Durations: 250us, 100ms, 5s, 1m, 2h or 0. Sizes: 512, 4k, 1M.\n"
            "Every option that takes a value, and every on/off switch, can be given as\n"
            "TINYHTTPD_<NAME> in the environment, --max-time as TINYHTTPD_MAX_TIME;\n"
            "a flag wins over the environment, the environment over the file.\n"
            "To ask a server whether it is up: tinyhttpd probe --help.\n"
            "See tinyhttpd(1) and tinyhttpd.toml(5).\n",
    };
    return command;
}

const Command& probe_command() {
    static const Command command = {
        .name = "tinyhttpd probe",
        .groups = probe_groups,
        .argument = &url,
        .argument_name = "URL",
        .argument_remedy = {},
        .opening =
            "Usage: tinyhttpd probe [OPTIONS] [URL]\n"
            "Ask a server with one GET whether it is healthy. Silent and 0 when it is.\n"
            "\n"
            "  tinyhttpd probe http://127.0.0.1:8000/health --wait 10s\n"
            "  tinyhttpd probe unix:/run/stub.sock\n",
        .closing =
            "URL is http://host:port/path or unix:/path; numeric addresses and localhost.\n"
            "Without one it asks where a server started with the same --listen, --config,\n"
            "TINYHTTPD_LISTEN or TINYHTTPD_CONFIG listens.\n"
            "Exit status: 0 healthy, 1 unhealthy or unreachable, 2 wrong usage.\n",
    };
    return command;
}

std::vector<const Option*> options_of(const Command& command) {
    std::vector<const Option*> out;
    for (const OptionGroup& group : command.groups)
        for (const Option& option : group.options) out.push_back(&option);
    return out;
}

}  // namespace tinyhttpd::config
