// SPDX-License-Identifier: MIT
// Health: what flips it, in which order of importance, and how often the file is looked for.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "site/site.hpp"
#include "unit/log_support.hpp"

namespace tinyhttpd::site {
namespace {

using namespace std::chrono_literals;
using Readiness = Health::Readiness;

const Health::Instant start{1h};

Health health_of(HealthOptions options) {
    return {std::move(options), std::make_shared<const HealthSwitch>(false, start)};
}

TEST(Health, TheClockMakesItReadyAndUnhealthy) {
    const Health health = health_of({.ready_after = 2s, .unhealthy_after = 5s, .down_file = {}});
    EXPECT_EQ(health.readiness(start + 1999ms), Readiness::starting);
    EXPECT_EQ(health.readiness(start + 2s), Readiness::ready);
    EXPECT_TRUE(health.is_healthy(start + 4999ms));
    EXPECT_FALSE(health.is_healthy(start + 5s));
}

TEST(Health, ASignalFlipsItBackAndForth) {
    const auto flipped = std::make_shared<HealthSwitch>(true, start);
    const Health health({}, flipped);
    EXPECT_EQ(health.readiness(start), Readiness::signal);
    EXPECT_TRUE(flipped->flip());
    EXPECT_EQ(health.readiness(start), Readiness::ready);
    EXPECT_FALSE(flipped->flip());
    EXPECT_EQ(health.readiness(start), Readiness::signal);
}

TEST(Health, StoppingIsTheLastWord) {
    const auto flipped = std::make_shared<HealthSwitch>(true, start);
    const Health health({.ready_after = 1h, .unhealthy_after = {}, .down_file = {}}, flipped);
    flipped->stop();
    EXPECT_EQ(health.readiness(start), Readiness::stopping);
    EXPECT_TRUE(health.is_healthy(start));
}

TEST(Health, TheFileIsLookedForWhenAskedAndNotMoreOftenThanTenTimesASecond) {
    const log::testing::TemporaryDirectory directory;
    const std::string path = directory / "down";
    const Health health = health_of({.ready_after = {}, .unhealthy_after = {}, .down_file = path});
    EXPECT_EQ(health.readiness(start), Readiness::ready);
    std::ofstream(path).flush();
    EXPECT_EQ(health.readiness(start + 99ms), Readiness::ready);
    EXPECT_EQ(health.readiness(start + 100ms), Readiness::down_file);
    std::filesystem::remove(path);
    EXPECT_EQ(health.readiness(start + 199ms), Readiness::down_file);
    EXPECT_EQ(health.readiness(start + 200ms), Readiness::ready);
}

Site site_with_health(std::shared_ptr<const HealthSwitch> flipped = std::make_shared<const HealthSwitch>(false, start)) {
    SiteOptions options;
    options.answers.resize(1);
    options.resources.resize(2);
    options.routes = {{"*", {}}};
    options.health_path = "/live";
    options.ready_path = "/ready";
    options.health_switch = std::move(flipped);
    return Site(std::move(options));
}

TEST(Health, ItsPathsComeBeforeTheRoutes) {
    const Site site = site_with_health();
    EXPECT_EQ(site.choose("GET", "/live?x"), (Choice{Choice::live, Choice::Kind::health}));
    EXPECT_EQ(site.choose("HEAD", "/ready"), (Choice{Choice::ready, Choice::Kind::health}));
    EXPECT_EQ(site.choose("POST", "/ready"), (Choice{Choice::not_allowed, Choice::Kind::health}));
    EXPECT_EQ(site.choose("GET", "/readyz").kind, Choice::Kind::answer);
}

TEST(Health, TheReasonIsTheBody) {
    const auto flipped = std::make_shared<HealthSwitch>(false, start);
    const Site site = site_with_health(flipped);
    const auto body = [&site](Choice::Question question) {
        const Answer& answer = site.answers()[site.answer_to(question, start)];
        return std::to_string(answer.status) + " " + *answer.body;
    };
    EXPECT_EQ(body(Choice::live), "200 ok");
    EXPECT_EQ(body(Choice::ready), "200 ready");
    EXPECT_EQ(body(Choice::not_allowed), "405 Method Not Allowed");
    flipped->flip();
    EXPECT_EQ(body(Choice::ready), "503 signal");
    flipped->stop();
    EXPECT_EQ(body(Choice::ready), "503 stopping");
    EXPECT_EQ(body(Choice::live), "200 ok");
}

}  // namespace
}  // namespace tinyhttpd::site
