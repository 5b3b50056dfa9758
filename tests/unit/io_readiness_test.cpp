// SPDX-License-Identifier: MIT
// What the readiness engine may take from its poller for granted, and what not: here the poller is the test. Beside tests/contract,
// where the real ones are kinder than they have to be.
#include "io/readiness_engine.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "support/engine_world.hpp"

namespace tinyhttpd::io {
namespace {

/// Reports what the test tells it to, and nothing else.
class ToldPoller {
public:
    static constexpr std::string_view name = "told";
    static Result<ToldPoller> create() { return ToldPoller(); }

    [[nodiscard]] Result<void> add_connection(int, Tag) { return {}; }
    [[nodiscard]] Result<void> add_listener(int, Tag) {
        if (refuses_listeners) return fail("watch a descriptor", {}, ENOMEM);
        return {};
    }
    void remove_listener(int) {}
    [[nodiscard]] std::size_t wait(std::chrono::nanoseconds) {
        now = std::move(next);
        next.clear();
        return now.size();
    }
    [[nodiscard]] Readiness readiness(std::size_t index) const { return now.at(index); }
    void wake() const {}
    void wake_seen() const {}

    static inline std::vector<Readiness> next;
    static inline bool refuses_listeners = false;
    std::vector<Readiness> now;
};
static_assert(Poller<ToldPoller>);

class ReadinessTest : public ::testing::Test {
protected:
    using Told = ReadinessEngine<ToldPoller>;

    void SetUp() override {
        ToldPoller::next.clear();
        ToldPoller::refuses_listeners = false;
        std::array<int, 2> ends{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        far = Fd(ends[1]);
        ASSERT_TRUE(engine->open(id, ends[0]));
    }
    [[nodiscard]] std::size_t read_all() {
        std::size_t size = 0;
        std::string bytes(1 << 20, '\0');
        for (ssize_t count = 0; (count = ::recv(far.get(), bytes.data(), bytes.size(), 0)) > 0;) size += static_cast<std::size_t>(count);
        return size;
    }
    [[nodiscard]] std::span<const Event> poll() { return engine->wait(Instant{}); }

    std::unique_ptr<Told> engine = *Told::create({.receive_bytes = 4096, .max_connections = 4});
    const ConnectionId id{0, 1};
    Fd far;
};

TEST_F(ReadinessTest, a_short_send_is_tried_again_without_being_told) {
    // A send may be short for other reasons than a full socket (a limit of one call, a signal): nothing promises an edge then.
    const std::string bytes(4 << 20, 'x');
    const Slice slice{bytes.data(), bytes.size()};
    engine->send(id, {&slice, 1});
    const std::uint64_t first = engine->sent_so_far(id);
    ASSERT_GT(first, 0U);
    ASSERT_LT(first, bytes.size());
    EXPECT_EQ(read_all(), first);
    EXPECT_TRUE(poll().empty());
    EXPECT_GT(engine->sent_so_far(id), first);
    // Now it is full, as the system call has said: only an edge makes it try again.
    std::uint64_t received = first;
    received += read_all();
    const std::uint64_t second = engine->sent_so_far(id);
    EXPECT_TRUE(poll().empty());
    EXPECT_EQ(engine->sent_so_far(id), second);
    for (bool sent = false; !sent;) {
        ToldPoller::next.push_back({make_tag(0, 1), false, true, false});
        for (const Event& event : poll()) {
            EXPECT_EQ(event.kind, EventKind::sent);
            EXPECT_EQ(event.result, 0);
            sent = true;
        }
        received += read_all();
    }
    EXPECT_EQ(received, bytes.size());
}

TEST_F(ReadinessTest, a_listener_that_cannot_be_watched_again_is_said_once_in_each_wait) {
    support::TcpSockets tcp;
    const Fd listener = tcp.listen();
    ASSERT_TRUE(engine->add_listener(0, listener.get()));
    engine->pause_accept(0);
    ToldPoller::refuses_listeners = true;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 100; ++i) engine->resume_accept(0);
        const std::span<const Event> events = poll();
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(events[0].kind, EventKind::accepted);
        EXPECT_EQ(events[0].result, -ENOMEM);
    }
}

}  // namespace
}  // namespace tinyhttpd::io
