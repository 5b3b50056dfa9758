// SPDX-License-Identifier: MIT
// The contract of sending: all slices in order however slow the reader, one completion each, errors instead of signals, and
// the half-close behind them. For io/engine.hpp.
#include <csignal>

#include "contract/contract.hpp"

namespace tinyhttpd::contract {
namespace {

template <class World>
class Send : public Contract<World> {};
TYPED_TEST_SUITE(Send, Worlds, WorldName);

std::vector<Slice> slices_of(std::string_view bytes, std::size_t count) {
    std::vector<Slice> slices;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t from = bytes.size() * i / count;
        slices.push_back({bytes.data() + from, bytes.size() * (i + 1) / count - from});
    }
    return slices;
}

TYPED_TEST(Send, an_answer_arrives_and_is_completed_once) {
    auto [connection, peer] = this->connect();
    this->driver->send(connection, "answer");
    EXPECT_EQ(this->gather(peer, 6), "answer");
    this->driver->until([&, &c = connection] { return c.sends_done == 1; });
    this->driver->settle();
    EXPECT_EQ(connection.sends_done, 1);
    EXPECT_EQ(connection.send_error, 0);
    EXPECT_EQ(this->engine->sent_so_far(connection.id), 0u);
}

TYPED_TEST(Send, relaxed_it_completes_within_10_ms_although_nothing_else_happens) {
    auto [connection, peer] = this->connect();
    this->driver->settle();
    const Slice answer{"answer", 6};
    // A busy machine may be late each time, but not so late all the time.
    auto soonest = io::Instant::duration::max();
    for (int tries = 0; tries < 10 && soonest > std::chrono::milliseconds(100); ++tries) {
        const io::Instant before = this->engine->now();
        this->driver->send(connection, {&answer, 1}, io::Urgency::relaxed);
        this->driver->turn(std::chrono::seconds(2));
        ASSERT_FALSE(connection.sending) << "it was not told";
        soonest = std::min(soonest, this->engine->now() - before);
    }
    EXPECT_LT(soonest, std::chrono::milliseconds(100));
}

TYPED_TEST(Send, ten_megabytes_in_sixteen_slices_reach_a_slow_reader_whole) {
    this->driver->on_accept = [&](Fd fd, io::ListenerId) {
        this->world.shrink_send_buffer(fd.get());
        this->driver->open(std::move(fd));
    };
    auto [connection, peer] = this->connect(Buffers::small);
    const std::string bytes = pattern(10 << 20);
    this->driver->send(connection, slices_of(bytes, Batch::capacity));
    const std::string gathered = this->gather(peer, bytes.size(), 60'000);
    EXPECT_TRUE(same_bytes(gathered, bytes));
    this->driver->until([&, &c = connection] { return c.sends_done == 1; });
    EXPECT_EQ(connection.send_error, 0);
}

TYPED_TEST(Send, slices_of_one_byte_and_of_megabytes_go_together) {
    auto [connection, peer] = this->connect();
    const std::string bytes = pattern(3 << 20);
    const std::string_view view = bytes;
    const std::vector<std::string_view> parts = {view.substr(0, 1), view.substr(1, 2 << 20), view.substr((2 << 20) + 1, 1),
                                                 view.substr((2 << 20) + 2, 4095), view.substr((2 << 20) + 4097)};
    std::vector<Slice> slices;
    for (const std::string_view part : parts) slices.push_back({part.data(), part.size()});
    this->driver->send(connection, slices);
    EXPECT_TRUE(same_bytes(this->gather(peer, bytes.size()), bytes));
}

TYPED_TEST(Send, progress_is_visible_while_a_slow_reader_takes_its_time) {
    auto [connection, peer] = this->connect(Buffers::small);
    const std::string bytes = pattern(32 << 20);
    this->driver->send(connection, bytes);
    std::string gathered;
    std::uint64_t last = 0;
    int growths = 0;
    this->driver->until([&, &c = connection, &p = peer] {
        gathered += p.read(256 * 1024);
        if (c.sending) {
            const std::uint64_t sent = this->engine->sent_so_far(c.id);
            EXPECT_GE(sent, last);
            EXPECT_LE(sent, bytes.size());
            growths += sent > last;
            last = sent;
        }
        return gathered.size() == bytes.size();
    });
    EXPECT_GT(growths, 3);
    EXPECT_TRUE(same_bytes(gathered, bytes));
    this->driver->until([&, &c = connection] { return !c.sending; });
    EXPECT_EQ(this->engine->sent_so_far(connection.id), 0u);
}

TYPED_TEST(Send, a_reader_that_never_reads_makes_no_progress_and_no_noise) {
    auto [connection, peer] = this->connect(Buffers::small);
    const std::string bytes = pattern(32 << 20);
    this->driver->send(connection, bytes);
    this->driver->settle();
    const std::uint64_t sent = this->engine->sent_so_far(connection.id);
    EXPECT_LT(sent, bytes.size());
    this->driver->settle();
    EXPECT_EQ(this->engine->sent_so_far(connection.id), sent);
    EXPECT_TRUE(connection.sending);
    this->driver->close(connection);  // `bytes` is borrowed until then
    this->driver->until([&, &c = connection] { return c.closed; });
}

TYPED_TEST(Send, a_stalled_reader_does_not_stall_the_others) {
    auto [stalled, stalled_peer] = this->connect(Buffers::small);
    const std::string bytes = pattern(32 << 20);
    this->driver->send(stalled, bytes);
    auto [connection, peer] = this->connect();
    for (int round = 0; round < 100; ++round) {
        this->transfer(peer, connection, "question");
        this->driver->send(connection, "answer");
        EXPECT_EQ(this->gather(peer, 6), "answer");
        this->driver->until([&, &c = connection] { return !c.sending; });
    }
    this->driver->close(stalled);
    this->driver->until([&, &c = stalled] { return c.closed; });
}

TYPED_TEST(Send, thousands_of_questions_and_answers_on_one_connection) {
    auto [connection, peer] = this->connect();
    this->driver->on_event = [&](auto& c, const io::Event& event) {
        if (event.kind == io::EventKind::received && event.result > 0) this->driver->send(c, "answer");
    };
    for (int round = 1; round <= 3000; ++round) {
        ASSERT_EQ(peer.write("q"), 1u);
        ASSERT_EQ(this->gather(peer, 6), "answer");
        this->driver->until([&, &c = connection] { return c.sends_done == round; });
    }
}

TYPED_TEST(Send, both_directions_run_at_once) {
    auto [connection, peer] = this->connect();
    const std::string up = pattern(5 << 20, 1), down = pattern(5 << 20, 2);
    this->driver->send(connection, slices_of(down, 7));
    std::size_t written = 0;
    std::string gathered;
    this->driver->until([&, &c = connection, &p = peer] {
        written += p.write(std::string_view(up).substr(written));
        gathered += p.read();
        return c.received.size() >= up.size() && gathered.size() >= down.size();
    });
    EXPECT_TRUE(same_bytes(connection.received, up));
    EXPECT_TRUE(same_bytes(gathered, down));
}

TYPED_TEST(Send, sending_goes_on_while_receiving_is_paused) {
    auto [connection, peer] = this->connect();
    this->driver->pause(connection);
    ASSERT_EQ(peer.write("ignored for now"), 15u);
    const std::string bytes = pattern(3 << 20);
    this->driver->send(connection, bytes);
    EXPECT_TRUE(same_bytes(this->gather(peer, bytes.size()), bytes));
    EXPECT_EQ(connection.received, "");
}

TYPED_TEST(Send, a_peer_that_half_closed_still_gets_its_answer) {
    auto [connection, peer] = this->connect();
    ASSERT_EQ(peer.write("question"), 8u);
    peer.half_close();
    this->driver->until([&, &c = connection] { return c.fin; });
    const std::string bytes = pattern(2 << 20);
    this->driver->send(connection, bytes);
    EXPECT_TRUE(same_bytes(this->gather(peer, bytes.size()), bytes));
}

TYPED_TEST(Send, after_shutdown_send_the_peer_sees_the_bytes_then_the_end_and_may_go_on_sending) {
    auto [connection, peer] = this->connect();
    const std::string bytes = pattern(1 << 20);
    this->driver->send(connection, bytes);
    std::string gathered = this->gather(peer, bytes.size());
    this->driver->until([&, &c = connection] { return !c.sending; });
    this->engine->shutdown_send(connection.id);
    this->driver->until([&, &p = peer] {
        gathered += p.read();
        return p.saw_end();
    });
    EXPECT_TRUE(peer.saw_fin());
    EXPECT_TRUE(same_bytes(gathered, bytes));
    this->transfer(peer, connection, "more");
    peer.half_close();
    this->driver->until([&, &c = connection] { return c.fin; });
}

TYPED_TEST(Send, the_last_bytes_may_wait_for_the_end_but_come_before_it) {
    for (const std::size_t size : {1U, 3U << 20}) {
        for (const bool by_close : {false, true}) {
            auto [connection, peer] = this->connect();
            const std::string bytes = pattern(size);
            this->driver->send(connection, slices_of(bytes, std::min<std::size_t>(size, 3)), io::Urgency::last);
            std::string gathered;
            this->driver->until([&, &c = connection, &p = peer] {
                gathered += p.read();
                return !c.sending;
            });
            by_close ? this->driver->close(connection) : this->engine->shutdown_send(connection.id);
            this->driver->until([&, &p = peer] {
                gathered += p.read();
                return p.saw_end();
            });
            EXPECT_TRUE(peer.saw_fin());
            EXPECT_TRUE(same_bytes(gathered, bytes));
        }
    }
}

TYPED_TEST(Send, a_peer_that_vanished_is_an_error_and_does_not_kill_the_process) {
#ifdef MSG_NOSIGNAL
    const auto before = std::signal(SIGPIPE, SIG_DFL);
#else
    const auto before = std::signal(SIGPIPE, SIG_IGN);
#endif
    for (const bool by_reset : {true, false}) {
        auto [connection, peer] = this->connect();
        by_reset ? peer.reset() : peer.close();
        // The first bytes may still be taken by the kernel; the answer to them is a reset.
        this->driver->until([&, &c = connection] {
            if (!c.sending && c.send_error == 0) this->driver->send(c, "anybody there?");
            return c.send_error != 0;
        });
        EXPECT_TRUE(connection.send_error == EPIPE || connection.send_error == ECONNRESET) << connection.send_error;
        this->driver->settle();
    }
    std::signal(SIGPIPE, before);
}

TYPED_TEST(Send, a_reset_ends_a_send_that_waits_for_its_reader) {
    auto [connection, peer] = this->connect(Buffers::small);
    const std::string bytes = pattern(32 << 20);
    this->driver->send(connection, bytes);
    this->driver->settle();
    peer.reset();
    this->driver->until([&, &c = connection] { return !c.sending; });
    EXPECT_TRUE(connection.send_error == EPIPE || connection.send_error == ECONNRESET) << connection.send_error;
    this->driver->settle();
}

TYPED_TEST(Send, a_second_send_at_a_time_is_a_bug_that_shows) {
    GTEST_FLAG_SET(death_test_style, "fast");
    auto [connection, peer] = this->connect(Buffers::small);
    const std::string bytes = pattern(32 << 20);
    this->driver->send(connection, bytes);
    const Slice slice{"x", 1};
    EXPECT_DEATH(this->engine->send(connection.id, std::span(&slice, 1)), "bug");
    this->driver->close(connection);
    this->driver->until([&, &c = connection] { return c.closed; });
}

}  // namespace
}  // namespace tinyhttpd::contract
