// SPDX-License-Identifier: MIT
// The contract of receiving: every byte once and in order, then the FIN; pause and resume; lent buffers. For io/engine.hpp.
#include "contract/contract.hpp"

namespace tinyhttpd::contract {
namespace {

template <class World>
class Receive : public Contract<World> {};
TYPED_TEST_SUITE(Receive, Worlds, WorldName);

TYPED_TEST(Receive, megabytes_arrive_whole_and_in_order) {
    auto [connection, peer] = this->connect();
    this->transfer(peer, connection, pattern(4 << 20));
}

TYPED_TEST(Receive, bytes_sent_before_the_server_opened_the_connection_are_not_lost) {
    auto peer = this->world.connect(this->listener);
    ASSERT_EQ(peer.write("early"), 5u);
    auto& connection = this->opened(peer);
    this->driver->until([&] { return connection.received == "early"; });
}

TYPED_TEST(Receive, the_end_comes_after_all_bytes_even_when_they_arrive_together) {
    for (const std::size_t size : {0u, 1u, 4095u, 4096u, 4097u, 8192u, 40'000u}) {
        auto peer = this->world.connect(this->listener);
        const std::string bytes = pattern(size);
        ASSERT_EQ(peer.write(bytes), size);
        peer.half_close();
        auto& connection = this->opened(peer);
        this->driver->until([&] { return connection.ended(); });
        EXPECT_TRUE(connection.fin);
        EXPECT_TRUE(same_bytes(connection.received, bytes)) << size;
    }
}

TYPED_TEST(Receive, the_end_that_follows_later_is_seen) {
    for (const std::size_t size : {1u, 4096u, 5000u}) {
        auto [connection, peer] = this->connect();
        this->transfer(peer, connection, pattern(size));
        peer.half_close();
        this->driver->until([&, &c = connection] { return c.fin; });
    }
}

TYPED_TEST(Receive, an_idle_engine_sleeps_after_the_end_was_delivered) {
    auto [connection, peer] = this->connect();
    peer.half_close();
    this->driver->until([&, &c = connection] { return c.fin; });
    this->driver->settle();
    EXPECT_EQ(this->driver->turn(typename EngineDriver<typename TypeParam::Engine>::Milliseconds(10)), 0u);
}

TYPED_TEST(Receive, a_receive_that_just_fills_the_buffer_hides_nothing_behind_it) {
    auto [connection, peer] = this->connect();
    for (int round = 0; round < 20; ++round) {
        this->transfer(peer, connection, pattern(4096));
        this->transfer(peer, connection, "x");
        this->transfer(peer, connection, pattern(8192));
    }
}

TYPED_TEST(Receive, a_thousand_small_messages_in_a_row_are_each_noticed) {
    auto [connection, peer] = this->connect();
    for (int round = 0; round < 1000; ++round) this->transfer(peer, connection, "message");
}

TYPED_TEST(Receive, lent_bytes_stay_while_other_connections_of_the_batch_are_served) {
    // The driver compares every lent buffer at the end of the batch; here the batch is full of other work.
    constexpr std::size_t count = 64;
    std::vector<typename TypeParam::Peer> peers;
    for (std::size_t i = 0; i < count; ++i) {
        peers.push_back(this->world.connect(this->listener));
        ASSERT_EQ(peers.back().write(pattern(4000, i)), 4000u);
    }
    this->driver->on_event = [&](auto& connection, const io::Event& event) {
        if (event.kind == io::EventKind::received && event.result > 0 && !connection.sending) this->driver->send(connection, "answer");
    };
    this->await_connections(count);
    auto& connections = this->driver->connections;
    this->driver->until([&] { return std::ranges::all_of(connections, [](const auto& c) { return c.received.size() == 4000; }); });
    std::vector<std::string> expected, actual;
    for (std::size_t i = 0; i < count; ++i) expected.push_back(pattern(4000, i)), actual.push_back(connections[i].received);
    std::ranges::sort(expected);
    std::ranges::sort(actual);
    EXPECT_TRUE(expected == actual);
}

TYPED_TEST(Receive, a_flooding_client_does_not_starve_a_quiet_one) {
    auto [loud, loud_peer] = this->connect();
    auto [quiet, quiet_peer] = this->connect();
    const std::string flood = pattern(1 << 20);
    for (int round = 0; round < 20; ++round) {
        quiet_peer.write("hello");
        const std::size_t wanted = 5 * (static_cast<std::size_t>(round) + 1);
        const std::uint64_t before = this->driver->turns;
        this->driver->until([&, &p = loud_peer, &q = quiet] {
            p.write(flood);
            return q.received.size() >= wanted;
        });
        EXPECT_LT(this->driver->turns - before, 500u);
    }
}

TYPED_TEST(Receive, a_paused_connection_loses_nothing_and_hears_nothing) {
    auto [connection, peer] = this->connect();
    this->driver->pause(connection);
    const std::string bytes = pattern(20'000);
    ASSERT_EQ(peer.write(bytes), bytes.size());
    this->driver->settle();
    EXPECT_EQ(connection.received, "");
    this->driver->resume(connection);
    this->driver->until([&, &c = connection] { return c.received.size() == bytes.size(); });
    EXPECT_TRUE(same_bytes(connection.received, bytes));
}

TYPED_TEST(Receive, the_end_during_a_pause_is_delivered_after_it) {
    for (const std::size_t size : {0u, 1u, 4096u, 10'000u}) {
        auto [connection, peer] = this->connect();
        this->driver->pause(connection);
        const std::string bytes = pattern(size);
        ASSERT_EQ(peer.write(bytes), size);
        peer.half_close();
        this->driver->settle();
        EXPECT_FALSE(connection.fin);
        this->driver->resume(connection);
        this->driver->until([&, &c = connection] { return c.ended(); });
        EXPECT_TRUE(connection.fin);
        EXPECT_TRUE(same_bytes(connection.received, bytes));
    }
}

TYPED_TEST(Receive, pausing_after_every_receive_loses_nothing) {
    auto [connection, peer] = this->connect();
    this->driver->on_event = [&](auto& c, const io::Event& event) {
        if (event.kind == io::EventKind::received && event.result > 0) this->driver->pause(c);
    };
    const std::string bytes = pattern(300'000);
    std::size_t written = 0;
    bool half_closed = false;
    this->driver->until([&, &p = peer, &c = connection] {
        if (!half_closed) written += p.write(std::string_view(bytes).substr(written));
        if (written == bytes.size() && !std::exchange(half_closed, true)) p.half_close();
        if (c.paused) this->driver->resume(c);
        return c.ended();
    });
    EXPECT_TRUE(same_bytes(connection.received, bytes));
}

TYPED_TEST(Receive, pause_and_resume_may_be_repeated) {
    auto [connection, peer] = this->connect();
    this->driver->resume(connection);
    this->driver->pause(connection);
    this->driver->pause(connection);
    ASSERT_EQ(peer.write("first"), 5u);
    this->driver->settle();
    this->driver->resume(connection);
    this->driver->pause(connection);
    this->driver->resume(connection);
    this->driver->resume(connection);
    this->driver->until([&, &c = connection] { return c.received == "first"; });
    for (int i = 0; i < 100; ++i) this->driver->pause(connection), this->driver->resume(connection);
    this->transfer(peer, connection, "second");
    EXPECT_EQ(connection.received, "firstsecond");
}

TYPED_TEST(Receive, a_paused_connection_stops_reading_its_peer) {
    auto [connection, peer] = this->connect();
    this->driver->pause(connection);
    const std::string megabyte = pattern(1 << 20);
    std::size_t written = 0;
    for (int refused = 0; refused < 10;) {
        const std::size_t count = peer.write(megabyte);
        written += count;
        refused = count == 0 ? refused + 1 : 0;
        ASSERT_LT(written, 64u << 20);
        this->driver->turn();
    }
    this->driver->resume(connection);
    this->driver->until([&, &c = connection] { return c.received.size() == written; });
}

TYPED_TEST(Receive, a_reset_surfaces_once_as_an_error_and_nothing_follows) {
    if (!TypeParam::resets) GTEST_SKIP() << "this kind of socket has no reset";
    auto [connection, peer] = this->connect();
    this->transfer(peer, connection, "some");
    this->send_unread(connection);
    peer.reset();
    this->driver->until([&, &c = connection] { return c.ended(); });
    EXPECT_EQ(connection.error, ECONNRESET);
    this->driver->settle();
}

TYPED_TEST(Receive, a_reset_during_a_pause_is_told_after_it) {
    if (!TypeParam::resets) GTEST_SKIP() << "this kind of socket has no reset";
    auto [connection, peer] = this->connect();
    this->driver->pause(connection);
    this->send_unread(connection);
    peer.reset();
    this->driver->settle();
    EXPECT_FALSE(connection.ended());
    this->driver->resume(connection);
    this->driver->until([&, &c = connection] { return c.ended(); });
    EXPECT_EQ(connection.error, ECONNRESET);
}

}  // namespace
}  // namespace tinyhttpd::contract
