// SPDX-License-Identifier: MIT
// The contract of accepting: nobody is lost, in the backlog, between engines or for want of descriptors. For io/engine.hpp.
#include "contract/contract.hpp"

namespace tinyhttpd::contract {
namespace {

template <class World>
class Accept : public Contract<World> {
protected:
    /// A wait for what must not come: nothing but the deadline ends it.
    void expect_silence() {
        const std::size_t before = this->driver->connections.size();
        for (int i = 0; i < 5; ++i) EXPECT_EQ(this->driver->turn(std::chrono::milliseconds(2)), 0u);
        EXPECT_EQ(this->driver->connections.size(), before);
    }
};
TYPED_TEST_SUITE(Accept, Worlds, WorldName);

TYPED_TEST(Accept, everyone_in_a_long_backlog_is_served) {
    constexpr std::size_t count = 500;
    std::vector<typename TypeParam::Peer> peers;
    for (std::size_t i = 0; i < count; ++i) peers.push_back(this->world.connect(this->listener));
    this->await_connections(count);
    for (auto& peer : peers) peer.write("x");
    this->driver->until([&] { return std::ranges::all_of(this->driver->connections, [](const auto& c) { return c.received == "x"; }); });
    EXPECT_EQ(this->driver->connections.size(), count);
}

TYPED_TEST(Accept, connections_that_waited_before_the_listener_was_added_are_served) {
    const int early = this->world.listen();
    auto peer = this->world.connect(early);
    ASSERT_TRUE(this->engine->add_listener(1, early));
    this->opened(peer);
}

TYPED_TEST(Accept, each_connection_is_told_from_which_listener_it_came) {
    const int second = this->world.listen(), third = this->world.listen();
    ASSERT_TRUE(this->engine->add_listener(1, second));
    ASSERT_TRUE(this->engine->add_listener(2, third));
    std::vector<io::ListenerId> seen;
    this->driver->on_accept = [&](Fd, io::ListenerId from) { seen.push_back(from); };
    for (const int fd : {third, this->listener, second, third}) {
        const std::size_t count = seen.size() + 1;
        const auto peer = this->world.connect(fd);
        this->driver->until([&] { return seen.size() == count; });
    }
    EXPECT_EQ(seen, (std::vector<io::ListenerId>{2, 0, 1, 2}));
}

TYPED_TEST(Accept, pausing_leaves_connections_in_the_backlog_until_it_is_resumed) {
    this->engine->pause_accept(0);
    this->engine->pause_accept(0);
    std::vector<typename TypeParam::Peer> peers;
    for (int i = 0; i < 10; ++i) peers.push_back(this->world.connect(this->listener));
    this->expect_silence();
    this->engine->resume_accept(0);
    this->engine->resume_accept(0);
    this->await_connections(10);
    for (int i = 0; i < 5; ++i) {
        this->engine->pause_accept(0);
        this->engine->resume_accept(0);
        auto [connection, peer] = this->connect();
        this->transfer(peer, connection, "x");
    }
}

TYPED_TEST(Accept, pausing_one_listener_leaves_the_others_alone) {
    const int second = this->world.listen();
    ASSERT_TRUE(this->engine->add_listener(1, second));
    this->engine->pause_accept(0);
    auto waiting = this->world.connect(this->listener);
    auto peer = this->world.connect(second);
    this->opened(peer);
    this->expect_silence();
    this->engine->resume_accept(0);
    this->opened(waiting);
}

TYPED_TEST(Accept, pausing_from_within_a_batch_stops_later_batches_at_once) {
    std::vector<typename TypeParam::Peer> peers;
    for (int i = 0; i < 400; ++i) peers.push_back(this->world.connect(this->listener));
    std::uint64_t paused_in = 0;
    this->driver->on_accept = [&](Fd fd, io::ListenerId) {
        if (paused_in == 0) this->engine->pause_accept(0), paused_in = this->driver->turns;
        EXPECT_EQ(this->driver->turns, paused_in) << "accepted after the pause";
        this->driver->open(std::move(fd));
    };
    this->driver->until([&] { return paused_in > 0; });
    this->driver->settle();
    this->engine->resume_accept(0);
    this->driver->on_accept = [&](Fd fd, io::ListenerId) { this->driver->open(std::move(fd)); };
    this->await_connections(400);
}

TYPED_TEST(Accept, want_of_descriptors_is_told_once_without_spinning_and_loses_nobody) {
    auto [served, served_peer] = this->connect();
    std::vector<typename TypeParam::Peer> peers;
    for (int i = 0; i < 20; ++i) peers.push_back(this->world.connect(this->listener));
    {
        const typename TypeParam::Exhaustion exhaustion(this->world);
        this->driver->until([&] { return !this->driver->accept_errors.empty(); });
        EXPECT_EQ(this->driver->accept_errors, std::vector<int>{EMFILE});
        this->driver->settle();
        EXPECT_EQ(this->driver->accept_errors.size(), 1u);
        this->engine->resume_accept(0);  // too early: it is told again, once
        this->driver->until([&] { return this->driver->accept_errors.size() == 2; });
        this->driver->settle();
        EXPECT_EQ(this->driver->accept_errors.size(), 2u);
        this->transfer(served_peer, served, "those who are in are served");
        EXPECT_EQ(this->driver->connections.size(), 1u);
    }
    this->expect_silence();
    this->engine->resume_accept(0);
    this->await_connections(21);
    for (auto& peer : peers) peer.write("x");
    auto& connections = this->driver->connections;
    this->driver->until(
        [&] { return std::all_of(connections.begin() + 1, connections.end(), [](const auto& c) { return c.received == "x"; }); });
}

TYPED_TEST(Accept, two_engines_on_one_socket_share_the_connections_and_lose_none) {
    auto created = this->world.make_engine({.receive_bytes = 4096, .max_connections = 64});
    ASSERT_TRUE(created.has_value());
    auto& other = **created;
    EngineDriver<typename TypeParam::Engine> other_driver(other, {.receive_bytes = 4096, .max_connections = 64});
    ASSERT_TRUE(other.add_listener(0, this->listener));
    const auto total = [&] { return this->driver->connections.size() + other_driver.connections.size(); };

    // Each serves alone what comes while the other is busy elsewhere.
    for (std::size_t i = 1; i <= 20; ++i) {
        const auto peer = this->world.connect(this->listener);
        const auto before = total();
        i % 2 == 0 ? this->driver->until([&] { return total() > before; }) : other_driver.until([&] { return total() > before; });
    }
    EXPECT_EQ(this->driver->connections.size(), 10u);
    EXPECT_EQ(other_driver.connections.size(), 10u);

    // Together they get everyone, and each only once.
    std::vector<typename TypeParam::Peer> peers;
    for (int i = 0; i < 40; ++i) peers.push_back(this->world.connect(this->listener));
    this->driver->until([&] {
        other_driver.turn();
        return total() >= 60;
    });
    this->driver->settle();
    other_driver.settle();
    EXPECT_EQ(total(), 60u);

    // One that stops accepting (it drains) leaves all of them to the other.
    this->engine->pause_accept(0);
    for (int i = 0; i < 10; ++i) peers.push_back(this->world.connect(this->listener));
    const std::size_t before = this->driver->connections.size();
    other_driver.until([&] {
        this->driver->turn();
        return total() == 70;
    });
    EXPECT_EQ(this->driver->connections.size(), before);
}

}  // namespace
}  // namespace tinyhttpd::contract
