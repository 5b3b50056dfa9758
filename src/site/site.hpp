// SPDX-License-Identifier: MIT
// Site: all that is answered, as it was configured: answers, what each resource makes of them, and which request is for which
// resource. Made by the main thread, read by all workers, never changed; what counts over all workers (sequences, draws) hangs
// on it. No HTTP bytes, no sockets.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "site/answer.hpp"
#include "site/health.hpp"
#include "site/plan.hpp"
#include "site/router.hpp"

namespace tinyhttpd::site {

/// The index of a resource in its Site. [response] is 0, the routes follow in the order given.
using ResourceId = std::uint32_t;

/// What a request's head decides of its answer.
struct Choice {
    enum class Kind : std::uint8_t {
        answer,   ///< always the same: `index` is its AnswerId
        planned,  ///< drawn for each request: `index` is the ResourceId
        health,   ///< as the health is at the moment: `index` is a Question
    };
    enum Question : std::uint32_t { live, ready, not_allowed };

    std::uint32_t index = 0;
    Kind kind = Kind::answer;
    friend bool operator==(const Choice&, const Choice&) = default;
};

/// What every answer has, those of errors too.
struct Common {
    std::vector<HeaderField> headers;
    bool date = true;
};

struct SiteOptions {
    std::vector<Answer> answers;           ///< the first is what [response] answers when all is well
    std::vector<Plan::Options> resources;  ///< [response], then the routes
    std::vector<Route> routes;             ///< one less
    Common common;
    /// What the answer to a preflight of the CORS protocol has; an empty value: what was asked for. None: they are no different from
    /// others.
    std::optional<std::vector<HeaderField>> preflight;
    std::uint64_t seed = 0;
    std::string health_path;  ///< empty: none, as for the next
    std::string ready_path;
    HealthOptions health;
    std::shared_ptr<const HealthSwitch> health_switch;  ///< not null with a path
};

class Site {
public:
    explicit Site(SiteOptions options);

    [[nodiscard]] const std::vector<Answer>& answers() const { return answers_; }
    [[nodiscard]] const Common& common() const { return common_; }
    /// Whether preflights of the CORS protocol are answered as such.
    [[nodiscard]] bool has_preflights() const { return preflight_.has_value(); }
    /// Requires has_preflights(). As in SiteOptions.
    [[nodiscard]] const std::vector<HeaderField>& preflight() const { return *preflight_; }
    /// Whether fields of a request have a part in the choice: it is a preflight, or there are variants.
    [[nodiscard]] bool depends_on_fields() const { return depends_on_fields_; }
    /// Whether anybody can ask whether the program is ready.
    [[nodiscard]] bool tells_readiness() const { return tells_readiness_; }
    [[nodiscard]] const Plan& plan(ResourceId resource) const { return plans_[resource]; }

    /// Whether method and target have a part in the choice.
    [[nodiscard]] bool has_routes() const { return has_routes_; }
    /// The choice where they have none.
    [[nodiscard]] const Choice& choice() const { return *choices_.data(); }
    /// For a request whose method and request target (in origin-form or absolute-form) these are.
    [[nodiscard, gnu::always_inline]] const Choice& choose(std::string_view method, std::string_view target) const {
        const Router::Number number = router_.look_up(target);
        return Router::is_found(number) ? choices_.data()[number] : choose_apart(number, method, target);
    }

    /// The path of the route that answers such a request, as it was configured; empty: none does.
    [[nodiscard]] std::string_view route_of(std::string_view method, std::string_view target) const;

    /// What becomes of the next request for a resource, counted over all workers.
    [[nodiscard]] Draw draw(ResourceId resource) const {
        return plans_[resource].draw(arrived_[resource].fetch_add(1, std::memory_order_relaxed));
    }

    [[nodiscard]] AnswerId answer_to(Choice::Question question, Health::Instant now) const;

private:
    [[nodiscard, gnu::noinline]] const Choice& choose_apart(Router::Number number, std::string_view method, std::string_view target) const;
    AnswerId add_answer(int status, std::string_view body, HeaderField field);
    AnswerId add_not_allowed(const std::string& allow);
    AnswerId add_health(int status, std::string_view body);
    void add_health_answers();

    std::vector<Answer> answers_;
    Common common_;
    std::optional<std::vector<HeaderField>> preflight_;
    bool depends_on_fields_;
    std::vector<Plan> plans_;
    std::vector<std::string> paths_;  ///< by route
    Router router_;
    bool tells_readiness_;
    std::uint32_t first_route_ = 0;         ///< among what the router finds
    std::unique_ptr<const Health> health_;  ///< null when nobody can ask
    AnswerId first_health_ = 0;             ///< healthy, unhealthy, not allowed; then by Readiness
    bool has_routes_;
    std::vector<Choice> choices_;                            ///< by what the router finds: [response], the health's, the routes', refusals
    std::unique_ptr<std::atomic<std::uint64_t>[]> arrived_;  ///< by resource
};

/// A site that gives this one answer to every request.
[[nodiscard]] std::shared_ptr<const Site> one_answer(Answer answer);

}  // namespace tinyhttpd::site
