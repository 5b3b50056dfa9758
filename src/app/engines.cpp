// SPDX-License-Identifier: MIT
#include "app/engines.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "base/verify.hpp"

namespace tinyhttpd {

namespace {

struct BuiltIn {
    config::EngineName name;
    std::string_view text;
    Serve* serve;
};

constexpr BuiltIn built_in[] = {
#ifdef TINYHTTPD_IO_URING
    {config::EngineName::io_uring, "io_uring", serve_uring},
#endif
#ifdef __linux__
    {config::EngineName::epoll, "epoll", serve_epoll},
#else
    {config::EngineName::kqueue, "kqueue", serve_kqueue},
#endif
};

}  // namespace

std::vector<std::string> engines_built_in() {
    std::vector<std::string> names;
    for (const BuiltIn& engine : built_in) names.emplace_back(engine.text);
    return names;
}

Result<std::unique_ptr<tcp::WorkerPool>> start_workers(config::EngineName name, const tcp::WorkerPool::Options& options, const Job& job,
                                                       Signals& signals, log::Diagnostics& diagnostics) {
    std::optional<Error> refused;
    for (const BuiltIn& engine : built_in) {
        if (name != config::EngineName::automatic && name != engine.name) continue;
        if (refused) diagnostics.info(refused->text() + "; using " + std::string(engine.text));
        const auto work = [&job, serve = engine.serve](std::uint32_t seat, tcp::Crew& crew, tcp::StartLine& start) {
            return serve(job, seat, crew, start);
        };
        auto pool = tcp::WorkerPool::start(options, work, [&signals] { signals.report(); });
        if (pool) {
            diagnostics.debug("using " + std::string(engine.text) + " with " + std::to_string(options.workers) +
                              (options.workers == 1 ? " worker" : " workers"));
            return pool;
        }
        refused = std::move(pool).error();
    }
    VERIFY(refused);  // config/ lets only engines pass that are built in
    return std::unexpected(*std::move(refused));
}

}  // namespace tinyhttpd
