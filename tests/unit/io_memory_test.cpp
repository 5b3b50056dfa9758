// SPDX-License-Identifier: MIT
// Engines when memory has run out: connections are refused or ended, no event of another is lost, and nothing is thrown, which would
// end the program. Each test lets operator new fail for just the engine's own calls.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "io/epoll_engine.hpp"
#ifdef TINYHTTPD_IO_URING
#include "io/uring_engine.hpp"
#endif
#include "support/engine_world.hpp"
#include "unit/allocation_count.hpp"

namespace tinyhttpd::io {
namespace {

using std::chrono::milliseconds;
using testing::OutOfMemory;

template <class E>
class EngineMemory : public ::testing::Test {
protected:
    struct Seen {
        std::string received;
        std::vector<int> ends;  ///< results of `received` without bytes
        std::vector<int> sent;
        int closed = 0;
    };

    void SetUp() override {
        auto created = E::create({.receive_bytes = 4096, .max_connections = 4096});
        if (!created) GTEST_SKIP() << created.error().text();
        engine = *std::move(created);
    }
    /// Both ends of a TCP connection, ours first.
    [[nodiscard]] std::pair<Fd, Fd> pair() {
        Fd peer = tcp.connect(listener.get(), support::Buffers::normal);
        Fd near(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        support::set_flags(peer.get());
        return {std::move(near), std::move(peer)};
    }
    /// Opens slot `slot`, which never had a connection.
    void open(std::uint32_t slot) {
        auto [near, peer] = pair();
        far[slot] = std::move(peer);
        ASSERT_TRUE(engine->open({slot, 1}, near.release()));
    }
    /// Waits until nothing comes any more, with or without memory; what came is in `seen`.
    void settle(bool out_of_memory) {
        for (;;) {
            std::span<const Event> events;
            if (out_of_memory) {
                const OutOfMemory now;
                events = engine->wait(engine->now() + milliseconds(50));
            } else {
                events = engine->wait(engine->now() + milliseconds(50));
            }
            if (events.empty()) return;
            for (const Event& event : events) {
                Seen& connection = seen[event.connection.slot];
                switch (event.kind) {
                    case EventKind::received:
                        if (event.result > 0) connection.received.append(event.data, static_cast<std::size_t>(event.result));
                        if (event.result <= 0) connection.ends.push_back(event.result);
                        break;
                    case EventKind::sent: connection.sent.push_back(event.result); break;
                    case EventKind::closed: ++connection.closed; break;
                    default: ADD_FAILURE() << "event of kind " << static_cast<int>(event.kind);
                }
            }
        }
    }

    support::TcpSockets tcp;
    Fd listener = tcp.listen();
    std::map<std::uint32_t, Fd> far;
    std::map<std::uint32_t, Seen> seen;
    std::unique_ptr<E> engine;
};
using Engines = ::testing::Types<EpollEngine
#ifdef TINYHTTPD_IO_URING
                                 ,
                                 UringEngine
#endif
                                 >;
struct EngineName {
    template <class E>
    static std::string GetName(int) {
        return std::string(E::name);
    }
};
TYPED_TEST_SUITE(EngineMemory, Engines, EngineName);

TYPED_TEST(EngineMemory, a_connection_for_which_there_is_none_is_refused_and_the_next_one_opened) {
    constexpr std::uint32_t count = 300;  // more than the engine makes room for at once
    for (std::uint32_t slot = 0; slot < count; ++slot) {
        auto [near, peer] = this->pair();
        const int fd = near.release();
        {
            const OutOfMemory now;
            if (this->engine->open({slot, 1}, fd)) continue;
        }
        EXPECT_EQ(::send(fd, "x", 1, MSG_NOSIGNAL), -1) << "the descriptor is still open";
        this->open(slot);
    }
    EXPECT_GT(this->far.size(), 1U) << "memory never ran out";
    for (auto& [slot, peer] : this->far) ::send(peer.get(), "x", 1, MSG_NOSIGNAL);
    this->settle(false);
    for (auto& [slot, peer] : this->far) EXPECT_EQ(this->seen[slot].received, "x");
}

TYPED_TEST(EngineMemory, no_event_of_an_open_connection_is_lost_for_want_of_it) {
    constexpr std::uint32_t count = 1000;
    for (std::uint32_t slot = 0; slot < count; ++slot) this->open(slot);
    const Slice answer{"answer", 6};
    {
        const OutOfMemory now;
        for (std::uint32_t slot = 0; slot < count; ++slot)
            this->engine->send({slot, 1}, {&answer, 1}, slot % 2 == 0 ? Urgency::prompt : Urgency::relaxed);
    }
    this->settle(true);
    for (auto& [slot, peer] : this->far) ::send(peer.get(), "question", 8, MSG_NOSIGNAL);
    this->settle(true);
    {
        const OutOfMemory now;
        for (std::uint32_t slot = 0; slot < count; ++slot) {
            this->engine->send({slot, 1}, {&answer, 1}, Urgency::relaxed);
            this->engine->close({slot, 1});
        }
    }
    this->settle(true);
    for (std::uint32_t slot = 0; slot < count; ++slot) {
        EXPECT_EQ(this->seen[slot].received, "question");
        EXPECT_GE(this->seen[slot].sent.size(), 1U);
        EXPECT_EQ(this->seen[slot].closed, 1);
    }
}

TYPED_TEST(EngineMemory, a_connection_opened_while_events_are_gone_through_leaves_them_where_they_are) {
    this->open(0);
    ::send(this->far[0].get(), "question", 8, MSG_NOSIGNAL);
    const std::span<const Event> events = this->engine->wait(std::nullopt);
    ASSERT_EQ(events.size(), 1U);
    for (std::uint32_t slot = 1; slot < 1000; ++slot) this->open(slot);
    EXPECT_EQ(events[0].kind, EventKind::received);
    EXPECT_EQ(events[0].connection, (ConnectionId{0, 1}));
    EXPECT_EQ(std::string_view(events[0].data, static_cast<std::size_t>(events[0].result)), "question");
}

TYPED_TEST(EngineMemory, a_slow_reader_for_whom_there_is_none_is_let_go_and_others_are_served) {
    const std::string large(32 << 20, 'x');
    const std::vector<Slice> slices(4, {large.data(), large.size() / 4});
    for (std::uint32_t slot = 0; slot < 4; ++slot) this->open(slot);
    const Slice whole{large.data(), large.size()};
    {
        const OutOfMemory now;
        this->engine->send({0, 1}, {&whole, 1});
        this->engine->send({1, 1}, slices);
        this->engine->send({2, 1}, slices);
    }
    this->settle(true);
    // An engine that needs memory for these says so; one that does not, or has kept some for one of them, goes on with them.
    for (const std::uint32_t slot : {0U, 1U, 2U}) {
        const std::vector<int>& sent = this->seen[slot].sent;
        EXPECT_TRUE(sent.empty() || (sent.size() == 1 && sent[0] < 0)) << slot;
        this->engine->close({slot, 1});
    }
    EXPECT_EQ(this->seen[2].sent.size(), 1U);
    const Slice answer{"answer", 6};
    this->engine->send({3, 1}, {&answer, 1});
    this->settle(false);
    EXPECT_EQ(this->seen[3].sent, std::vector<int>{0});
    EXPECT_EQ(this->seen[0].closed + this->seen[1].closed + this->seen[2].closed, 3);
}

TYPED_TEST(EngineMemory, input_that_cannot_be_kept_ends_the_connection_without_a_gap) {
    const std::string flood(200'000, 'f');
    for (std::uint32_t slot = 0; slot < 4; ++slot) {
        this->open(slot);
        this->engine->pause_receive({slot, 1});
        const std::string bytes = std::to_string(slot) + flood;
        // Slot 1 begins with memory, the others without.
        if (slot == 1) {
            ::send(this->far[slot].get(), bytes.data(), 1000, MSG_NOSIGNAL);
            this->settle(false);
            ::send(this->far[slot].get(), bytes.data() + 1000, bytes.size() - 1000, MSG_NOSIGNAL);
        } else {
            ::send(this->far[slot].get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        }
        this->settle(true);
        if (slot == 2) this->engine->close({slot, 1});
        if (slot == 3) ::shutdown(this->far[slot].get(), SHUT_WR);
    }
    for (const std::uint32_t slot : {0U, 1U, 3U}) {
        this->engine->resume_receive({slot, 1});
        this->settle(false);
        const auto& [received, ends, sent, closed] = this->seen[slot];
        EXPECT_EQ(received, (std::to_string(slot) + flood).substr(0, received.size())) << "a gap";
        EXPECT_TRUE(received.size() >= 60'000 || ends == std::vector<int>{-ENOMEM}) << slot;
        EXPECT_LE(ends.size(), 1U);
        this->engine->close({slot, 1});
    }
    this->settle(false);
    for (std::uint32_t slot = 0; slot < 4; ++slot) EXPECT_EQ(this->seen[slot].closed, 1) << slot;
}

}  // namespace
}  // namespace tinyhttpd::io
