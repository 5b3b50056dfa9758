// SPDX-License-Identifier: MIT
// The contract of closing: one `closed`, nothing after it, no descriptor kept, and no stale event for whoever has the slot
// next. For io/engine.hpp.
#include <filesystem>

#include "contract/contract.hpp"

namespace tinyhttpd::contract {
namespace {

template <class World>
class Close : public Contract<World> {
protected:
    [[nodiscard]] static std::ptrdiff_t open_descriptors() {
        const std::filesystem::directory_iterator all("/dev/fd");
        return std::distance(begin(all), end(all));
    }
};
TYPED_TEST_SUITE(Close, Worlds, WorldName);

TYPED_TEST(Close, is_completed_once_and_the_peer_sees_the_end) {
    auto [connection, peer] = this->connect();
    this->driver->close(connection);
    this->driver->until([&, &c = connection] { return c.closed; });
    EXPECT_EQ(this->gather(peer, 1), "");
    EXPECT_TRUE(peer.saw_fin());
    this->driver->settle();
}

// A unix socket has no RST: its peer sees the end.
TYPED_TEST(Close, by_reset_is_completed_once_and_the_peer_sees_it_behind_what_it_has) {
    auto [connection, peer] = this->connect();
    this->driver->send(connection, "before");
    this->driver->until([&, &c = connection] { return c.sends_done == 1; });
    EXPECT_EQ(this->gather(peer, 6), "before");
    this->driver->until([&, &c = connection] { return this->engine->unreceived(c.id) == 0; });
    this->driver->reset(connection);
    this->driver->until([&, &c = connection, &p = peer] { return c.closed && (p.read(), p.saw_end()); });
    EXPECT_EQ(peer.saw_reset(), !TypeParam::name().ends_with("_unix"));
    this->driver->settle();
}

TYPED_TEST(Close, by_reset_cuts_a_running_send) {
    auto [connection, peer] = this->connect(Buffers::small);
    const std::string bytes = pattern(32 << 20);
    this->driver->send(connection, bytes);
    this->driver->settle();
    EXPECT_GT(this->engine->unreceived(connection.id), 0U);
    this->driver->reset(connection);
    this->driver->until([&, &p = peer, &c = connection] {
        p.read();
        return p.saw_end() && c.closed;
    });
    EXPECT_EQ(connection.sends_done, 0);
}

TYPED_TEST(Close, right_after_open_with_bytes_waiting_delivers_nothing) {
    for (int i = 0; i < 50; ++i) {
        auto peer = this->world.connect(this->listener);
        peer.write("too late");
        if (i % 2 == 0) peer.half_close();
        this->driver->on_accept = [&](Fd fd, io::ListenerId) { this->driver->close(this->driver->open(std::move(fd))); };
        auto& connection = this->opened(peer);
        this->driver->until([&] { return connection.closed; });
        EXPECT_EQ(connection.received, "");
        EXPECT_FALSE(connection.fin);
    }
}

TYPED_TEST(Close, cuts_a_running_send_which_is_never_completed) {
    auto [connection, peer] = this->connect(Buffers::small);
    const std::string bytes = pattern(32 << 20);
    this->driver->send(connection, bytes);
    this->driver->settle();
    this->driver->close(connection);
    std::string gathered;
    this->driver->until([&, &p = peer, &c = connection] {
        gathered += p.read();
        return p.saw_end() && c.closed;
    });
    EXPECT_EQ(connection.sends_done, 0);
    EXPECT_TRUE(is_prefix(gathered, bytes));
    EXPECT_LT(gathered.size(), bytes.size());
}

TYPED_TEST(Close, of_a_connection_that_is_paused_ended_or_broken_works_the_same) {
    for (int i = 0; i < 4; ++i) {
        auto [connection, peer] = this->connect();
        if (i == 0) this->driver->pause(connection);
        if (i == 1) peer.half_close();
        if (i == 2) this->send_unread(connection), peer.reset();
        if (i == 3) this->engine->shutdown_send(connection.id), peer.close();
        if (i > 0) this->driver->until([&, &c = connection] { return c.ended(); });
        this->driver->close(connection);
        this->driver->until([&, &c = connection] { return c.closed; });
    }
}

TYPED_TEST(Close, within_a_batch_silences_the_rest_of_the_batch_and_all_later_ones) {
    constexpr std::size_t count = 100;
    std::vector<typename TypeParam::Peer> peers;
    for (std::size_t i = 0; i < count; ++i) peers.push_back(this->world.connect(this->listener));
    this->await_connections(count);
    for (auto& peer : peers) peer.write(pattern(6000));
    bool all_closed = false;
    this->driver->on_event = [&](auto&, const io::Event& event) {
        if (event.kind == io::EventKind::closed || std::exchange(all_closed, true)) return;
        for (auto& connection : this->driver->connections) this->driver->close(connection);
    };
    this->driver->until([&] { return std::ranges::all_of(this->driver->connections, [](const auto& c) { return c.closed; }); });
    this->driver->settle();
}

TYPED_TEST(Close, frees_the_slot_and_no_stale_event_reaches_its_next_user) {
    // A dozen slots, in which connections come and go while their peers send, half-close and reset. Each peer sends one letter
    // only, so that a byte in the wrong place shows. The driver refuses every event with an old generation.
    this->start({.receive_bytes = 64, .max_connections = 12});
    if (this->IsSkipped()) return;
    Random random(this->seed);
    struct Visit {
        typename TypeParam::Peer peer;
        bool done = false;
    };
    std::vector<Visit> visits;
    std::vector<Fd> waiting;
    this->driver->on_accept = [&](Fd fd, io::ListenerId) { waiting.push_back(std::move(fd)); };
    const auto seat = [&] {
        while (!waiting.empty() && this->driver->free_slots() > 0) {
            this->driver->open(std::move(waiting.back()));
            waiting.pop_back();
        }
    };
    this->driver->on_event = [&](auto& connection, const io::Event& event) {
        if (event.kind == io::EventKind::received && !connection.sending && event.result >= 0 && random.chance(0.5))
            this->driver->send(connection, "answer");
        if (!connection.closing && (connection.ended() || random.chance(0.4))) this->driver->close(connection);
        seat();  // in the middle of the batch: a slot that `closed` has just freed is used again at once
    };
    constexpr std::size_t rounds = 1200;
    for (std::size_t i = 0; i < rounds; ++i) {
        visits.push_back({this->world.connect(this->listener)});
        for (auto& visit : visits) {
            if (visit.done) continue;
            const auto letter = static_cast<char>('a' + (&visit - visits.data()) % 26);
            visit.peer.write(std::string(random.between(1, 200), letter));
            visit.done = random.chance(0.3);
            if (!visit.done) continue;
            switch (random.below(4)) {
                case 0: visit.peer.half_close(); break;
                case 1: visit.peer.close(); break;
                case 2: visit.peer.reset(); break;
                default: break;
            }
        }
        this->driver->turn(std::chrono::milliseconds(0));
        seat();
    }
    this->driver->until([&] {
        seat();
        for (auto& connection : this->driver->connections) {
            if (!connection.closing) this->driver->close(connection);
        }
        return this->driver->connections.size() == rounds && this->driver->free_slots() == 12;
    });
    for (const auto& connection : this->driver->connections) {
        const std::string& bytes = connection.received;
        EXPECT_TRUE(bytes.find_first_not_of(bytes.substr(0, 1)) == std::string::npos) << "bytes of two peers on one connection";
    }
}

TYPED_TEST(Close, a_thousand_connections_come_go_and_leave_no_descriptor_behind) {
    this->driver->settle();
    const std::ptrdiff_t before = this->open_descriptors();
    this->driver->on_event = [&](auto& connection, const io::Event& event) {
        if (event.kind == io::EventKind::received && connection.received == "question") this->driver->send(connection, "answer");
        if (event.kind == io::EventKind::sent) this->driver->close(connection);
    };
    for (int round = 0; round < 10; ++round) {
        std::vector<typename TypeParam::Peer> peers;
        for (int i = 0; i < 100; ++i) {
            peers.push_back(this->world.connect(this->listener));
            ASSERT_EQ(peers.back().write("question"), 8u);
        }
        std::vector<std::string> answers(peers.size());
        this->driver->until([&] {
            bool all = true;
            for (std::size_t i = 0; i < peers.size(); ++i) {
                answers[i] += peers[i].read();
                all &= peers[i].saw_end();
            }
            return all;
        });
        for (const std::string& answer : answers) EXPECT_EQ(answer, "answer");
    }
    this->driver->until([&] { return this->driver->free_slots() == 2048; });
    EXPECT_EQ(this->driver->connections.size(), 1000u);
    EXPECT_EQ(this->open_descriptors(), before);
}

TYPED_TEST(Close, an_engine_that_goes_away_closes_what_it_owns) {
    const std::ptrdiff_t before = this->open_descriptors();
    auto peer = this->world.connect(this->listener);
    this->opened(peer);
    this->engine.reset();
    std::string rest;
    for (int i = 0; i < 1000 && !peer.saw_end(); ++i) rest += peer.read();
    EXPECT_TRUE(peer.saw_fin());
    peer.close();
    EXPECT_LE(this->open_descriptors(), before);
}

}  // namespace
}  // namespace tinyhttpd::contract
