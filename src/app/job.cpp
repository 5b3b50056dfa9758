// SPDX-License-Identifier: MIT
#include "app/job.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "base/reason_phrase.hpp"
#include "config/expect_text.hpp"
#include "tcp/proxy_header.hpp"

namespace tinyhttpd {

log::Level to_level(config::LogLevel level) {
    switch (level) {
        case config::LogLevel::error: return log::Level::error;
        case config::LogLevel::warn: return log::Level::warn;
        case config::LogLevel::info: return log::Level::info;
        case config::LogLevel::debug: return log::Level::debug;
    }
    std::unreachable();
}

namespace {

log::Format to_format(config::LogFormat format) {
    switch (format) {
        case config::LogFormat::common: return log::Format::common;
        case config::LogFormat::combined: return log::Format::combined;
        case config::LogFormat::json: return log::Format::json;
    }
    std::unreachable();
}

}  // namespace

log::AccessLogOptions to_log_options(const config::LogConfig& config) {
    log::AccessLogOptions options;
    options.path = config.access;
    options.format = to_format(config.format);
    options.buffer_bytes = config.buffer;
    options.flush_after = config.flush;
    options.overflow = config.overflow == config::LogOverflow::drop ? log::Overflow::drop : log::Overflow::block;
    return options;
}

site::Expectations to_expectations(const std::vector<config::Expectation>& expectations) {
    site::Expectations out;
    for (const config::Expectation& one : expectations)
        out.push_back({one.count_min, one.count_max, one.method, one.path, config::expectation_text(one)});
    return out;
}

std::string refusal_text(const Exchange& exchange) {
    std::string text = "refused a request from ";
    text.append(exchange.peer).append(": ").append(reason_phrase(exchange.status)).append(": ").append(exchange.refused);
    return text;
}

Job to_job(const config::Config& config, const site::Board& board, Quota* quota, std::uint32_t max_connections) {
    const config::LimitsConfig& limits = config.limits;
    Job job{.board = board,
            .responder = {},
            .server = {},
            .engine = {},
            .listeners = {},
            .accept_failed = {},
            .greeting_refused = {},
            .request_refused = {}};
    job.responder.max_head = limits.max_head;
    job.responder.max_body = limits.max_body;
    job.responder.keepalive = limits.keepalive;
    job.responder.keepalive_requests = limits.keepalive_requests;
    job.responder.write_buffer = limits.write_buffer;
    job.responder.quota = quota;
    job.responder.board = &board;
    job.quota = quota;
    job.capture_body = config.capture.body;
    job.server.saved_input = std::max(limits.max_head, tcp::proxy_header_max) + 2 * limits.read_buffer;
    job.server.proxy_protocol = config.proxy_protocol;
    job.server.head_timeout = limits.head_timeout;
    job.server.body_timeout = limits.body_timeout;
    job.server.idle_timeout = limits.idle_timeout;
    job.server.write_timeout = limits.write_timeout;
    job.server.drain_timeout = config.lifecycle.shutdown_timeout;
    job.engine.receive_bytes = limits.read_buffer;
    job.engine.max_connections = max_connections + static_cast<std::uint32_t>(config.backlog);
    job.server.max_slots = job.engine.max_connections;
    return job;
}

void say_what_goes_wrong(Job& job, config::LogLevel level, log::RepeatedReport& accept_failures, log::Diagnostics& diagnostics) {
    job.accept_failed = [&accept_failures](int code) {
        const auto now = std::chrono::steady_clock::now();
        try {
            accept_failures.add(now, Error{"accept a connection", {}, code, "waiting until one closes"}.text());
        } catch (const std::bad_alloc&) {
            accept_failures.add(now, "cannot accept a connection: out of memory");
        }
    };
    // The diagnostics that a peer can cause at will: only whoever asks for them pays for them.
    if (level != config::LogLevel::debug) return;
    job.greeting_refused = [&diagnostics](std::string_view peer, std::string_view why) {
        try {
            diagnostics.debug(std::string("ended a connection from ").append(peer).append(": ").append(why));
        } catch (const std::bad_alloc&) {
            // Ended it is all the same.
        }
    };
    job.request_refused = [&diagnostics](const Exchange& exchange) {
        try {
            diagnostics.debug(refusal_text(exchange));
        } catch (const std::bad_alloc&) {
            // Answered it is all the same.
        }
    };
}

}  // namespace tinyhttpd
