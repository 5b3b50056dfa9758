// SPDX-License-Identifier: MIT
// Plan: what becomes of the requests for one resource when that is more than one answer at once: outcomes in order or by chance,
// after a delay, at a rate. Every draw is a function of the seed, the resource and the number of the request, so that any number
// of workers gives the same counts. It knows neither HTTP nor a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "site/answer.hpp"

namespace tinyhttpd::site {

/// What follows on an answer's bytes, or comes in their place.
enum class Fault : std::uint8_t {
    none,
    close,     ///< FIN and not a byte
    reset,     ///< RST and not a byte; what was answered before arrives
    hang,      ///< nothing
    truncate,  ///< the head with its full Content-Length, half the content, FIN
    garbage,   ///< bytes that are no HTTP, FIN
};
[[nodiscard]] std::string_view name_of(Fault fault);

struct Outcome {
    AnswerId answer = 0;  ///< with Fault::none and Fault::truncate
    Fault fault = Fault::none;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// A share of all requests, in millionths.
inline constexpr std::uint32_t all = 1'000'000;

struct Step {
    Outcome outcome;
    std::uint64_t times = 1;
};

struct Share {
    Outcome outcome;
    std::uint32_t millionths = 0;
};

struct Delay {
    enum class Kind : std::uint8_t {
        uniform,    ///< from `low` to `high`; the same: fixed
        lognormal,  ///< its median is `low`, its 99th percentile `high`
    };
    Kind kind = Kind::uniform;
    std::chrono::nanoseconds low{};
    std::chrono::nanoseconds high{};
    std::uint32_t millionths = all;
};

struct Draw {
    Outcome outcome;
    std::chrono::nanoseconds delay{};
};

class Plan {
public:
    struct Options {
        Outcome ok = {};                  ///< what no share and no step says otherwise
        std::vector<Step> sequence = {};  ///< in order, the last for ever; empty: none. Not together with `shares`
        std::vector<Share> shares = {};   ///< together at most `all`; the rest is `ok`
        std::vector<Delay> delays = {};   ///< together at most `all`; the rest is not delayed
        std::uint64_t limit_rate = 0;     ///< bytes of content a second; 0: no limit
    };

    Plan(Options options, std::uint64_t seed, std::uint32_t resource) : options_(std::move(options)), seed_(seed), resource_(resource) {}

    /// Whether it is `ok`, at once and always: nothing has to be drawn.
    [[nodiscard]] bool is_plain() const {
        return options_.sequence.empty() && options_.shares.empty() && options_.delays.empty() && options_.limit_rate == 0;
    }
    [[nodiscard]] const Outcome& ok() const { return options_.ok; }
    [[nodiscard]] std::uint64_t limit_rate() const { return options_.limit_rate; }

    /// What becomes of the request that is the `number`th for this resource, from 0.
    [[nodiscard]] Draw draw(std::uint64_t number) const;

private:
    enum class Roll : std::uint8_t { outcome, which_delay, first, second };
    /// From 0 to 2^64 - 1, each as likely as the other.
    [[nodiscard]] std::uint64_t roll(std::uint64_t number, Roll what) const;
    [[nodiscard]] Outcome outcome_of(std::uint64_t number) const;
    [[nodiscard]] std::chrono::nanoseconds delay_of(std::uint64_t number) const;

    Options options_;
    std::uint64_t seed_;
    std::uint32_t resource_;
};

}  // namespace tinyhttpd::site
