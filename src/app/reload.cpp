// SPDX-License-Identifier: MIT
#include "app/reload.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <new>
#include <utility>
#include <variant>

#include "app/job.hpp"
#include "app/listeners.hpp"
#include "app/make_site.hpp"

namespace tinyhttpd {

namespace {

bool comes_from_standard_input(const config::Config& config) {
    const auto is_standard_input = [](const config::ResponseConfig& response) { return response.body_file == "-"; };
    return is_standard_input(config.response) ||
           std::ranges::any_of(config.routes, [&](const config::RouteConfig& route) { return is_standard_input(route.response); });
}

bool reads_a_file(const config::Config& config) {
    const auto reads = [](const config::ResponseConfig& response) { return response.body_file || !response.variants.empty(); };
    return reads(config.response) ||
           std::ranges::any_of(config.routes, [&](const config::RouteConfig& route) { return reads(route.response); });
}

std::string clock_text(std::chrono::system_clock::time_point time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm local{};
    localtime_r(&seconds, &local);
    std::array<char, 16> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%H:%M:%S", &local)};
}

}  // namespace

Reload::Reload(const config::Invocation& invocation, const config::Config& config, std::uint64_t seed,
               std::shared_ptr<site::HealthSwitch> health_switch, site::Board& board, log::Diagnostics& diagnostics)
    : invocation_(invocation),
      config_(config),
      seed_(seed),
      health_switch_(std::move(health_switch)),
      board_(board),
      diagnostics_(diagnostics) {}

bool Reload::operator()() {
    // Nothing that could be read again: HUP is for the log alone.
    if (config_.source.empty() && !reads_a_file(config_)) return false;
    if (config_.source == "-" || comes_from_standard_input(config_)) {
        refuse(std::string("cannot reload: ") + (config_.source == "-" ? "the configuration" : "a body") + " was read from standard input");
        return false;
    }
    // sd_notify(3): with the time, so that the manager can tell this READY=1 from an earlier one.
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    notify_service_manager("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(std::chrono::floor<std::chrono::microseconds>(now).count()),
                           diagnostics_);
    bool is_new = false;
    try {
        is_new = reload();
    } catch (const std::bad_alloc&) {
        refuse("cannot reload: out of memory");
    }
    notify_service_manager("READY=1", diagnostics_);
    return is_new;
}

bool Reload::reload() {
    auto loaded = config::load(invocation_);
    if (const auto* problems = std::get_if<config::Problems>(&loaded)) {
        for (const std::string& line : problems->lines) refuse(line);
        return false;
    }
    auto& next = std::get<config::Config>(loaded);
    auto site = make_site(next, seed_, health_switch_);
    if (!site) {
        for (const Error& error : site.error()) refuse(error.text());
        return false;
    }
    board_.publish(*std::move(site));
    diagnostics_.set_level(to_level(next.log.level));
    warn_of_what_stays(next);
    // What the signal made of it outlives a reload that says nothing new.
    if (next.health.unready != config_.health.unready) health_switch_->set_unready(next.health.unready);
    config_.health = std::move(next.health);
    config_.response = std::move(next.response);
    config_.routes = std::move(next.routes);
    loaded_ = std::chrono::system_clock::now();
    diagnostics_.info("reloaded " + (config_.source.empty() ? "the body" : config_.source));
    return true;
}

void Reload::warn_of_what_stays(const config::Config& next) {
    for (const std::string_view key : config::keys_that_need_a_restart(config_, next))
        diagnostics_.warn("'" + std::string(key) + "' needs a restart");
}

void Reload::refuse(const std::string& line) {
    diagnostics_.error(line + " (kept the configuration of " + clock_text(loaded_) + ")");
}

}  // namespace tinyhttpd
