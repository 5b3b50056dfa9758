// SPDX-License-Identifier: MIT
#include "config/suggest.hpp"

#include <algorithm>
#include <array>

#include "base/edit_distance.hpp"

namespace tinyhttpd::config {

std::string_view nearest(std::string_view given, std::span<const std::string> candidates) {
    constexpr std::size_t longest_worth_a_guess = 64;
    if (given.empty() || given.size() > longest_worth_a_guess) return {};
    std::string_view best;
    std::size_t best_distance = 1 + std::max<std::size_t>(1, given.size() / 3);
    for (const std::string& candidate : candidates) {
        const bool begins = given.size() >= 3 && candidate.starts_with(given) && candidate.find('.', given.size()) == std::string::npos;
        const std::size_t away = begins ? 1 : edit_distance(given, candidate);
        if (away < best_distance) {
            best_distance = away;
            best = candidate;
        }
    }
    return best;
}

const Tried* tried_elsewhere(std::string_view name) {
    static constexpr auto table = std::to_array<Tried>({
        {"port", "listen", ":PORT"},
        {"p", "listen", ":PORT"},
        {"host", "listen", "HOST:PORT"},
        {"bind", "listen", "HOST:PORT"},
        {"address", "listen", "HOST:PORT"},
        {"file", "body-file", ""},
    });
    const auto* found = std::ranges::find(table, name, &Tried::name);
    return found != table.end() ? found : nullptr;
}

}  // namespace tinyhttpd::config
