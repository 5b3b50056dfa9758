// SPDX-License-Identifier: MIT
#include "app/make_site.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "base/reason_phrase.hpp"
#include "config/response.hpp"
#include "config/variant.hpp"

namespace tinyhttpd {

namespace {

std::vector<site::HeaderField> to_fields(std::vector<config::Header> headers) {
    std::vector<site::HeaderField> fields;
    fields.reserve(headers.size());
    for (config::Header& header : headers) fields.push_back({std::move(header.name), std::move(header.value)});
    return fields;
}

site::Answer to_answer(config::Response response) {
    return {.status = response.status,
            .reason = std::move(response.reason_phrase),
            .body = std::make_shared<const std::string>(std::move(response.body)),
            .headers = to_fields(std::move(response.headers)),
            .date = response.date};
}

site::Fault to_fault(config::Fault fault) {
    switch (fault) {
        case config::Fault::none: return site::Fault::none;
        case config::Fault::close: return site::Fault::close;
        case config::Fault::reset: return site::Fault::reset;
        case config::Fault::hang: return site::Fault::hang;
        case config::Fault::truncate: return site::Fault::truncate;
        case config::Fault::garbage: return site::Fault::garbage;
    }
    std::unreachable();
}

/// The answers of one site, and what its resources make of them.
class Builder {
public:
    explicit Builder(site::SiteOptions& site) : site_(site) {}

    /// After an error it goes on, to find the others.
    void add(const config::ResponseConfig& config) {
        auto response = config::resolve_response(config);
        if (!response) errors_.push_back(response.error());
        const bool is_empty = response && response->body.empty();
        ok_ = static_cast<site::AnswerId>(site_.answers.size());
        add_ok(to_answer(std::move(response).value_or(config::Response{})), config.variants);
        others_.clear();
        truncates_ = false;

        site::Plan::Options plan{.ok = {ok_, site::Fault::none}};
        for (const auto& [outcome, times] : config.sequence) plan.sequence.push_back({to_outcome(outcome, config), times});
        for (const auto& [outcome, millionths] : config.faults) plan.shares.push_back({to_outcome(outcome, config), millionths});
        for (const config::Delay& delay : config.delays) {
            plan.delays.push_back({delay.kind == config::Delay::Kind::uniform ? site::Delay::Kind::uniform : site::Delay::Kind::lognormal,
                                   delay.low, delay.high, delay.millionths});
        }
        plan.limit_rate = config.limit_rate;
        // Config says so of a body that it knows; this one was read.
        const auto complain = [&](std::string_view operation, const char* remedy) {
            errors_.push_back({operation, config.body_file.value_or(""), 0, remedy, config.body_file_place.text});
        };
        if (!config.variants.empty() && is_empty) complain("vary an empty body:", "leave its variants out");
        if (truncates_ && is_empty) complain("truncate an empty body:", "there is nothing to cut");
        site_.resources.push_back(std::move(plan));
    }

    [[nodiscard]] std::vector<Error>& errors() { return errors_; }

private:
    void add_ok(site::Answer answer, const std::vector<config::Variant>& variants) {
        std::vector<site::Answer> encoded;
        for (const config::Variant& variant : variants) {
            auto body = config::read_variant(variant);
            if (!body) {
                errors_.push_back(body.error());
                continue;
            }
            site::Answer& one = encoded.emplace_back(answer);
            one.body = std::make_shared<const std::string>(*std::move(body));
            one.headers.push_back({"Content-Encoding", std::string(name_of(variant.coding))});
        }
        for (const config::Variant& variant : variants) answer.codings.push_back(variant.coding);
        site_.answers.push_back(std::move(answer));
        std::ranges::move(encoded, std::back_inserter(site_.answers));
    }

    site::Outcome to_outcome(const config::Outcome& outcome, const config::ResponseConfig& config) {
        truncates_ = truncates_ || outcome.fault == config::Fault::truncate;
        if (outcome.fault != config::Fault::none || outcome.status == 0) return {ok_, to_fault(outcome.fault)};
        const auto [known, is_new] = others_.try_emplace(outcome.status, static_cast<site::AnswerId>(site_.answers.size()));
        if (is_new) {
            config::ResponseConfig other = config::taken_over(config);
            other.status = outcome.status;
            other.variants = config.variants;  // it has none, and its Vary says that others of this resource have
            // Nothing is read: the phrase is the body.
            site_.answers.push_back(to_answer(*config::resolve_response(other)));
        }
        return {known->second, site::Fault::none};
    }

    site::SiteOptions& site_;
    std::vector<Error> errors_;
    site::AnswerId ok_ = 0;
    bool truncates_ = false;
    std::map<int, site::AnswerId> others_;  ///< by status
};

}  // namespace

std::expected<std::shared_ptr<const site::Site>, std::vector<Error>> make_site(const config::Config& config, std::uint64_t seed,
                                                                               std::shared_ptr<const site::HealthSwitch> health_switch) {
    site::SiteOptions options;
    Builder builder(options);
    builder.add(config.response);
    for (const config::RouteConfig& route : config.routes) {
        options.routes.push_back({route.path, route.methods});
        builder.add(config::with_cors_of(route.response, config.response));
    }
    if (!builder.errors().empty()) return std::unexpected(std::move(builder.errors()));
    options.common = {to_fields(config::common_headers(config.response)), config.response.date};
    if (auto headers = config::preflight_headers(config.response)) options.preflight = to_fields(std::move(*headers));
    options.seed = config.seed.value_or(seed);
    options.health_path = config.health.path;
    options.ready_path = config.health.ready_path;
    options.health.ready_after = config.health.ready_after;
    if (config.health.unhealthy_after.count() != 0) options.health.unhealthy_after = config.health.unhealthy_after;
    options.health.down_file = config.health.down_file;
    options.health_switch = std::move(health_switch);
    return std::make_shared<const site::Site>(std::move(options));
}

}  // namespace tinyhttpd
