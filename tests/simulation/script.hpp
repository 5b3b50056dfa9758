// SPDX-License-Identifier: MIT
// What a simulated client says and what it may expect to hear, written from HTTP.md and not from our code: each request is
// bytes and the one answer they deserve. Also the reader of what came back, which is as strict.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "site/plan.hpp"
#include "support/random.hpp"

namespace tinyhttpd::simulation {

using site::Fault;
using support::Random;

/// What may become of a request, as a client can see it.
struct Outcome {
    int status = 200;                              ///< with Fault::none and Fault::truncate
    std::optional<std::string_view> content = {};  ///< likewise; none: any, as long as its length is right
    Fault fault = Fault::none;
};

struct Step {
    Fault fault = Fault::none;
    int status = 0;           ///< with Fault::none: not the resource's own; 0: that
    std::uint64_t times = 1;  ///< of a sequence; else in how many of a million requests
};

/// What is made of the requests for some targets.
struct Resource {
    std::string prefix = {};  ///< which targets these are: those that begin with it
    int status = 200;
    std::string body = {};
    std::vector<Step> steps = {};  ///< empty: it is always the answer above
    bool is_by_chance = false;     ///< else in this order, the last for ever

    [[nodiscard]] Outcome outcome_of(const Step& step) const;
    [[nodiscard]] std::vector<Outcome> outcomes() const;
    [[nodiscard]] std::uint64_t steps_before_the_last() const {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i + 1 < steps.size(); ++i) sum += steps[i].times;
        return sum;
    }
};

/// What the server was told to answer, as far as a client can see it.
struct Settings {
    std::vector<Resource> resources = {{}};  ///< [response], then routes; the first of them that has the target
    std::size_t max_head = 4096;
    std::uint64_t max_body = 10'000;
    bool keepalive = true;
    std::uint64_t keepalive_requests = 0;
    bool proxy_protocol = false;

    [[nodiscard]] std::size_t resource_of(std::string_view target) const;
};

enum class Persistence : std::uint8_t { stays, stays_1_0, closes };

struct Expected {
    std::vector<Outcome> outcomes;
    std::optional<std::size_t> resource = {};  ///< none: it is HTTP itself that answers
    bool head_only = false;
    Persistence persistence = Persistence::stays;
    bool invited = false;   ///< a 100 Continue may come first
    bool is_known = false;  ///< the server wrote down which of the outcomes it is

    [[nodiscard]] bool may_fail() const {
        return std::ranges::any_of(outcomes, [](const Outcome& outcome) { return outcome.fault != Fault::none; });
    }
    [[nodiscard]] bool may_fail_by(Fault fault) const { return std::ranges::find(outcomes, fault, &Outcome::fault) != outcomes.end(); }
    /// Of all the ways to fail.
    [[nodiscard]] bool can_only_hang() const {
        return std::ranges::all_of(outcomes,
                                   [](const Outcome& outcome) { return outcome.fault == Fault::none || outcome.fault == Fault::hang; });
    }
};

struct Request {
    std::string bytes;
    Expected expected;
    bool judged_by_its_end = true;  ///< false: wrong before its last byte has come
};

/// The requests of one client, in order. Behind one whose answer closes the connection more may follow: they deserve nothing.
[[nodiscard]] std::vector<Request> make_script(std::uint32_t client, const Settings& settings, Random& random);

/// What a proxy says before them.
[[nodiscard]] std::string make_proxy_header(std::uint32_t client, Random& random);

/// One final answer as it came over the wire.
struct Answer {
    int status = 0;
    bool announces_close = false;
};

/// All that a client heard, read against what it expected.
struct Heard {
    std::vector<Answer> answers;
    std::string fault;            ///< empty: all of it is right
    std::string_view tail;        ///< bytes of an answer that is not complete
    Fault tail_is = Fault::none;  ///< the tail is all that a request gets that fails by this
};

/// For a complaint.
[[nodiscard]] std::string texts_of(const std::vector<Outcome>& outcomes);

[[nodiscard]] Heard read_answers(std::string_view stream, const std::vector<Request>& script);

}  // namespace tinyhttpd::simulation
