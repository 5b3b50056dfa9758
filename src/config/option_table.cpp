// SPDX-License-Identifier: MIT
// The rows of the option table. A row is data: what it means to parse, print or complete it follows from its type.
#include "config/option_table.hpp"

#include <algorithm>
#include <array>

#include "base/verify.hpp"

namespace tinyhttpd::config {

namespace {

using C = Config;
using R = ResponseConfig;
using V = Value;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
// TOML integers are signed.
constexpr std::uint64_t largest = 0x7fff'ffff'ffff'ffff;
constexpr std::uint64_t millisecond = 1000;
// Far below where adding it to a clock could overflow.
constexpr std::uint64_t year = std::uint64_t{365} * 24 * 3600 * 1'000'000;

constexpr std::array<std::string_view, 4> engines = {"auto", "io_uring", "epoll", "kqueue"};
constexpr std::array<std::string_view, 3> log_formats = {"common", "combined", "json"};
constexpr std::array<std::string_view, 2> log_overflows = {"drop", "block"};
constexpr std::array<std::string_view, 4> log_levels = {"error", "warn", "info", "debug"};
constexpr std::array<std::string_view, 1> help_scopes = {"all"};
constexpr std::array<std::string_view, 4> log_targets = {"off", "-", "stdout", "stderr"};
constexpr std::array<std::string_view, 2> capture_targets = {"off", "-"};

constexpr auto response_options = std::to_array<Option>({
    {.name = "body",
     .letter = 'b',
     .key = "response.body",
     .type = Type::text,
     .value_name = "TEXT",
     .help = "Answer with this text, byte for byte (default: the status's reason phrase). [BODY] is the same",
     .alias = "text",
     .store_response = [](R& r, const V& v) { r.body = v.text; }},
    {.name = "body-file",
     .key = "response.body_file",
     .type = Type::input_path,
     .value_name = "PATH",
     .help = "Answer with this file, read once at start; - is standard input",
     .store_response =
         [](R& r, const V& v) {
             r.body_file = v.text;
             r.body_file_place = v.place;
         }},
    {.name = "status",
     .letter = 's',
     .key = "response.status",
     .type = Type::status,
     .value_name = "CODE",
     .default_text = "200",
     .help = "Status code, 200 to 999",
     .minimum = 200,
     .maximum = 999,
     .alias = "status-code",
     .store_response = [](R& r, const V& v) { r.status = static_cast<int>(v.number); }},
    {.name = "header",
     .letter = 'H',
     .key = "response.headers",
     .type = Type::headers,
     .value_name = "'NAME: VALUE'",
     .help = "Add a header, or replace a default one; an empty value removes it. Repeatable",
     .store_response = [](R& r, const V& v) { r.headers = v.headers; }},
    {.name = "content-type",
     .key = "response.content_type",
     .type = Type::media_type,
     .value_name = "TYPE",
     .help = "Type of the body (default: application/json for a JSON object or array, else text/plain)",
     .store_response = [](R& r, const V& v) { r.content_type = v.text; }},
    {.name = "variant",
     .key = "response.variants",
     .type = Type::variants,
     .value_name = "'CODING: FILE'",
     .help = "The body as gzip, br, zstd or deflate. Repeatable",
     .store_response = [](R& r, const V& v) { r.variants = v.variants; }},
    {.name = "date",
     .key = "response.date",
     .type = Type::boolean,
     .default_text = "true",
     .help = "Send a Date header",
     .store_response = [](R& r, const V& v) { r.date = v.number != 0; }},
    {.name = "server-header",
     .key = "response.server_header",
     .type = Type::boolean,
     .default_text = "true",
     .help = "Send 'Server: tinyhttpd'",
     .store_response = [](R& r, const V& v) { r.server_header = v.number != 0; }},
    {.name = "cors",
     .key = "response.cors",
     .type = Type::origin,
     .value_name = "ORIGIN",
     .help = "Let scripts of this origin read every answer, * of any, and answer their preflights",
     .store_response = [](R& r, const V& v) { r.cors = v.text; }},
});

constexpr auto outcome_options = std::to_array<Option>({
    {.name = "route",
     .key = "route",
     .type = Type::routes,
     .value_name = "'[METHOD ]PATH STATUS [BODY]'",
     .help = "Answer this path otherwise: exact, or a prefix when it ends in *; @FILE as BODY is a file. The first that matches "
             "answers. Repeatable"},
    {.name = "sequence",
     .key = "response.sequence",
     .type = Type::sequence,
     .value_name = "LIST",
     .help = "Outcomes in order of arrival, the last for ever: 503x2,ok. An outcome is ok, a status code, close, reset, hang, truncate or "
             "garbage",
     .store_response = [](R& r, const V& v) { r.sequence = v.sequence; }},
    {.name = "fault",
     .key = "response.fault",
     .type = Type::faults,
     .value_name = "LIST",
     .help = "Outcomes by chance: 503:5%,reset:0.5%; the rest is ok",
     .store_response = [](R& r, const V& v) { r.faults = v.faults; }},
    {.name = "delay",
     .key = "response.delay",
     .type = Type::delays,
     .value_name = "LIST",
     .help = "Wait before answering: 100ms, 50ms-2s (uniform), 80ms~400ms (lognormal by median and 99th percentile), 2s:1%",
     .store_response = [](R& r, const V& v) { r.delays = v.delays; }},
    {.name = "limit-rate",
     .key = "response.limit_rate",
     .type = Type::size,
     .value_name = "SIZE",
     .default_text = "0",
     .help = "Bytes of body a second; 0 is no limit",
     .maximum = 1024 * 1024 * mib,
     .store_response = [](R& r, const V& v) { r.limit_rate = v.number; }},
    {.name = "seed",
     .key = "seed",
     .type = Type::count,
     .value_name = "N",
     .help = "Repeat the faults and delays of the run that had it (default: another each time)",
     .maximum = largest,
     .store = [](C& c, const V& v) { c.seed = v.number; }},
});

constexpr auto health_options = std::to_array<Option>({
    {.name = "health",
     .key = "health.path",
     .type = Type::path,
     .value_name = "PATH",
     .help = "Liveness: 200 ok, else 503 unhealthy",
     .store = [](C& c, const V& v) { c.health.path = v.text; }},
    {.name = "ready",
     .key = "health.ready_path",
     .type = Type::path,
     .value_name = "PATH",
     .help = "Readiness: 200 ready, else 503 and why: starting, down-file, signal, stopping",
     .store = [](C& c, const V& v) { c.health.ready_path = v.text; }},
    {.name = "ready-after",
     .key = "health.ready_after",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "0",
     .help = "Not ready before this time",
     .maximum = year,
     .store = [](C& c, const V& v) { c.health.ready_after = v.duration; }},
    {.name = "unhealthy-after",
     .key = "health.unhealthy_after",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "0",
     .help = "Unhealthy from this time on; 0 is never",
     .maximum = year,
     .store = [](C& c, const V& v) { c.health.unhealthy_after = v.duration; }},
    {.name = "down-file",
     .key = "health.down_file",
     .type = Type::input_path,
     .value_name = "PATH",
     .help = "Not ready while this file exists",
     .store = [](C& c, const V& v) { c.health.down_file = v.text; }},
    {.name = "unready",
     .key = "health.unready",
     .type = Type::boolean,
     .default_text = "false",
     .help = "Begin not ready; SIGUSR2 flips it",
     .store = [](C& c, const V& v) { c.health.unready = v.number != 0; }},
});

// Of a [[route]] alone; no flags.
constexpr auto only_route_options = std::to_array<Option>({
    {.name = "path", .key = "path", .type = Type::text},
    {.name = "methods", .key = "methods", .type = Type::methods},
});

constexpr auto server_options = std::to_array<Option>({
    {.name = "listen",
     .letter = 'l',
     .key = "listen",
     .type = Type::addresses,
     .value_name = "ADDR",
     .default_text = "127.0.0.1:8000",
     .help = "host:port, :port, [::1]:port, unix:/path or systemd[:NAME]; port 0 picks a free one. Repeatable",
     .store = [](C& c, const V& v) { c.listen = v.addresses; }},
    {.name = "workers",
     .letter = 'w',
     .key = "workers",
     .type = Type::count_or_auto,
     .value_name = "N|auto",
     .default_text = "auto",
     .help = "Worker threads; auto follows the CPUs this process may use",
     .minimum = 1,
     .maximum = 1024,
     .store = [](C& c, const V& v) { c.workers = static_cast<std::uint32_t>(v.number); }},
    {.name = "engine",
     .key = "engine",
     .type = Type::choice,
     .value_name = "NAME",
     .default_text = "auto",
     .help = "How bytes are moved",
     .choices = engines,
     .store = [](C& c, const V& v) { c.engine = static_cast<EngineName>(v.number); }},
});

constexpr auto socket_options = std::to_array<Option>({
    {.name = "unix-mode",
     .key = "socket.unix_mode",
     .type = Type::mode,
     .value_name = "OCTAL",
     .default_text = "0660",
     .help = "Permissions of a unix socket",
     .maximum = 0777,
     .store = [](C& c, const V& v) { c.unix_mode = static_cast<std::uint32_t>(v.number); }},
    {.name = "backlog",
     .key = "socket.backlog",
     .type = Type::count,
     .value_name = "N",
     .default_text = "4096",
     .help = "Connections the kernel queues before they are accepted",
     .minimum = 1,
     .maximum = 65535,
     .store = [](C& c, const V& v) { c.backlog = static_cast<int>(v.number); }},
    {.name = "proxy-protocol",
     .key = "socket.proxy_protocol",
     .type = Type::boolean,
     .default_text = "false",
     .help = "Every connection begins with a PROXY header, version 1 or 2",
     .store = [](C& c, const V& v) { c.proxy_protocol = v.number != 0; }},
    {.name = "pin-workers",
     .key = "pin_workers",
     .type = Type::boolean,
     .default_text = "false",
     .help = "Keep each worker on one of these CPUs, in turn",
     .store = [](C& c, const V& v) { c.pin_workers = v.number != 0; }},
});

constexpr auto limit_options = std::to_array<Option>({
    {.name = "read-buffer",
     .key = "limits.read_buffer",
     .type = Type::size,
     .value_name = "SIZE",
     .default_text = "4k",
     .help = "Bytes asked for per receive",
     .minimum = 256,
     .maximum = 16 * mib,
     .store = [](C& c, const V& v) { c.limits.read_buffer = static_cast<std::size_t>(v.number); }},
    {.name = "write-buffer",
     .key = "limits.write_buffer",
     .type = Type::size,
     .value_name = "SIZE",
     .default_text = "4k",
     .help = "Bytes of answers gathered before one send",
     .minimum = 256,
     .maximum = 16 * mib,
     .store = [](C& c, const V& v) { c.limits.write_buffer = static_cast<std::size_t>(v.number); }},
    {.name = "max-head",
     .key = "limits.max_head",
     .type = Type::size,
     .value_name = "SIZE",
     .default_text = "16k",
     .help = "Longest request head",
     .minimum = 256,
     .maximum = 16 * mib,
     .store = [](C& c, const V& v) { c.limits.max_head = static_cast<std::size_t>(v.number); }},
    {.name = "max-body",
     .key = "limits.max_body",
     .type = Type::size,
     .value_name = "SIZE",
     .default_text = "1M",
     .help = "Longest request body, which is read and discarded; 0 is no limit",
     .maximum = largest,
     .store = [](C& c, const V& v) { c.limits.max_body = v.number; }},
    {.name = "max-connections",
     .key = "limits.max_connections",
     .type = Type::count_or_auto,
     .value_name = "N|auto",
     .default_text = "auto",
     .help = "Connections at a time; auto follows the limit of open files (ulimit -n)",
     .minimum = 1,
     .maximum = 16'777'216,
     .store = [](C& c, const V& v) { c.limits.max_connections = static_cast<std::uint32_t>(v.number); }},
    {.name = "keepalive",
     .key = "limits.keepalive",
     .type = Type::boolean,
     .default_text = "true",
     .help = "Keep connections open between requests",
     .store = [](C& c, const V& v) { c.limits.keepalive = v.number != 0; }},
    {.name = "keepalive-requests",
     .key = "limits.keepalive_requests",
     .type = Type::count,
     .value_name = "N",
     .default_text = "0",
     .help = "Requests answered on one connection; 0 is no limit",
     .maximum = largest,
     .store = [](C& c, const V& v) { c.limits.keepalive_requests = v.number; }},
    {.name = "head-timeout",
     .key = "limits.head_timeout",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "10s",
     .help = "Time for a whole request head",
     .minimum = millisecond,
     .maximum = year,
     .store = [](C& c, const V& v) { c.limits.head_timeout = v.duration; }},
    {.name = "body-timeout",
     .key = "limits.body_timeout",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "5m",
     .help = "Time for a whole request body; a stall is cut at head-timeout",
     .minimum = millisecond,
     .maximum = year,
     .store = [](C& c, const V& v) { c.limits.body_timeout = v.duration; }},
    {.name = "idle-timeout",
     .key = "limits.idle_timeout",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "75s",
     .help = "Wait between two requests",
     .minimum = millisecond,
     .maximum = year,
     .store = [](C& c, const V& v) { c.limits.idle_timeout = v.duration; }},
    {.name = "write-timeout",
     .key = "limits.write_timeout",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "30s",
     .help = "Time without progress in sending",
     .minimum = millisecond,
     .maximum = year,
     .store = [](C& c, const V& v) { c.limits.write_timeout = v.duration; }},
});

constexpr auto log_options = std::to_array<Option>({
    {.name = "access-log",
     .key = "log.access",
     .type = Type::output_path,
     .value_name = "PATH",
     .default_text = "off",
     .help = "Log requests to a file, to - or stdout, or to stderr",
     .choices = log_targets,
     .store = [](C& c, const V& v) { c.log.access = v.text == "off" ? "" : v.text; }},
    {.name = "log-format",
     .key = "log.format",
     .type = Type::choice,
     .value_name = "NAME",
     .default_text = "common",
     .help = "Format of the access log",
     .choices = log_formats,
     .store = [](C& c, const V& v) { c.log.format = static_cast<LogFormat>(v.number); }},
    {.name = "log-level",
     .key = "log.level",
     .type = Type::choice,
     .value_name = "LEVEL",
     .default_text = "info",
     .help = "Least severe diagnostics shown on standard error",
     .choices = log_levels,
     .store = [](C& c, const V& v) { c.log.level = static_cast<LogLevel>(v.number); }},
});

constexpr auto log_batch_options = std::to_array<Option>({
    {.name = "log-buffer",
     .key = "log.buffer",
     .type = Type::size,
     .value_name = "SIZE",
     .default_text = "64k",
     .help = "Write the access log in batches of this size",
     .minimum = 4 * kib,
     .maximum = 64 * mib,
     .store = [](C& c, const V& v) { c.log.buffer = static_cast<std::size_t>(v.number); }},
    {.name = "log-flush",
     .key = "log.flush",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "1s",
     .help = "Write a smaller batch after this time",
     .minimum = millisecond,
     .maximum = year,
     .store = [](C& c, const V& v) { c.log.flush = v.duration; }},
    {.name = "log-overflow",
     .key = "log.overflow",
     .type = Type::choice,
     .value_name = "MODE",
     .default_text = "drop",
     .help = "When lines come faster than they are written",
     .choices = log_overflows,
     .store = [](C& c, const V& v) { c.log.overflow = static_cast<LogOverflow>(v.number); }},
});

constexpr auto capture_options = std::to_array<Option>({
    {.name = "capture",
     .key = "capture.file",
     .type = Type::output_path,
     .value_name = "PATH",
     .default_text = "off",
     .help = "Append each request as a line of JSON to this file before it is answered; - is standard output",
     .choices = capture_targets,
     .store = [](C& c, const V& v) { c.capture.file = v.text == "off" ? "" : v.text; }},
    {.name = "capture-body",
     .key = "capture.body",
     .type = Type::size,
     .value_name = "SIZE",
     .default_text = "64k",
     .help = "Bytes of a request's body that are captured",
     .maximum = 1024 * mib,
     .store = [](C& c, const V& v) { c.capture.body = static_cast<std::size_t>(v.number); }},
    {.name = "expect",
     .key = "expect",
     .type = Type::expectations,
     .value_name = "'[COUNT ]METHOD PATH'",
     .help = "Exit with status 5 unless this came: COUNT is 2, 2+, 1-3 or 0 (default: 1+), METHOD may be *, PATH is as in a route. "
             "Repeatable",
     .store = [](C& c, const V& v) { c.expect = v.expectations; }},
});

constexpr auto lifecycle_options = std::to_array<Option>({
    {.name = "port-file",
     .type = Type::output_path,
     .value_name = "PATH",
     .help = "Write the port number to this file once it accepts connections; removed at exit",
     .store = [](C& c, const V& v) { c.port_file = v.text; }},
    {.name = "ready-fd",
     .type = Type::count,
     .value_name = "N",
     .help = "Write a newline to this file descriptor and close it once connections are accepted",
     .minimum = 3,
     .maximum = 1'048'575,
     .store = [](C& c, const V& v) { c.ready_fd = static_cast<int>(v.number); }},
    {.name = "max-requests",
     .key = "lifecycle.max_requests",
     .type = Type::count,
     .value_name = "N",
     .default_text = "0",
     .help = "Exit after this many answered requests; 0 is no limit",
     .maximum = largest,
     .store = [](C& c, const V& v) { c.lifecycle.max_requests = v.number; }},
    {.name = "once", .type = Type::boolean, .default_text = "false", .help = "The same as --max-requests 1"},
    {.name = "max-time",
     .key = "lifecycle.max_time",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "0",
     .help = "Exit after this time; 0 is no limit",
     .maximum = year,
     .store = [](C& c, const V& v) { c.lifecycle.max_time = v.duration; }},
    {.name = "exit-idle",
     .key = "lifecycle.exit_idle",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "0",
     .help = "Exit once no request has come or was under way for this long; 0 is never",
     .maximum = year,
     .store = [](C& c, const V& v) { c.lifecycle.exit_idle = v.duration; }},
    {.name = "shutdown-timeout",
     .key = "lifecycle.shutdown_timeout",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "5s",
     .help = "Longest wait for running requests at the end",
     .maximum = year,
     .store = [](C& c, const V& v) { c.lifecycle.shutdown_timeout = v.duration; }},
    {.name = "shutdown-delay",
     .key = "lifecycle.shutdown_delay",
     .type = Type::duration,
     .value_name = "DUR",
     .default_text = "0",
     .help = "After TERM, go on accepting this long while announcing the close",
     .maximum = year,
     .store = [](C& c, const V& v) { c.lifecycle.shutdown_delay = v.duration; }},
});

constexpr auto general_options = std::to_array<Option>({
    {.name = "config", .letter = 'c', .type = Type::input_path, .value_name = "FILE", .help = "Read this TOML file; - is standard input"},
    {.name = "check", .letter = 't', .type = Type::action, .help = "Validate everything, then exit"},
    {.name = "print-config", .type = Type::action, .help = "Print the effective configuration as TOML, then exit"},
    {.name = "quiet",
     .letter = 'q',
     .type = Type::boolean,
     .default_text = "false",
     .help = "Do not print the addresses that are listened on",
     .store = [](C& c, const V& v) { c.quiet = v.number != 0; }},
    {.name = "help",
     .letter = 'h',
     .type = Type::action,
     .help = "Print this help, then exit; --help=all leaves nothing out",
     .choices = help_scopes},
    {.name = "version", .letter = 'V', .type = Type::action, .help = "Print the version and engines, then exit"},
});

constexpr auto groups = std::to_array<OptionGroup>({
    {"The response", response_options},
    {"Other answers, failures and delays", outcome_options},
    {"Health", health_options},
    {"The server", server_options},
    {.heading = "Sockets and threads", .options = socket_options, .is_rare = true},
    {.heading = "Limits", .options = limit_options, .is_rare = true},
    {"Logging", log_options},
    {.heading = "How the log is written", .options = log_batch_options, .is_rare = true},
    {"What came", capture_options},
    {"Start and end", lifecycle_options},
    {"General", general_options},
});

}  // namespace

std::span<const OptionGroup> option_groups() {
    return groups;
}

std::span<const Option* const> all_options() {
    static const std::vector<const Option*> all = [] {
        std::vector<const Option*> options;
        for (const OptionGroup& group : groups)
            for (const Option& option : group.options) options.push_back(&option);
        return options;
    }();
    return all;
}

const Option& option_named(std::string_view name) {
    const auto found = std::ranges::find(all_options(), name, [](const Option* option) { return option->name; });
    VERIFY(found != all_options().end());
    return **found;
}

std::span<const Option> route_options() {
    return only_route_options;
}

namespace {

constexpr std::string_view response_section = "response.";

}  // namespace

const Option* option_of_route(std::string_view key) {
    for (const Option& option : only_route_options)
        if (option.key == key) return &option;
    for (const Option* option : all_options())
        if (option->store_response != nullptr && key_in_route(*option) == key) return option;
    return nullptr;
}

std::string_view key_in_route(const Option& option) {
    return option.store_response != nullptr ? option.key.substr(response_section.size()) : option.key;
}

namespace {

std::string variable(std::string_view flag) {
    std::string name(environment_prefix);
    for (const char c : flag) name += c == '-' ? '_' : static_cast<char>(c - ('a' - 'A'));
    return name;
}

}  // namespace

std::string environment_name(const Option& option) {
    return option.type == Type::action ? std::string() : variable(option.name);
}

std::string negated_environment_name(const Option& option) {
    return variable("no-" + std::string(option.name));
}

}  // namespace tinyhttpd::config
