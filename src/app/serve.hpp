// SPDX-License-Identifier: MIT
// serve: one worker, put together: engine, responder, log batch and server, built on the worker's own thread. The template is
// instantiated once per engine, each in a file of its own (serve_epoll.cpp, …); main picks one of those functions at start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "app/descriptors.hpp"
#include "base/exchange.hpp"
#include "base/quota.hpp"
#include "http/responder.hpp"
#include "io/engine.hpp"
#include "log/access_log.hpp"
#include "site/board.hpp"
#include "tcp/server.hpp"
#include "tcp/worker_pool.hpp"

namespace tinyhttpd {

/// What every worker is made of. Shared, read-only, and alive until all workers have returned.
struct Job {
    const site::Board& board;
    http::ResponderLimits responder;
    tcp::ServerLimits server;
    io::EngineOptions engine;
    std::span<const tcp::ListeningSocket> listeners;
    log::AccessLog* access_log = nullptr;  ///< null: no log
    Quota* quota = nullptr;                ///< null: no limit
    std::function<void(int)> accept_failed;
    std::function<void(const Exchange&)> request_refused;  ///< called for each on its worker, must not block; empty: nobody wants to know
};

/// Where a worker's exchanges go, as http::Responder wants it: the access log, and whoever asks about requests that were refused.
class WorkerLog {
public:
    explicit WorkerLog(const Job& job) : request_refused_(job.request_refused ? &job.request_refused : nullptr) {
        if (job.access_log != nullptr) batch_ = std::make_unique<log::LogBatch>(*job.access_log);
    }
    [[nodiscard]] bool enabled() const { return batch_ != nullptr; }
    [[nodiscard]] bool wants_refused() const { return request_refused_ != nullptr; }
    [[nodiscard]] bool shows_fields() const { return batch_ != nullptr && batch_->shows_fields(); }
    void append(const Exchange& exchange) {
        if (batch_) batch_->append(exchange);
        if (request_refused_ != nullptr && !exchange.refused.empty()) [[unlikely]]
            (*request_refused_)(exchange);
    }
    void tick(io::Instant now) {
        if (batch_) batch_->tick(now);
    }
    [[nodiscard]] std::optional<io::Instant> due() const { return batch_ ? batch_->due() : std::nullopt; }

private:
    std::unique_ptr<log::LogBatch> batch_;
    const std::function<void(const Exchange&)>* request_refused_;
};

template <io::Engine Engine>
tcp::ServerOutcome serve(const Job& job, std::uint32_t seat, tcp::Crew& crew, tcp::StartLine& start) {
    io::EngineOptions options = job.engine;
    options.accepts_at_once = accepts_at_once(current_descriptor_limit(), crew.mailbox.workers(), job.listeners.size());
    auto engine = Engine::create(options);
    if (!engine) {
        static_cast<void>(start.ready(std::unexpected(std::move(engine).error())));
        return {};
    }
    crew.mailbox.take_seat(seat, [engine = engine->get()] { engine->wake(); });
    tcp::ServerOutcome outcome;
    {
        http::Responder<WorkerLog> responder(job.board.site(), job.responder, WorkerLog(job));
        tcp::Server<Engine, http::Responder<WorkerLog>> server(**engine, responder, job.server, crew, seat, job.quota, job.accept_failed);
        if (start.ready(server.listen(job.listeners))) outcome = server.run();
        // After a stop by force the kernel may still read what it was given to send: that is the responder's.
        crew.mailbox.take_seat(seat, nullptr);
        engine->reset();
    }
    // The last lines have been handed over: until then the main thread has to be free for a second signal.
    crew.return_from(seat);
    return outcome;
}

using Serve = tcp::ServerOutcome(const Job&, std::uint32_t seat, tcp::Crew&, tcp::StartLine&);

#ifdef __linux__
Serve serve_epoll;
#else
Serve serve_kqueue;
#endif
#ifdef TINYHTTPD_IO_URING
Serve serve_uring;
#endif

}  // namespace tinyhttpd
