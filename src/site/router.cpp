// SPDX-License-Identifier: MIT
#include "site/router.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <utility>

namespace tinyhttpd::site {

namespace {

bool is_prefix(const Route& route) {
    return route.path.ends_with('*');
}

/// What a path has to be, or to begin with.
std::string_view fixed_path(const Route& route) {
    return std::string_view(route.path).substr(0, route.path.size() - (is_prefix(route) ? 1 : 0));
}

}  // namespace

Router::Router(const std::vector<Route>& routes) : routes_(static_cast<std::uint32_t>(routes.size())) {
    using Indices = std::vector<std::uint32_t>;
    std::map<std::string_view, Indices> exact;
    std::map<std::string_view, Indices> prefixes;
    for (std::uint32_t i = 0; i < routes_; ++i) {
        (is_prefix(routes[i]) ? prefixes : exact)[fixed_path(routes[i])].push_back(i);
        for (const std::string& method : routes[i].methods)
            if (method.size() > sizeof Candidate::method && std::ranges::find(long_methods_, method) == long_methods_.end())
                long_methods_.push_back(method);
    }
    for (const auto& prefix : prefixes) prefix_lengths_.push_back(static_cast<std::uint32_t>(prefix.first.size()));
    std::ranges::sort(prefix_lengths_, std::greater<>());
    prefix_lengths_.erase(std::ranges::unique(prefix_lengths_).begin(), prefix_lengths_.end());

    // The candidates for a path: its own routes (of a prefix they come with the others) and those of the prefixes that it begins with.
    const auto add = [&](std::string_view path, Indices indices) {
        for (const std::uint32_t length : prefix_lengths_) {
            if (length > path.size()) continue;
            const auto prefix = prefixes.find(path.substr(0, length));
            if (prefix != prefixes.end()) indices.insert(indices.end(), prefix->second.begin(), prefix->second.end());
        }
        std::ranges::sort(indices);
        if (routes[indices.front()].methods.empty()) return indices.front() + 1;
        const Number number = by_method | static_cast<std::uint32_t>(candidates_.size());
        std::vector<std::string> allowed;
        for (const std::uint32_t i : indices) {
            if (routes[i].methods.empty()) {
                candidates_.push_back({any_method, i + 1});
                return number;
            }
            const auto add_method = [&](const std::string& method) {
                candidates_.push_back({method_key(method), i + 1});
                if (std::ranges::find(allowed, method) == allowed.end()) allowed.push_back(method);
            };
            for (const std::string& method : routes[i].methods) {
                add_method(method);
                if (method == "GET") add_method("HEAD");
            }
        }
        candidates_.push_back({any_method, refusal(allowed)});
        return number;
    };
    PathTable::Rows rows;
    for (const auto& [path, indices] : exact) rows.emplace_back(path, add(path, indices));
    exact_ = PathTable(rows);
    rows.clear();
    for (const auto& [path, indices] : prefixes) rows.emplace_back(path, add(path, {}));
    prefixes_ = PathTable(rows);
}

std::uint32_t Router::refusal(const std::vector<std::string>& allowed) {
    std::string text;
    for (const std::string& method : allowed) text += (text.empty() ? "" : ", ") + method;
    const auto known = std::ranges::find(refusals_, text);
    const auto index = static_cast<std::uint32_t>(known - refusals_.begin());
    if (known == refusals_.end()) refusals_.push_back(std::move(text));
    return routes_ + 1 + index;
}

std::uint32_t Router::find(Number number, std::string_view method, std::string_view target) const {
    if (number == 0) number = look_up_path(path_of(target));
    return (number & by_method) == 0 ? number : find_method(number & ~by_method, method);
}

Router::Number Router::look_up_path(std::string_view path) const {
    if (const Number number = exact_.find(path)) return number;
    // The longest: what shorter ones allow it has among its candidates.
    for (const std::uint32_t length : prefix_lengths_) {
        if (length > path.size()) continue;
        if (const Number number = prefixes_.find(path.substr(0, length))) return number;
    }
    return 0;
}

std::uint32_t Router::find_method(std::uint32_t first, std::string_view method) const {
    const std::uint64_t wanted = method_key(method);
    const Candidate* candidate = &candidates_[first];
    while (candidate->method != any_method && candidate->method != wanted) ++candidate;
    return candidate->found;
}

std::uint64_t Router::long_method_key(std::string_view method) const {
    // No token has such a byte at its end.
    return ~static_cast<std::uint64_t>(std::ranges::find(long_methods_, method) - long_methods_.begin());
}

std::string_view Router::path_of(std::string_view target) {
    if (!target.starts_with('/')) {
        // absolute-form (RFC 3986 §3): behind the scheme and the authority, if there is one; an empty path is "/" (RFC 9110 §4.2.3).
        target.remove_prefix(target.find(':') + 1);
        if (target.starts_with("//")) target.remove_prefix(std::min(target.find_first_of("/?", 2), target.size()));
        if (target.empty() || target.front() == '?') return "/";
    }
    const void* const query = std::memchr(target.data(), '?', target.size());
    return query == nullptr ? target : std::string_view(target.data(), static_cast<const char*>(query));
}

}  // namespace tinyhttpd::site
