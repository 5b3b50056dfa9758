// SPDX-License-Identifier: MIT
#include "site/site.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/ascii.hpp"
#include "base/reason_phrase.hpp"
#include "base/verify.hpp"

namespace tinyhttpd::site {

namespace {

constexpr AnswerId unhealthy = 1;
constexpr AnswerId health_not_allowed = 2;
constexpr AnswerId first_readiness = 3;

/// The health's paths come before the routes, and take whatever method there is.
std::vector<Route> rows_of(const SiteOptions& options) {
    std::vector<Route> rows;
    for (const std::string& path : {options.health_path, options.ready_path}) {
        if (path.empty()) continue;
        rows.push_back({path, {"GET"}});
        rows.push_back({path, {}});
    }
    rows.insert(rows.end(), options.routes.begin(), options.routes.end());
    return rows;
}

}  // namespace

Site::Site(SiteOptions options)
    : answers_(std::move(options.answers)),
      common_(std::move(options.common)),
      preflight_(std::move(options.preflight)),
      depends_on_fields_(has_preflights() || std::ranges::any_of(answers_, [](const Answer& answer) { return !answer.codings.empty(); })),
      router_(rows_of(options)),
      tells_readiness_(!options.ready_path.empty()),
      has_routes_(!options.routes.empty() || !options.health_path.empty() || !options.ready_path.empty()) {
    VERIFY(!answers_.empty() && options.resources.size() == options.routes.size() + 1);
    paths_.reserve(options.routes.size());
    for (Route& route : options.routes) paths_.push_back(std::move(route.path));
    for (ResourceId id = 0; id < options.resources.size(); ++id) plans_.emplace_back(std::move(options.resources[id]), options.seed, id);
    if (std::ranges::any_of(plans_, [](const Plan& plan) { return !plan.is_plain(); }))
        arrived_ = std::make_unique<std::atomic<std::uint64_t>[]>(plans_.size());
    if (!options.health_path.empty() || !options.ready_path.empty()) {
        health_ = std::make_unique<const Health>(std::move(options.health), std::move(options.health_switch));
        add_health_answers();
    }
    const auto choice_of = [this](ResourceId id) {
        const Plan& plan = plans_[id];
        return plan.is_plain() ? Choice{plan.ok().answer, Choice::Kind::answer} : Choice{id, Choice::Kind::planned};
    };
    choices_.push_back(choice_of(0));
    for (const auto& [path, question] : {std::pair(&options.health_path, Choice::live), std::pair(&options.ready_path, Choice::ready)}) {
        if (path->empty()) continue;
        choices_.push_back({question, Choice::Kind::health});
        choices_.push_back({Choice::not_allowed, Choice::Kind::health});
    }
    first_route_ = static_cast<std::uint32_t>(choices_.size());
    for (ResourceId id = 1; id < plans_.size(); ++id) choices_.push_back(choice_of(id));
    for (const std::string& allow : router_.refusals()) choices_.push_back({add_not_allowed(allow), Choice::Kind::answer});
}

const Choice& Site::choose_apart(Router::Number number, std::string_view method, std::string_view target) const {
    return choices_[router_.find(number, method, target)];
}

AnswerId Site::add_answer(int status, std::string_view body, HeaderField field) {
    Answer answer{.status = status,
                  .reason = std::string(reason_phrase(status)),
                  .body = std::make_shared<const std::string>(body),
                  .headers = common_.headers,
                  .date = common_.date};
    answer.headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
    answer.headers.push_back(std::move(field));
    answers_.push_back(std::move(answer));
    return static_cast<AnswerId>(answers_.size() - 1);
}

AnswerId Site::add_not_allowed(const std::string& allow) {
    return add_answer(405, reason_phrase(405), {"Allow", allow});
}

AnswerId Site::add_health(int status, std::string_view body) {
    // What is true now and may be false in a moment: nobody in between is to keep it (RFC 9111 §5.2.2.5).
    return add_answer(status, body, {"Cache-Control", "no-store"});
}

void Site::add_health_answers() {
    first_health_ = add_health(200, "ok");
    add_health(503, "unhealthy");
    add_not_allowed("GET, HEAD");
    add_health(200, "ready");
    for (const std::string_view reason : {"starting", "down-file", "signal", "stopping"}) add_health(503, reason);
}

std::string_view Site::route_of(std::string_view method, std::string_view target) const {
    if (paths_.empty()) return {};
    const std::uint32_t route = router_.find(method, target) - first_route_;
    return route < paths_.size() ? std::string_view(paths_[route]) : std::string_view();
}

AnswerId Site::answer_to(Choice::Question question, Health::Instant now) const {
    switch (question) {
        case Choice::live: return first_health_ + (health_->is_healthy(now) ? 0 : unhealthy);
        case Choice::ready: return first_health_ + first_readiness + static_cast<AnswerId>(health_->readiness(now));
        case Choice::not_allowed: return first_health_ + health_not_allowed;
    }
    std::unreachable();
}

std::shared_ptr<const Site> one_answer(Answer answer) {
    SiteOptions options;
    options.common.date = answer.date;
    for (const HeaderField& field : answer.headers) {
        if (equals_ignore_case(field.name, "Server")) options.common.headers.push_back(field);
    }
    options.answers.push_back(std::move(answer));
    options.resources.emplace_back();
    return std::make_shared<const Site>(std::move(options));
}

}  // namespace tinyhttpd::site
