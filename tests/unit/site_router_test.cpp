// SPDX-License-Identifier: MIT
// Which route answers: the first whose path and method match, however many there are and however they are stored.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "site/router.hpp"
#include "support/random.hpp"

namespace tinyhttpd::site {
namespace {

using Kind = Router::Found::Kind;

/// "3": the third route; "none"; "405 GET, HEAD".
std::string found(const Router& router, std::string_view method, std::string_view path) {
    const Router::Found result = router.find(method, path);
    switch (result.kind) {
        case Kind::nothing: return "none";
        case Kind::resource: return std::to_string(result.index);
        case Kind::not_allowed: return "405 " + router.allow(result.index);
    }
    return {};
}

TEST(Router, AnExactPathIsNoPrefixAndAPrefixIsNoExactPath) {
    const Router router({{"/a", {}}, {"/b/*", {}}});
    EXPECT_EQ(found(router, "GET", "/a"), "1");
    EXPECT_EQ(found(router, "GET", "/a/"), "none");
    EXPECT_EQ(found(router, "GET", "/b"), "none");
    EXPECT_EQ(found(router, "GET", "/b/"), "2");
    EXPECT_EQ(found(router, "GET", "/b/c/d"), "2");
    EXPECT_EQ(found(router, "GET", "/"), "none");
}

TEST(Router, TheFirstThatMatchesAnswersWhateverItsKind) {
    const Router prefix_first({{"/a/*", {}}, {"/a/b", {}}});
    EXPECT_EQ(found(prefix_first, "GET", "/a/b"), "1");
    const Router exact_first({{"/a/b", {}}, {"/a/*", {}}, {"*", {}}});
    EXPECT_EQ(found(exact_first, "GET", "/a/b"), "1");
    EXPECT_EQ(found(exact_first, "GET", "/a/c"), "2");
    EXPECT_EQ(found(exact_first, "GET", "/c"), "3");
}

TEST(Router, TheMethodIsPartOfTheMatch) {
    const Router router({{"/a", {"GET"}}, {"/a", {"POST", "PUT"}}, {"/b", {"POST"}}, {"/b*", {}}});
    EXPECT_EQ(found(router, "GET", "/a"), "1");
    EXPECT_EQ(found(router, "HEAD", "/a"), "1");
    EXPECT_EQ(found(router, "PUT", "/a"), "2");
    EXPECT_EQ(found(router, "get", "/a"), "405 GET, HEAD, POST, PUT");
    EXPECT_EQ(found(router, "DELETE", "/a"), "405 GET, HEAD, POST, PUT");
    EXPECT_EQ(found(router, "POST", "/b"), "3");
    EXPECT_EQ(found(router, "GET", "/b"), "4");
}

TEST(Router, AllowListsTheRoutesOfEveryPrefixToo) {
    const Router router({{"/a/*", {"GET"}}, {"/a/b*", {"POST"}}, {"/a/bc", {"PUT"}}});
    EXPECT_EQ(found(router, "DELETE", "/a/bc"), "405 GET, HEAD, POST, PUT");
    EXPECT_EQ(found(router, "DELETE", "/a/bd"), "405 GET, HEAD, POST");
    EXPECT_EQ(found(router, "DELETE", "/a/"), "405 GET, HEAD");
    EXPECT_EQ(found(router, "GET", "/a/bc"), "1");
}

TEST(Router, FindsWhatAWalkWouldFind) {
    const std::uint64_t seed = support::any_seed();
    SCOPED_TRACE(support::seed_text(seed));
    support::Random random(seed);
    const auto path = [&random] {
        std::string text = "/";
        for (std::uint32_t length = random.below(14U); length > 0; --length) text += "ab/"[random.below(3U)];
        return text;
    };
    for (int world = 0; world < 200; ++world) {
        std::vector<Route> routes;
        for (std::uint32_t count = random.below(120U); count > 0; --count) {
            Route route{path(), {}};
            if (random.chance(0.3)) route.path += '*';
            if (random.chance(0.5)) route.methods.emplace_back(random.chance(0.5) ? "GET" : "POST");
            routes.push_back(std::move(route));
        }
        const Router router(routes);
        for (int request = 0; request < 200; ++request) {
            const std::string asked = random.chance(0.5) && !routes.empty() ? random.pick(routes).path : path();
            const std::string method = random.chance(0.3) ? "HEAD" : random.chance(0.5) ? "GET" : "POST";
            std::string expected = "none";
            for (std::size_t i = routes.size(); i-- > 0;) {
                const Route& route = routes[i];
                const std::string_view own(route.path);
                if (own.ends_with('*') ? !asked.starts_with(own.substr(0, own.size() - 1)) : asked != own) continue;
                const bool takes = route.methods.empty() || route.methods.front() == (method == "HEAD" ? "GET" : method);
                if (takes) expected = std::to_string(i + 1);
                if (!takes && expected == "none") expected = "405";
            }
            ASSERT_EQ(found(router, method, asked).substr(0, expected == "405" ? 3 : std::string::npos), expected)
                << method << ' ' << asked;
        }
    }
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
