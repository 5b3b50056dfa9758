// SPDX-License-Identifier: MIT
#include "site/router.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>

namespace tinyhttpd::site {

namespace {

/// The first eight bytes, each further eight, and the last eight, which may overlap those before; each folded in by a multiplication
/// whose both halves count. Paths of the user's are in the table, so that nobody else can make them collide.
std::uint64_t hash_of(std::string_view path, bool is_prefix) {
    constexpr std::uint64_t factor = 0x9e3779b97f4a7c15U;
    std::uint64_t hash = path.size() * 2 + (is_prefix ? 1 : 0);
    const auto fold = [&hash](std::uint64_t word) {
        hash = (std::rotl(hash, 23) ^ word) * factor;
        hash ^= hash >> 32U;
    };
    const auto load = [](const char* at, auto word) {
        std::memcpy(&word, at, sizeof word);
        return word;
    };
    const char* at = path.data();
    const char* const end = at + path.size();
    if (path.size() >= 8) {
        for (; end - at > 8; at += 8) fold(load(at, std::uint64_t{}));
        fold(load(end - 8, std::uint64_t{}));
    } else if (path.size() >= 4) {
        fold(std::uint64_t{load(at, std::uint32_t{})} << 32U | load(end - 4, std::uint32_t{}));
    } else {
        for (; at != end; ++at) fold(static_cast<unsigned char>(*at));
    }
    // What differs in the last byte alone has come down to the middle: once more, so that the lowest bits depend on it.
    fold(0);
    return hash;
}

bool takes(const std::vector<std::string>& methods, std::string_view method) {
    return methods.empty() ||
           std::ranges::any_of(methods, [method](const std::string& one) { return one == method || (method == "HEAD" && one == "GET"); });
}

}  // namespace

Router::Router(const std::vector<Route>& routes) {
    for (const Route& route : routes) {
        const bool is_prefix = route.path.ends_with('*');
        const std::string_view path = std::string_view(route.path).substr(0, route.path.size() - (is_prefix ? 1 : 0));
        const auto same = [&](const Place& place) { return place.is_prefix == is_prefix && place.path == path; };
        if (std::ranges::none_of(places_, same)) places_.push_back({std::string(path), is_prefix, {}, {}});
        if (is_prefix) {
            prefix_lengths_.push_back(static_cast<std::uint32_t>(path.size()));
        } else {
            has_exact_ = true;
        }
    }
    std::ranges::sort(prefix_lengths_, std::greater<>());
    prefix_lengths_.erase(std::ranges::unique(prefix_lengths_).begin(), prefix_lengths_.end());

    table_.resize(std::bit_ceil(2 * places_.size() + 1));
    for (std::uint32_t index = 0; index < places_.size(); ++index) {
        Place& place = places_[index];
        const std::uint64_t hash = hash_of(place.path, place.is_prefix);
        std::size_t at = hash & (table_.size() - 1);
        while (table_[at].place != 0) at = (at + 1) & (table_.size() - 1);
        table_[at] = {hash, index + 1};
        bool any = false;
        std::vector<std::string> allowed;
        for (ResourceId id = 0; id < routes.size(); ++id) {
            const Route& route = routes[id];
            const bool covers = route.path.ends_with('*')
                                    ? place.path.starts_with(std::string_view(route.path).substr(0, route.path.size() - 1))
                                    : !place.is_prefix && place.path == route.path;
            if (!covers) continue;
            place.candidates.push_back({id + 1, route.methods});
            any = any || route.methods.empty();
            for (const std::string& method : route.methods) {
                if (std::ranges::find(allowed, method) == allowed.end()) allowed.push_back(method);
                if (method == "GET" && std::ranges::find(allowed, "HEAD") == allowed.end()) allowed.emplace_back("HEAD");
            }
        }
        if (any) continue;
        for (const std::string& method : allowed) place.allow += (place.allow.empty() ? "" : ", ") + method;
    }
}

const Router::Place* Router::look_up(std::string_view path, bool is_prefix) const {
    const std::uint64_t hash = hash_of(path, is_prefix);
    // Without the library's checks of bounds, which would cost as much again: the table is as long as its mask says.
    const Slot* const table = table_.data();
    const std::size_t mask = table_.size() - 1;
    for (std::size_t at = hash & mask; table[at].place != 0; at = (at + 1) & mask) {
        if (table[at].hash != hash) continue;
        const Place& place = places_.data()[table[at].place - 1];
        if (place.is_prefix == is_prefix && place.path == path) return &place;
    }
    return nullptr;
}

const Router::Place* Router::place_of(std::string_view path) const {
    if (has_exact_) {
        if (const Place* const place = look_up(path, false)) return place;
    }
    for (const std::uint32_t length : prefix_lengths_) {
        if (length > path.size()) continue;
        // The longest: what shorter ones allow it has among its candidates.
        if (const Place* const place = look_up(path.substr(0, length), true)) return place;
    }
    return nullptr;
}

Router::Found Router::find(std::string_view method, std::string_view path) const {
    const Place* const place = place_of(path);
    if (place == nullptr) return {};
    for (const Candidate& candidate : place->candidates) {
        if (takes(candidate.methods, method)) return {Found::Kind::resource, candidate.resource};
    }
    return {Found::Kind::not_allowed, static_cast<std::uint32_t>(place - places_.data())};
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
