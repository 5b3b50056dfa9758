// SPDX-License-Identifier: MIT
// tinyhttpd answers HTTP/1.1 requests with responses that are fixed before the first one comes. This is where it is put together:
//
//   base/     Result, Fd, VERIFY, the words shared by the layers
//   os/       signals, processors, entropy, the service manager, files that are ours to take away
//   io/       the engine contract and the engines behind it: epoll and kqueue share a readiness half, io_uring
//   tcp/      listening sockets, connections, deadlines, one worker's server, the pool of workers and what they share
//   site/     what is answered: answers, routes, what becomes of a request, health; no HTTP bytes and no sockets
//   http/     head parser, body framing, rendered answers, the responder: bytes in, bytes out, no socket
//   config/   flags, environment and TOML layered into a Config; the answer resolved from it
//   log/      diagnostics on standard error, the batched access log, the capture that answers wait for
//   probe/    `tinyhttpd probe`: a small client that asks a server whether it is up
//   app/      these put together: site and job made of a Config, engines and the worker instantiated for each, listeners, the
//             lifecycle (what the main thread does while the workers serve), reload, descriptors, the probe command
//
// A request makes these stops, numbered where they stand:
//   1 wait     io/: an engine yields what has arrived
//   2 find     tcp/server.hpp: the connection of the event
//   3 judge    http/: heads and framing, strictly
//   4 choose   site/: the answer, once, when the head is complete; it may be due later
//   5 go on    http/: with what is pipelined behind it, as long as the batch takes it
//   6 note     log/: a line, when there is a log; for that of a capture the answer waits
//   7 send     tcp/server.hpp: one send for the batch
//   8 completed, or due
//
// main(): options → Config → listeners → workers → exit status.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "app/descriptors.hpp"
#include "app/engines.hpp"
#include "app/job.hpp"
#include "app/last_words.hpp"
#include "app/lifecycle.hpp"
#include "app/listeners.hpp"
#include "app/make_site.hpp"
#include "app/probe_command.hpp"
#include "app/records.hpp"
#include "app/reload.hpp"
#include "app/serve.hpp"
#include "base/write_all.hpp"
#include "config/load.hpp"
#include "log/diagnostics.hpp"
#include "os/entropy.hpp"
#include "os/port_file.hpp"
#include "os/processors.hpp"
#include "os/signals.hpp"
#include "site/board.hpp"
#include "site/site.hpp"
#include "tcp/census.hpp"
#include "tcp/listener.hpp"

extern char** environ;

namespace tinyhttpd {

namespace {

/// From here on copying the answer is most of the work, and a CPU that idles costs more than a packet that crosses.
constexpr std::size_t large_body = 64 * 1024;

std::uint32_t connections_allowed(const config::Config& config, std::uint32_t fitting, log::Diagnostics& diagnostics) {
    const std::uint32_t wanted = config.limits.max_connections;
    if (wanted > fitting)
        diagnostics.warn("--max-connections " + std::to_string(wanted) + " is more than the limit of open files allows (" +
                         std::to_string(fitting) + ")");
    return wanted != 0 ? wanted : fitting;
}

/// Says it at the debug level, so that a run can be repeated.
std::uint64_t seed_of(const config::Config& config, log::Diagnostics& diagnostics) {
    if (config.seed) return *config.seed;
    const std::uint64_t seed = random_number() >> 1U;  // what fits into the option: TOML integers are signed
    diagnostics.debug("--seed " + std::to_string(seed));
    return seed;
}

std::size_t largest_body(const site::Site& site) {
    std::size_t largest = 0;
    for (const site::Answer& answer : site.answers()) largest = std::max(largest, answer.body != nullptr ? answer.body->size() : 0);
    return largest;
}

// NOLINTNEXTLINE(readability-function-size): the order of these steps is what there is to read.
Result<ExitStatus> serve_until_told(const config::Config& config, const config::Invocation& invocation, Signals& signals,
                                    log::Diagnostics& diagnostics) {
    const auto health_switch = std::make_shared<site::HealthSwitch>(config.health.unready);
    const std::uint64_t seed = seed_of(config, diagnostics);
    const auto made = make_site(config, seed, health_switch);
    if (!made) {
        // The last is the caller's to say.
        for (const Error& error : std::span(made.error()).first(made.error().size() - 1)) diagnostics.error(error);
        return std::unexpected(made.error().back());
    }
    const std::shared_ptr<const site::Site>& site = *made;
    site::Board board(site);
    Signals::deliver();

    const std::uint64_t descriptor_limit = raise_descriptor_limit();
    const std::uint32_t workers = config.workers != 0 ? config.workers : usable_processors();
    TRY(std::vector<tcp::Listener> listeners, open_listeners(config, diagnostics));
    const std::vector<tcp::ListeningSocket> sockets = sockets_of(listeners);
    const std::vector<http::Origin> origins = origins_of(listeners);
    const std::uint32_t max_connections =
        connections_allowed(config, connections_under(descriptor_limit, workers, sockets.size()), diagnostics);
    TRY(Fd ready, ready_descriptor(config));

    TRY(const std::unique_ptr<Records> records, Records::open(config, workers, diagnostics));
    std::optional<tcp::Census> census;
    if (config.lifecycle.exit_idle.count() != 0) census.emplace(workers);
    std::optional<Quota> quota;
    if (config.lifecycle.max_requests != 0) quota.emplace(config.lifecycle.max_requests);
    log::RepeatedReport accept_failures(diagnostics, log::Level::warn, "time");

    Job job = to_job(config, board, quota ? &*quota : nullptr, max_connections);
    job.listeners = sockets;
    job.responder.origins = origins;
    records->attach_to(job);
    job.server.census = census ? &*census : nullptr;
    say_what_goes_wrong(job, config.log.level, accept_failures, diagnostics);
    const tcp::WorkerPool::Options pool_options{.workers = workers,
                                                .max_connections = max_connections,
                                                .cpus = affinity_mask(),
                                                .places_by_cpu = largest_body(*site) < large_body,
                                                .pin = config.pin_workers};
    if (pool_options.pin && pool_options.cpus.empty()) return fail("pin workers to CPUs", {}, ENOTSUP, "leave --pin-workers out");
    TRY(std::unique_ptr<tcp::WorkerPool> pool, start_workers(config.engine, pool_options, job, signals, diagnostics));
    diagnostics.never_wait();
    const auto begin = std::chrono::steady_clock::now();
    pool->go();
    std::optional<PortFile> port_file;
    std::optional<Error> announcement_failed;
    if (auto announced = announce(config, listeners, std::move(ready), diagnostics)) {
        port_file = *std::move(announced);
    } else {
        announcement_failed = std::move(announced).error();
        pool->crew().orders.direct(tcp::Order::abort);
    }

    Reload reload(invocation, config, seed, health_switch, board, diagnostics);
    Lifecycle lifecycle(signals, *pool,
                        {config.lifecycle.max_time, config.lifecycle.shutdown_delay, config.lifecycle.shutdown_timeout, job.quota,
                         config.lifecycle.exit_idle, job.server.census},
                        {.reopen_log = [&] { records->reopen(); },
                         .reload =
                             [&] {
                                 if (reload()) pool->crew().mailbox.wake_all();
                             },
                         .flip_readiness =
                             [&] {
                                 if (!board.site()->tells_readiness())
                                     return diagnostics.warn("SIGUSR2: nobody can ask whether it is ready (see --ready)");
                                 diagnostics.info(health_switch->flip() ? "ready (SIGUSR2)" : "not ready (SIGUSR2)");
                             },
                         .stopping =
                             [&] {
                                 health_switch->stop();
                                 port_file.reset();
                                 notify_service_manager("STOPPING=1", diagnostics);
                             },
                         .turn_away =
                             [&] {
                                 for (tcp::Listener& listener : listeners) listener.turn_away();
                             },
                         .close_listeners = [&] { listeners.clear(); },
                         .aborting = [&] { records->abandon(); }});
    const tcp::ServerOutcome outcome = lifecycle.run();
    const auto look_again = [&signals] { signals.report(); };
    records->finish(lifecycle, look_again);
    accept_failures.flush();
    if (announcement_failed) return std::unexpected(*announcement_failed);
    if (const int code = pool->crew().orders.failure(); code != 0) return fail("go on with io_uring", {}, code);
    ExitStatus status = lifecycle.status();
    for (const std::string& line : records->unmet()) {
        diagnostics.error(line);
        if (status != ExitStatus::forced) status = ExitStatus::unmet;
    }
    say_last_words(diagnostics, {.status = lifecycle.status(),
                                 .answered = outcome.answered,
                                 .cut = outcome.cut,
                                 .max_requests = config.lifecycle.max_requests,
                                 .time = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin),
                                 .on_terminal = !config.quiet && ::isatty(STDERR_FILENO) != 0});
    // A reader who does not stall sees them all.
    diagnostics.when_all_written(look_again);
    lifecycle.wait_until([&] { return diagnostics.all_written(); }, std::chrono::seconds(1));
    diagnostics.when_all_written({});
    return lifecycle.status() == ExitStatus::forced ? ExitStatus::forced : status;
}

ExitStatus run(std::span<const char* const> arguments) {
    open_standard_descriptors();
    ignore_signals_of_writes();
    log::Diagnostics diagnostics;
    const bool is_probe = !arguments.empty() && std::string_view(arguments.front()) == "probe";
    std::optional<Signals> signals;
    // A start that is interrupted ends with 0. A probe that is must not look healthy: it keeps what the signals do by themselves.
    if (!is_probe) {
        auto installed = Signals::install();
        if (!installed) {
            diagnostics.error(installed.error());
            return ExitStatus::cannot_run;
        }
        signals.emplace(*std::move(installed));
    }
    const config::Invocation invocation{is_probe ? arguments.subspan(1) : arguments, environ, TINYHTTPD_VERSION, engines_built_in()};
    auto loaded = is_probe ? config::load_probe(invocation) : config::load(invocation);
    if (const auto* problems = std::get_if<config::Problems>(&loaded)) {
        for (const std::string& line : problems->lines) diagnostics.error(line);
        return static_cast<ExitStatus>(problems->exit_status);
    }
    if (const auto* printed = std::get_if<config::Printed>(&loaded)) {
        static_cast<void>(write_all(STDERR_FILENO, printed->standard_error, "standard error"));
        if (auto written = write_all(STDOUT_FILENO, printed->standard_output, "standard output"); !written) {
            diagnostics.error(written.error());
            return ExitStatus::cannot_run;
        }
        return ExitStatus::clean;
    }
    const auto& config = std::get<config::Config>(loaded);
    if (is_probe) return run_probe(config, diagnostics);
    diagnostics.set_level(to_level(config.log.level));
    if (!config.notice.empty()) diagnostics.info(config.notice);
    const auto status = serve_until_told(config, invocation, *signals, diagnostics);
    if (!status) {
        diagnostics.error(status.error());
        diagnostics.wait(std::chrono::seconds(1));
        return ExitStatus::cannot_run;
    }
    return *status;
}

}  // namespace

}  // namespace tinyhttpd

int main(int count, char** arguments) {
    try {
        return static_cast<int>(tinyhttpd::run({arguments + (count > 0 ? 1 : 0), static_cast<std::size_t>(std::max(count - 1, 0))}));
    } catch (const std::bad_alloc&) {
        // A body or configuration larger than memory.
        static_cast<void>(tinyhttpd::write_all(STDERR_FILENO, "tinyhttpd: error: out of memory\n", "standard error"));
        return static_cast<int>(tinyhttpd::ExitStatus::cannot_run);
    }
}
