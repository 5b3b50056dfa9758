// SPDX-License-Identifier: MIT
// Optimal string alignment distance over a full table: names have at most a few dozen letters.
#include "config/suggest.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace tinyhttpd::config {

namespace {

std::size_t distance(std::string_view a, std::string_view b) {
    const std::size_t width = b.size() + 1;
    std::vector<std::size_t> table((a.size() + 1) * width);
    const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& { return table[i * width + j]; };
    for (std::size_t i = 0; i <= a.size(); ++i) at(i, 0) = i;
    for (std::size_t j = 0; j <= b.size(); ++j) at(0, j) = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
            at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
        }
    }
    return at(a.size(), b.size());
}

}  // namespace

std::string_view nearest(std::string_view given, std::span<const std::string> candidates) {
    constexpr std::size_t longest_worth_a_guess = 64;
    if (given.empty() || given.size() > longest_worth_a_guess) return {};
    std::string_view best;
    std::size_t best_distance = 1 + std::max<std::size_t>(1, given.size() / 3);
    for (const std::string& candidate : candidates) {
        const bool begins = given.size() >= 3 && candidate.starts_with(given) && candidate.find('.', given.size()) == std::string::npos;
        const std::size_t away = begins ? 1 : distance(given, candidate);
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
