// SPDX-License-Identifier: MIT
// Which route answers: the first whose path and method match, however many there are and however they are stored.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "site/path_table.hpp"
#include "site/router.hpp"
#include "support/random.hpp"

namespace tinyhttpd::site {
namespace {

/// "3": the third route; "none"; "405 GET, HEAD".
std::string found(const Router& router, std::size_t routes, std::string_view method, std::string_view target) {
    const std::uint32_t result = router.find(method, target);
    if (result == 0) return "none";
    return result <= routes ? std::to_string(result) : "405 " + router.refusals()[result - routes - 1];
}

/// The routes one by one, as the interface describes them.
std::string walk(const std::vector<Route>& routes, std::string_view method, std::string_view path) {
    std::string allow;
    for (std::size_t i = 0; i < routes.size(); ++i) {
        const std::string_view own(routes[i].path);
        if (own.ends_with('*') ? !path.starts_with(own.substr(0, own.size() - 1)) : path != own) continue;
        std::vector<std::string> methods;
        for (const std::string& one : routes[i].methods) {
            methods.push_back(one);
            if (one == "GET") methods.emplace_back("HEAD");
        }
        if (methods.empty() || std::ranges::find(methods, method) != methods.end()) return std::to_string(i + 1);
        for (const std::string& one : methods)
            if ((", " + allow + ",").find(", " + one + ",") == std::string::npos) allow += (allow.empty() ? "" : ", ") + one;
    }
    return allow.empty() ? "none" : "405 " + allow;
}

struct Routed {
    std::vector<Route> routes;
    Router router;
    explicit Routed(std::vector<Route> those) : routes(std::move(those)), router(routes) {}
};
std::string found(const Routed& routed, std::string_view method, std::string_view target) {
    return found(routed.router, routed.routes.size(), method, target);
}

TEST(Router, AnExactPathIsNoPrefixAndAPrefixIsNoExactPath) {
    const Routed router({{"/a", {}}, {"/b/*", {}}});
    EXPECT_EQ(found(router, "GET", "/a"), "1");
    EXPECT_EQ(found(router, "GET", "/a/"), "none");
    EXPECT_EQ(found(router, "GET", "/b"), "none");
    EXPECT_EQ(found(router, "GET", "/b/"), "2");
    EXPECT_EQ(found(router, "GET", "/b/c/d"), "2");
    EXPECT_EQ(found(router, "GET", "/"), "none");
}

TEST(Router, TheFirstThatMatchesAnswersWhateverItsKind) {
    const Routed prefix_first({{"/a/*", {}}, {"/a/b", {}}});
    EXPECT_EQ(found(prefix_first, "GET", "/a/b"), "1");
    const Routed exact_first({{"/a/b", {}}, {"/a/*", {}}, {"*", {}}});
    EXPECT_EQ(found(exact_first, "GET", "/a/b"), "1");
    EXPECT_EQ(found(exact_first, "GET", "/a/c"), "2");
    EXPECT_EQ(found(exact_first, "GET", "/c"), "3");
}

TEST(Router, TheMethodIsPartOfTheMatch) {
    const Routed router({{"/a", {"GET"}}, {"/a", {"POST", "PUT"}}, {"/b", {"POST"}}, {"/b*", {}}});
    EXPECT_EQ(found(router, "GET", "/a"), "1");
    EXPECT_EQ(found(router, "HEAD", "/a"), "1");
    EXPECT_EQ(found(router, "PUT", "/a"), "2");
    EXPECT_EQ(found(router, "get", "/a"), "405 GET, HEAD, POST, PUT");
    EXPECT_EQ(found(router, "DELETE", "/a"), "405 GET, HEAD, POST, PUT");
    EXPECT_EQ(found(router, "POST", "/b"), "3");
    EXPECT_EQ(found(router, "GET", "/b"), "4");
}

TEST(Router, AllowListsTheRoutesOfEveryPrefixToo) {
    const Routed router({{"/a/*", {"GET"}}, {"/a/b*", {"POST"}}, {"/a/bc", {"PUT"}}});
    EXPECT_EQ(found(router, "DELETE", "/a/bc"), "405 GET, HEAD, POST, PUT");
    EXPECT_EQ(found(router, "DELETE", "/a/bd"), "405 GET, HEAD, POST");
    EXPECT_EQ(found(router, "DELETE", "/a/"), "405 GET, HEAD");
    EXPECT_EQ(found(router, "GET", "/a/bc"), "1");
}

TEST(Router, FindsWhatAWalkWouldFind) {
    const std::uint64_t seed = support::any_seed();
    SCOPED_TRACE(support::seed_text(seed));
    support::Random random(seed);
    const std::vector<std::string> methods = {"GET", "HEAD", "POST", "PUT", "DELETE", "PROPFIND", "PROPPATCH", "MKCALENDAR", "get"};
    // A few beginnings, so that paths share some of their words and not others.
    std::vector<std::string> beginnings = {"/"};
    const auto path = [&random, &beginnings] {
        std::string text = random.pick(beginnings);
        for (std::uint32_t length = random.below(14U); length > 0; --length) text += "ab/@"[random.below(4U)];
        return text;
    };
    for (int i = 0; i < 5; ++i) beginnings.push_back(path());
    for (int world = 0; world < 200; ++world) {
        std::vector<Route> routes;
        for (std::uint32_t count = random.below(120U); count > 0; --count) {
            Route route{path(), {}};
            if (random.chance(0.3)) route.path += '*';
            if (random.chance(0.5))
                for (std::uint32_t some = random.below(3U) + 1; some > 0; --some) route.methods.push_back(random.pick(methods));
            routes.push_back(std::move(route));
        }
        const Routed routed(routes);
        for (int request = 0; request < 200; ++request) {
            std::string asked = random.chance(0.5) && !routes.empty() ? random.pick(routes).path : path();
            if (asked.ends_with('*') && random.chance(0.8)) asked.pop_back();
            const std::string method = random.pick(methods);
            const std::string expected = walk(routes, method, asked);
            std::string target = random.chance(0.2) ? "http://h" + asked : asked;
            if (random.chance(0.5)) target += '?' + path();
            // On its own, so that a sanitizer sees a byte too many being read.
            const std::vector<char> bytes(target.begin(), target.end());
            ASSERT_EQ(found(routed, method, {bytes.data(), bytes.size()}), expected) << method << ' ' << target;
        }
    }
}

TEST(Router, APathEndsWhereItsQueryBeginsWhateverItsLength) {
    std::vector<Route> routes;
    for (std::size_t size = 1; size <= 40; ++size) routes.push_back({"/" + std::string(size - 1, 'x'), {}});
    const Routed routed(routes);
    for (std::size_t size = 1; size <= 40; ++size) {
        const std::string path = routes[size - 1].path;
        for (std::size_t query = 0; query <= 20; ++query) {
            const std::string target = path + (query == 0 ? "" : "?" + std::string(query - 1, '?'));
            EXPECT_EQ(found(routed, "GET", target), std::to_string(size)) << target;
        }
        // In the last word of the path, or in any before it.
        for (std::size_t at = 1; at < size; ++at) {
            std::string other = path;
            other[at] = 'y';
            EXPECT_EQ(found(routed, "GET", other), "none") << other;
        }
    }
}

/// Two paths whose search begins at the same place in any table: begin, seven letters, end.
std::pair<std::string, std::string> paths_of_one_hash(const std::string& begin, const std::string& end) {
    support::Random random(1);
    std::unordered_map<std::uint64_t, std::string> known;
    for (int i = 0; i < 1'000'000; ++i) {
        std::string path = begin;
        for (int letter = 0; letter < 7; ++letter) path += static_cast<char>('a' + random.below(26));
        path += end;
        const auto [other, is_new] = known.try_emplace(PathTable::hash_of(path) >> 40, path);
        if (!is_new && other->second != path) return {path, other->second};
    }
    ADD_FAILURE() << "a million paths begin at a place each";
    return {};
}

TEST(PathTable, TellsPathsOfOneHashApart) {
    // Longer than two words; of two; of two that overlap.
    for (const auto& [begin, end] : {std::pair("/", "/somewhere"), std::pair("/orders/", "/"), std::pair("/orders/", "")}) {
        const auto [path, other] = paths_of_one_hash(begin, end);
        const PathTable one(PathTable::Rows{{path, 1}});
        EXPECT_EQ(one.find(path), 1U) << path;
        EXPECT_EQ(one.find(other), 0U) << path << ' ' << other;
        const PathTable both(PathTable::Rows{{path, 1}, {other, 2}});
        EXPECT_EQ(both.find(path), 1U) << path;
        EXPECT_EQ(both.find(other), 2U) << other;
    }
}

TEST(PathTable, AnEmptyPathIsNone) {
    EXPECT_EQ(PathTable().find(""), 0U);
    EXPECT_EQ(PathTable(PathTable::Rows{{"/", 1}}).find(""), 0U);
}

TEST(ShortPath, TheWayForAnyProcessorFindsTheSameQuery) {
    const auto lowest_bit = [](unsigned bits) { return bits == 0 ? std::string::npos : static_cast<std::size_t>(std::countr_zero(bits)); };
    const auto place_of_query = [](std::string_view bytes) { return bytes.find('?'); };
    support::Random random(1);
    const auto path = [&](std::string_view letters) {
        std::string bytes;
        for (std::size_t i = 0; i < ShortPath::size_max; ++i) bytes += letters[random.below(letters.size())];
        return bytes;
    };
    for (int round = 0; round < 10'000; ++round) {
        // '>' and '@' are its neighbours, which a borrow could take for one.
        const std::string bytes = path(round % 2 == 0 ? "/a>@?" : "/abcdefghijklm>@~?");
        const std::uint64_t first = load_word(bytes.data());
        const std::uint64_t last = load_word(bytes.data() + sizeof first);
        ASSERT_EQ(lowest_bit(ShortPath::find_queries(first, last)), place_of_query(bytes)) << bytes;
        ASSERT_EQ(lowest_bit(ShortPath::find_queries_portable(first, last)), place_of_query(bytes)) << bytes;
        // Of a path that is less than a word there are zeros behind it.
        const std::string_view less(bytes.data(), static_cast<std::size_t>(round) % sizeof first);
        ASSERT_EQ(lowest_bit(ShortPath::find_queries(load_word_of(less), 0)), place_of_query(less)) << less;
        ASSERT_EQ(lowest_bit(ShortPath::find_queries_portable(load_word_of(less), 0)), place_of_query(less)) << less;
    }
}

// The table of a hundred paths has 512 slots.
TEST(PathTable, PathsThatDifferInTwoDigitsDoNotMakeOneLongWalk) {
    constexpr std::size_t slots = 512;
    constexpr int shift = 64 - std::countr_zero(slots);
    for (std::size_t size = 3; size <= 24; ++size) {
        for (std::size_t tens = 1; tens + 1 < size; ++tens) {
            for (std::size_t ones = tens + 1; ones < size; ++ones) {
                std::array<bool, slots> is_taken{};
                std::array<int, slots> paths_by_slot{};
                int longest_walk = 0;
                for (char number = 0; number < 100; ++number) {
                    std::string path = "/" + std::string(size - 1, 'x');
                    path[tens] = static_cast<char>('0' + number / 10);
                    path[ones] = static_cast<char>('0' + number % 10);
                    auto at = static_cast<std::size_t>(PathTable::hash_of(path) >> shift);
                    ++paths_by_slot[at];
                    int walk = 1;
                    for (; is_taken[at]; at = (at + 1) % slots) ++walk;
                    is_taken[at] = true;
                    longest_walk = std::max(longest_walk, walk);
                }
                ASSERT_LE(std::ranges::max(paths_by_slot), 8) << size << ' ' << tens << ' ' << ones;
                ASSERT_LE(longest_walk, 12) << size << ' ' << tens << ' ' << ones;
            }
        }
    }
}

TEST(PathTable, WhatDiffersAtTheEndOfEachWordIsNotLostOnTheWay) {
    std::set<std::uint64_t> hashes;
    for (const char first : std::string_view("0123456789")) {
        for (const char second : std::string_view("0123456789")) {
            for (const char third : std::string_view("0123456789")) {
                const std::string path = std::string("/orders") + first + "/parts/" + second + "/items/" + third;
                hashes.insert(PathTable::hash_of(path) >> 32);
            }
        }
    }
    EXPECT_GE(hashes.size(), 900U);
}

TEST(Router, ALongMethodIsNotTakenForAnotherOne) {
    const Routed routed({{"/a", {"MKCALENDAR"}}, {"/a", {"VERSION-CONTROL"}}, {"/a", {"PROPFIND"}}});
    EXPECT_EQ(found(routed, "MKCALENDAR", "/a"), "1");
    EXPECT_EQ(found(routed, "VERSION-CONTROL", "/a"), "2");
    EXPECT_EQ(found(routed, "PROPFIND", "/a"), "3");
    EXPECT_EQ(found(routed, "PROPFINDX", "/a"), "405 MKCALENDAR, VERSION-CONTROL, PROPFIND");
    EXPECT_EQ(found(routed, "MKCALEND", "/a"), "405 MKCALENDAR, VERSION-CONTROL, PROPFIND");
    EXPECT_EQ(found(routed, "PROPFINE", "/a"), "405 MKCALENDAR, VERSION-CONTROL, PROPFIND");
}

TEST(Router, ThePathOfATarget) {
    EXPECT_EQ(Router::path_of("/a?b/c"), "/a");
    EXPECT_EQ(Router::path_of("/"), "/");
    EXPECT_EQ(Router::path_of("/a//../b%20"), "/a//../b%20");
    EXPECT_EQ(Router::path_of("http://h:1/a/b?c"), "/a/b");
    EXPECT_EQ(Router::path_of("http://h"), "/");
    EXPECT_EQ(Router::path_of("http://h?a/b"), "/");
    EXPECT_EQ(Router::path_of("http://h?a://b/c"), "/");
    // Other schemes need no authority; what looks like one further on is none.
    EXPECT_EQ(Router::path_of("a:/b?c"), "/b");
    EXPECT_EQ(Router::path_of("a:/b?c=http://d/e"), "/b");
    EXPECT_EQ(Router::path_of("a:?b"), "/");
    EXPECT_EQ(Router::path_of("urn:b:c?d"), "b:c");
}

}  // namespace
}  // namespace tinyhttpd::site
