// SPDX-License-Identifier: MIT
// Router: which route a request is for. A path is looked up whole and, where there are prefixes, its beginning of each length that a
// prefix has: as many routes as there are cost no walk. It knows no field of a request, nor what routes are good for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "site/path_table.hpp"

namespace tinyhttpd::site {

struct Route {
    std::string path;                  ///< exact, or a prefix when it ends in "*", which is none of it
    std::vector<std::string> methods;  ///< empty: any. GET takes HEAD too
};

class Router {
public:
    /// No path holds a '?'.
    explicit Router(const std::vector<Route>& routes);

    /// Which route answers, from 1 on in the order given; 0: none has this path. Behind the last one: routes have the path, none the
    /// method, and the rest is an index of refusals().
    /// `target`: in origin-form or absolute-form; its query is left out.
    [[nodiscard]] std::uint32_t find(std::string_view method, std::string_view target) const {
        const Number number = look_up(target);
        return is_found(number) ? number : find(number, method, target);
    }

    // The same in two steps: most requests need no more than the first, which is short.

    /// Of a path in the table: what find() answers whatever the method; or, with the highest bit, the index of its first candidate. 0: it
    /// is none, or too long for the first step.
    using Number = std::uint32_t;
    /// Out of line: who calls it is not to keep what it needs in registers where there are no routes.
    [[nodiscard, gnu::noinline]] Number look_up(std::string_view target) const { return exact_.find(ShortPath::of(target)); }
    [[nodiscard]] static bool is_found(Number number) { return static_cast<std::int32_t>(number) > 0; }
    /// Requires look_up()'s number.
    [[nodiscard]] std::uint32_t find(Number number, std::string_view method, std::string_view target) const;

    /// What the routes for a path allow that do not take every method, as an Allow field lists it (RFC 9110 §10.2.1). Each list once.
    [[nodiscard]] const std::vector<std::string>& refusals() const { return refusals_; }

    /// The path of a request target in origin-form or absolute-form (RFC 9112 §3.2), without query. Requires a well-formed one.
    [[nodiscard, gnu::noinline]] static std::string_view path_of(std::string_view target);

private:
    /// One method of one route. Those for a path follow on each other, the prefixes' that it begins with among them, in order of the
    /// routes; the last takes any method.
    struct Candidate {
        std::uint64_t method;  ///< as method_key() has it; 0: any
        std::uint32_t found;
    };
    static constexpr std::uint64_t any_method = 0;
    static constexpr Number by_method = 1U << 31;

    /// Of a path of any length, without query.
    [[nodiscard]] Number look_up_path(std::string_view path) const;
    [[nodiscard]] std::uint32_t find_method(std::uint32_t first, std::string_view method) const;
    /// The bytes of a method, or what no method of so few has: which of the long ones it is.
    [[nodiscard]] std::uint64_t method_key(std::string_view method) const {
        return method.size() <= sizeof Candidate::method ? load_word_of(method) : long_method_key(method);
    }
    [[nodiscard, gnu::noinline]] std::uint64_t long_method_key(std::string_view method) const;
    /// What find() answers for a path whose routes allow no more than these.
    [[nodiscard]] std::uint32_t refusal(const std::vector<std::string>& allowed);

    PathTable exact_;
    PathTable prefixes_;
    std::vector<std::uint32_t> prefix_lengths_;  ///< each once, the longest first
    std::vector<Candidate> candidates_;
    std::vector<std::string> long_methods_;  ///< longer than a word
    std::vector<std::string> refusals_;
    std::uint32_t routes_;  ///< how many
};

}  // namespace tinyhttpd::site
