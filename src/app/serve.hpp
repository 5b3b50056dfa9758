// SPDX-License-Identifier: MIT
// serve: one worker, put together: engine, responder, log batch and server, built on the worker's own thread. The template is
// instantiated once per engine, each in a file of its own (serve_epoll.cpp, …); main picks one of those functions at start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "app/descriptors.hpp"
#include "app/worker_recorder.hpp"
#include "base/exchange.hpp"
#include "base/quota.hpp"
#include "http/responder.hpp"
#include "io/engine.hpp"
#include "log/access_log.hpp"
#include "log/capture.hpp"
#include "site/board.hpp"
#include "site/expectations.hpp"
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
    log::Capture* capture = nullptr;       ///< null: none
    std::size_t capture_body = 0;          ///< bytes of content in a line of it
    std::span<site::Tally> tallies = {};   ///< by worker; empty: nothing is expected
    Quota* quota = nullptr;                ///< null: no limit
    std::function<void(int)> accept_failed;
    std::function<void(std::string_view, std::string_view)> greeting_refused;  ///< whose header as a proxy was, and why; as below
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

[[nodiscard]] inline WorkerRecorder recorder_of(const Job& job, std::uint32_t seat) {
    return {job.capture != nullptr ? &job.capture->desk(seat) : nullptr, job.capture_body,
            job.tallies.empty() ? nullptr : &job.tallies[seat]};
}

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
        WorkerRecorder recorder = recorder_of(job, seat);
        recorder.wake_by([engine = engine->get()] { engine->wake(); });
        http::ResponderLimits limits = job.responder;
        if (job.capture != nullptr || !job.tallies.empty()) limits.recorder = &recorder;
        http::Responder<WorkerLog> responder(job.board.site(), limits, WorkerLog(job));
        tcp::Server<Engine, http::Responder<WorkerLog>> server(**engine, responder, job.server, crew, seat, job.quota, job.accept_failed,
                                                               job.greeting_refused);
        if (start.ready(server.listen(job.listeners))) outcome = server.run();
        // After a stop by force the kernel may still read what it was given to send: that is the responder's.
        crew.mailbox.take_seat(seat, nullptr);
        recorder.wake_by({});
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
