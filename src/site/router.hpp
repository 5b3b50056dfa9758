// SPDX-License-Identifier: MIT
// Router: which resource a request is for. A path is looked up by its hash and, where there are prefixes, by the hash of its
// beginning for each length that a prefix has: as many routes as there are cost no walk. It knows no field of a request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "site/answer.hpp"

namespace tinyhttpd::site {

/// The index of a resource in its Site. [response] is 0, the routes follow in the order given.
using ResourceId = std::uint32_t;

struct Route {
    std::string path;                  ///< exact, or a prefix when it ends in "*", which is none of it
    std::vector<std::string> methods;  ///< empty: any. GET takes HEAD too
};

class Router {
public:
    Router() = default;
    explicit Router(const std::vector<Route>& routes);

    [[nodiscard]] bool empty() const { return places_.empty(); }

    /// The paths that routes name, each once, in order of their first route.
    [[nodiscard]] std::size_t places() const { return places_.size(); }
    /// What the routes for a place allow, as an Allow field lists it (RFC 9110 §10.2.1); empty when any method is answered there.
    [[nodiscard]] const std::string& allow(std::size_t place) const { return places_[place].allow; }

    struct Found {
        enum class Kind : std::uint8_t {
            nothing,      ///< no route has this path
            resource,     ///< `index` is its ResourceId
            not_allowed,  ///< routes have this path, none the method: `index` is the place
        };
        Kind kind = Kind::nothing;
        std::uint32_t index = 0;
    };
    /// `path`: without query, as it came.
    [[nodiscard]] Found find(std::string_view method, std::string_view path) const;

    /// The path of a request target in origin-form or absolute-form (RFC 9112 §3.2), without query. Requires a well-formed one.
    [[nodiscard]] static std::string_view path_of(std::string_view target);

private:
    struct Candidate {
        ResourceId resource;
        std::vector<std::string> methods;
    };
    struct Place {
        std::string path;
        bool is_prefix;
        std::string allow;
        std::vector<Candidate> candidates;  ///< its own and those of the prefixes that it begins with, in order of the routes
    };

    [[nodiscard]] const Place* look_up(std::string_view path, bool is_prefix) const;
    [[nodiscard]] const Place* place_of(std::string_view path) const;

    std::vector<Place> places_;
    struct Slot {
        std::uint64_t hash = 0;
        std::uint32_t place = 0;  ///< its index and 1; 0: none
    };
    std::vector<Slot> table_;                    ///< open addressing by hash
    std::vector<std::uint32_t> prefix_lengths_;  ///< each once, the longest first
    bool has_exact_ = false;
};

}  // namespace tinyhttpd::site
