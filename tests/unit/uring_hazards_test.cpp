// SPDX-License-Identifier: MIT
// What can go wrong on a ring and on no other engine: it runs out of receive buffers, of entries to submit with, of room for
// completions; a receive in the kernel outlives a pause; the kernel is older. For io/uring_engine.hpp, beside tests/contract.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "io/uring_engine.hpp"
#include "support/engine_driver.hpp"
#include "support/engine_world.hpp"

namespace tinyhttpd::io {
namespace {

using support::DrivenConnection;

/// An engine that the test hands its connections, TCP or unix (which are received from differently); it writes and reads at
/// the far ends.
class UringHazards : public ::testing::TestWithParam<int> {
protected:
    void start(const EngineOptions& options, std::span<const unsigned> flag_sets = Uring::strongest) {
        auto created = UringEngine::create(options, flag_sets);
        if (!created) GTEST_SKIP() << created.error().text();
        engine = *std::move(created);
        driver.emplace(*engine, options);
    }
    DrivenConnection& open() {
        if (GetParam() == AF_UNIX) {
            std::array<int, 2> ends{};
            EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
            far.emplace_back(ends[1]);
            return driver->open(Fd(ends[0]));
        }
        far.push_back(tcp.connect(listener.get(), support::Buffers::normal));
        support::set_flags(far.back().get());
        return driver->open(Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)));
    }
    void write(std::size_t index, std::string_view bytes) {
        driver->until([&] {
            const ssize_t count = ::send(far[index].get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
            return bytes.empty();
        });
    }
    [[nodiscard]] std::string read(std::size_t index) {
        std::string bytes(64 * 1024, '\0');
        bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(::recv(far[index].get(), bytes.data(), bytes.size(), 0), 0)));
        return bytes;
    }
    [[nodiscard]] bool all_received(std::string_view bytes) {
        return std::ranges::all_of(driver->connections, [&](const auto& connection) { return connection.received == bytes; });
    }

    std::unique_ptr<UringEngine> engine;
    std::optional<support::EngineDriver<UringEngine>> driver;
    std::vector<Fd> far;
    support::TcpSockets tcp;
    Fd listener = tcp.listen();
};
INSTANTIATE_TEST_SUITE_P(Sockets, UringHazards, ::testing::Values(AF_INET, AF_UNIX),
                         [](const auto& parameter) { return parameter.param == AF_UNIX ? "unix" : "tcp"; });

TEST_P(UringHazards, more_bytes_than_receive_buffers_are_all_received_without_spinning) {
    start({.receive_bytes = 64, .max_connections = 64});
    if (IsSkipped()) return;
    // 1,536 buffers' worth, 64 times: the ring has 128 of them, and goes round with 16 bits.
    const std::string bytes(96 * 1024, 'x');
    for (std::size_t i = 0; i < 64; ++i) {
        open();
        write(i, bytes);
    }
    driver->until([&] { return all_received(bytes); });
    EXPECT_LT(driver->turns, 64u * 1536u + 1000u) << "turns without a byte";
}

TEST_P(UringHazards, more_connections_in_one_batch_than_the_queues_have_room_for_are_all_served) {
    constexpr std::size_t count = 4000;  // the rings have 256 submissions and 2048 completions
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * count + 100) GTEST_SKIP() << "needs " << 2 * count + 100 << " descriptors, the limit is " << limit.rlim_cur;
    start({.receive_bytes = 512, .max_connections = count});
    if (IsSkipped()) return;
    for (std::size_t i = 0; i < count; ++i) {
        open();
        write(i, "question");
    }
    driver->on_event = [&](DrivenConnection& connection, const Event& event) {
        if (event.kind == EventKind::received) driver->send(connection, "answer");
    };
    driver->until(
        [&] { return std::ranges::all_of(driver->connections, [](const auto& connection) { return connection.sends_done == 1; }); });
    EXPECT_TRUE(all_received("question"));
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(read(i), "answer");
    for (DrivenConnection& connection : driver->connections) driver->close(connection);
    driver->until([&] { return driver->free_slots() == count; });
}

TEST_P(UringHazards, a_flood_during_a_pause_leaves_the_buffers_to_others) {
    start({.receive_bytes = 64, .max_connections = 64});
    if (IsSkipped()) return;
    DrivenConnection& flooded = open();
    driver->pause(flooded);
    const std::string flood(100'000, 'f');
    write(0, flood);
    DrivenConnection& other = open();
    for (int round = 0; round < 1000; ++round) {
        const std::size_t before = other.received.size();
        write(1, "hello");
        driver->until([&] { return other.received.size() == before + 5; });
    }
    EXPECT_EQ(flooded.received, "");
    driver->resume(flooded);
    driver->until([&] { return flooded.received == flood; });
}

TEST_P(UringHazards, pausing_again_while_what_was_kept_is_shown_keeps_the_order) {
    start({.receive_bytes = 64, .max_connections = 4});
    if (IsSkipped()) return;
    DrivenConnection& connection = open();
    std::string expected;
    driver->on_event = [&](DrivenConnection& c, const Event& event) {
        if (event.kind == EventKind::received && event.result > 0) driver->pause(c);
    };
    driver->pause(connection);
    for (int round = 0; round < 200; ++round) {
        const std::string bytes = std::to_string(round) + std::string(static_cast<std::size_t>(round) * 3 % 500, '.');
        expected += bytes;
        write(0, bytes);
        driver->turn(std::chrono::milliseconds(0));
        if (round % 3 == 0) driver->resume(connection);
    }
    ::shutdown(far[0].get(), SHUT_WR);
    driver->until([&] {
        if (connection.paused) driver->resume(connection);
        return connection.fin;
    });
    EXPECT_EQ(connection.received, expected);
}

TEST_P(UringHazards, a_paused_listener_that_its_owner_closes_listens_no_more) {
    start({.receive_bytes = 64, .max_connections = 4});
    if (IsSkipped()) return;
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    ASSERT_TRUE(engine->add_listener(0, listener.get()));
    driver->settle();
    engine->pause_accept(0);
    driver->settle();
    listener.reset();
    const Fd late(::socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_EQ(::connect(late.get(), reinterpret_cast<const sockaddr*>(&address), size), -1) << "the ring keeps it listening";
}

TEST_P(UringHazards, an_older_kernel_is_served_with_the_weaker_set_of_flags) {
    constexpr unsigned unknown = 1U << 31;
    const std::array sets{unknown, Uring::weaker.front()};
    start({.receive_bytes = 4096, .max_connections = 64}, sets);
    if (IsSkipped()) return;
    for (std::size_t i = 0; i < 50; ++i) open();
    driver->on_event = [&](DrivenConnection& connection, const Event& event) {
        if (event.kind == EventKind::received && event.result > 0) driver->send(connection, "answer");
        if (event.kind == EventKind::received && event.result == 0) driver->close(connection);
    };
    for (int round = 1; round <= 100; ++round) {
        for (std::size_t i = 0; i < 50; ++i) write(i, "question");
        driver->until([&] { return std::ranges::all_of(driver->connections, [&](const auto& c) { return c.sends_done == round; }); });
        for (std::size_t i = 0; i < 50; ++i) ASSERT_EQ(read(i), "answer");
    }
    for (std::uint64_t wakes = 1; wakes <= 3; ++wakes) {
        for (int i = 0; i < 1000; ++i) engine->wake();
        driver->settle();
        EXPECT_EQ(driver->wakes, wakes);
    }
    far.clear();
    driver->until([&] { return driver->free_slots() == 64; });
}

TEST_P(UringHazards, no_set_of_flags_that_the_kernel_knows_is_an_error_that_says_so) {
    constexpr std::array sets{1U << 31};
    const auto created = UringEngine::create({}, sets);
    ASSERT_FALSE(created);
    EXPECT_NE(created.error().text().find("cannot use io_uring: "), std::string::npos);
}

}  // namespace
}  // namespace tinyhttpd::io
