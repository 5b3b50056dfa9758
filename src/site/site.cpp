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

}  // namespace

Site::Site(SiteOptions options)
    : answers_(std::move(options.answers)),
      common_(std::move(options.common)),
      has_preflights_(options.has_preflights),
      depends_on_fields_(has_preflights_ || std::ranges::any_of(answers_, [](const Answer& answer) { return !answer.codings.empty(); })),
      router_(options.routes),
      health_path_(std::move(options.health_path)),
      ready_path_(std::move(options.ready_path)),
      is_one_answer_(options.routes.empty() && health_path_.empty() && ready_path_.empty()) {
    VERIFY(!answers_.empty() && options.resources.size() == options.routes.size() + 1);
    for (Route& route : options.routes) paths_.push_back(std::move(route.path));
    for (ResourceId id = 0; id < options.resources.size(); ++id) plans_.emplace_back(std::move(options.resources[id]), options.seed, id);
    if (std::ranges::any_of(plans_, [](const Plan& plan) { return !plan.is_plain(); }))
        arrived_ = std::make_unique<std::atomic<std::uint64_t>[]>(plans_.size());
    // Where any method is answered none is ever turned down.
    for (std::size_t place = 0; place < router_.places(); ++place)
        not_allowed_.push_back(router_.allow(place).empty() ? 0 : add_not_allowed(router_.allow(place)));
    if (!health_path_.empty() || !ready_path_.empty()) {
        health_ = std::make_unique<const Health>(std::move(options.health), std::move(options.health_switch));
        add_health_answers();
    }
    for (ResourceId id = 0; id < plans_.size(); ++id) {
        const Plan& plan = plans_[id];
        choices_.push_back(plan.is_plain() ? Choice{plan.ok().answer, Choice::Kind::answer} : Choice{id, Choice::Kind::planned});
    }
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

Choice Site::look_up(std::string_view method, std::string_view target) const {
    const std::string_view path = Router::path_of(target);
    if (health_) {
        const bool is_live = path == health_path_;
        if (is_live || path == ready_path_) {
            const bool is_read = method == "GET" || method == "HEAD";
            return {!is_read ? Choice::not_allowed : is_live ? Choice::live : Choice::ready, Choice::Kind::health};
        }
    }
    if (router_.empty()) return choices_.front();
    const Router::Found found = router_.find(method, path);
    switch (found.kind) {
        case Router::Found::Kind::nothing: return choices_.front();
        case Router::Found::Kind::resource: return choices_[found.index];
        case Router::Found::Kind::not_allowed: return {not_allowed_[found.index], Choice::Kind::answer};
    }
    std::unreachable();
}

std::string_view Site::route_of(std::string_view method, std::string_view target) const {
    if (paths_.empty()) return {};
    const Router::Found found = router_.find(method, Router::path_of(target));
    return found.kind == Router::Found::Kind::resource ? std::string_view(paths_[found.index - 1]) : std::string_view();
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
