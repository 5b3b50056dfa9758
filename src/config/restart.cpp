// SPDX-License-Identifier: MIT
// What a reload cannot change, by key. A test holds the list to the option table.
#include <array>

#include "config/load.hpp"

namespace tinyhttpd::config {

namespace {

struct Fixed {
    std::string_view key;
    bool (*differs)(const Config&, const Config&);
};

using C = const Config&;

constexpr auto fixed = std::to_array<Fixed>({
    {"listen", [](C a, C b) { return a.listen != b.listen; }},
    {"socket.unix_mode", [](C a, C b) { return a.unix_mode != b.unix_mode; }},
    {"socket.backlog", [](C a, C b) { return a.backlog != b.backlog; }},
    {"socket.proxy_protocol", [](C a, C b) { return a.proxy_protocol != b.proxy_protocol; }},
    {"workers", [](C a, C b) { return a.workers != b.workers; }},
    {"pin_workers", [](C a, C b) { return a.pin_workers != b.pin_workers; }},
    {"engine", [](C a, C b) { return a.engine != b.engine; }},
    {"limits.read_buffer", [](C a, C b) { return a.limits.read_buffer != b.limits.read_buffer; }},
    {"limits.write_buffer", [](C a, C b) { return a.limits.write_buffer != b.limits.write_buffer; }},
    {"limits.max_head", [](C a, C b) { return a.limits.max_head != b.limits.max_head; }},
    {"limits.max_body", [](C a, C b) { return a.limits.max_body != b.limits.max_body; }},
    {"limits.max_connections", [](C a, C b) { return a.limits.max_connections != b.limits.max_connections; }},
    {"limits.keepalive", [](C a, C b) { return a.limits.keepalive != b.limits.keepalive; }},
    {"limits.keepalive_requests", [](C a, C b) { return a.limits.keepalive_requests != b.limits.keepalive_requests; }},
    {"limits.head_timeout", [](C a, C b) { return a.limits.head_timeout != b.limits.head_timeout; }},
    {"limits.body_timeout", [](C a, C b) { return a.limits.body_timeout != b.limits.body_timeout; }},
    {"limits.idle_timeout", [](C a, C b) { return a.limits.idle_timeout != b.limits.idle_timeout; }},
    {"limits.write_timeout", [](C a, C b) { return a.limits.write_timeout != b.limits.write_timeout; }},
    {"log.access", [](C a, C b) { return a.log.access != b.log.access; }},
    {"log.format", [](C a, C b) { return a.log.format != b.log.format; }},
    {"log.buffer", [](C a, C b) { return a.log.buffer != b.log.buffer; }},
    {"log.flush", [](C a, C b) { return a.log.flush != b.log.flush; }},
    {"log.overflow", [](C a, C b) { return a.log.overflow != b.log.overflow; }},
    {"capture.file", [](C a, C b) { return a.capture.file != b.capture.file; }},
    {"capture.body", [](C a, C b) { return a.capture.body != b.capture.body; }},
    {"expect", [](C a, C b) { return a.expect != b.expect; }},
    {"lifecycle.max_requests", [](C a, C b) { return a.lifecycle.max_requests != b.lifecycle.max_requests; }},
    {"lifecycle.max_time", [](C a, C b) { return a.lifecycle.max_time != b.lifecycle.max_time; }},
    {"lifecycle.exit_idle", [](C a, C b) { return a.lifecycle.exit_idle != b.lifecycle.exit_idle; }},
    {"lifecycle.shutdown_timeout", [](C a, C b) { return a.lifecycle.shutdown_timeout != b.lifecycle.shutdown_timeout; }},
    {"lifecycle.shutdown_delay", [](C a, C b) { return a.lifecycle.shutdown_delay != b.lifecycle.shutdown_delay; }},
});

}  // namespace

std::vector<std::string_view> keys_that_need_a_restart(const Config& before, const Config& after) {
    std::vector<std::string_view> keys;
    for (const Fixed& one : fixed)
        if (one.differs(before, after)) keys.push_back(one.key);
    return keys;
}

}  // namespace tinyhttpd::config
