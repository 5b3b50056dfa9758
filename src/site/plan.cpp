// SPDX-License-Identifier: MIT
#include "site/plan.hpp"

#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

namespace tinyhttpd::site {

namespace {

/// The finalizer of splitmix64: each bit of the result depends on each of `word`.
std::uint64_t mixed(std::uint64_t word) {
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
    return word ^ (word >> 31U);
}

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;

/// Above 0 and at most 1.
double fraction(std::uint64_t roll) {
    return (static_cast<double>(roll >> 11U) + 1) * 0x1p-53;
}

/// Whether the roll is among the first `millionths` of all that there could be.
bool is_below(std::uint64_t roll, std::uint64_t millionths) {
    // The upper half decides to 2^-32; no product overflows.
    return (roll >> 32U) * all < millionths << 32U;
}

// The 99th percentile of the standard normal distribution.
constexpr double z99 = 2.3263478740408408;

}  // namespace

std::string_view name_of(Fault fault) {
    static constexpr std::array<std::string_view, 6> names = {"", "close", "reset", "hang", "truncate", "garbage"};
    return names[static_cast<std::size_t>(fault)];
}

std::uint64_t Plan::roll(std::uint64_t number, Roll what) const {
    return mixed(mixed(mixed(seed_ + golden) + resource_ * golden) + (number * 4 + static_cast<std::uint64_t>(what) + 1) * golden);
}

Draw Plan::draw(std::uint64_t number) const {
    return {outcome_of(number), delay_of(number)};
}

Outcome Plan::outcome_of(std::uint64_t number) const {
    if (!options_.sequence.empty()) {
        for (const Step& step : options_.sequence) {
            if (number < step.times) return step.outcome;
            number -= step.times;
        }
        return options_.sequence.back().outcome;
    }
    const std::uint64_t rolled = options_.shares.empty() ? 0 : roll(number, Roll::outcome);
    std::uint64_t below = 0;
    for (const Share& share : options_.shares) {
        below += share.millionths;
        if (is_below(rolled, below)) return share.outcome;
    }
    return options_.ok;
}

std::chrono::nanoseconds Plan::delay_of(std::uint64_t number) const {
    if (options_.delays.empty()) return {};
    const std::uint64_t rolled = roll(number, Roll::which_delay);
    std::uint64_t below = 0;
    for (const Delay& delay : options_.delays) {
        below += delay.millionths;
        if (!is_below(rolled, below)) continue;
        if (delay.low == delay.high) return delay.low;
        const auto low = static_cast<double>(delay.low.count());
        const auto high = static_cast<double>(delay.high.count());
        const double first = fraction(roll(number, Roll::first));
        double drawn = low + first * (high - low);
        if (delay.kind == Delay::Kind::lognormal) {
            // Box and Muller: two uniform numbers make a normal one.
            const double second = fraction(roll(number, Roll::second));
            const double normal = std::sqrt(-2 * std::log(first)) * std::cos(2 * std::numbers::pi * second);
            drawn = low * std::exp(std::log(high / low) / z99 * normal);
        }
        return std::chrono::nanoseconds(static_cast<std::int64_t>(drawn));
    }
    return {};
}

}  // namespace tinyhttpd::site
