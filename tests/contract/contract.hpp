// SPDX-License-Identifier: MIT
// The fixture of the contract suite and the list of engines it runs over. Every test here holds for every engine; what only
// one engine does is tested elsewhere. A failing test prints its seed; TINYHTTPD_SEED runs it again with that, and TINYHTTPD_SEEDS
// tries another number of them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "support/engine_driver.hpp"
#include "support/engine_world.hpp"

#if defined(__linux__)
#include "io/epoll_engine.hpp"
#endif
#if defined(TINYHTTPD_IO_URING)
#include "io/uring_engine.hpp"
#endif
#if __has_include(<sys/event.h>)
#include "io/kqueue_engine.hpp"
#endif

namespace tinyhttpd::contract {

using namespace support;

using Worlds = ::testing::Types<
#if defined(__linux__)
    SocketWorld<io::EpollEngine, TcpSockets, Presence::required>, SocketWorld<io::EpollEngine, UnixSockets, Presence::required>,
#endif
#if defined(TINYHTTPD_IO_URING)
    SocketWorld<io::UringEngine, TcpSockets, Presence::optional>, SocketWorld<io::UringEngine, UnixSockets, Presence::optional>,
#endif
#if __has_include(<sys/event.h>)
    SocketWorld<io::KqueueEngine, TcpSockets, Presence::required>, SocketWorld<io::KqueueEngine, UnixSockets, Presence::required>,
#endif
    FakeWorld<Kind>, FakeWorld<Wild>>;

struct WorldName {
    template <class World>
    static std::string GetName(int) {
        return World::name();
    }
};

/// Bytes that tell where they belong: no two stretches of it look alike.
inline std::string pattern(std::size_t size, std::uint64_t seed = 1) {
    Random random(seed);
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; i += 8) {
        const std::uint64_t word = random.next();
        for (std::size_t j = i; j < std::min(i + 8, size); ++j) bytes[j] = static_cast<char>(word >> (8 * (j - i)));
    }
    return bytes;
}

/// EXPECT_EQ for large byte strings: says where they part instead of printing them.
inline ::testing::AssertionResult same_bytes(std::string_view actual, std::string_view expected) {
    if (actual == expected) return ::testing::AssertionSuccess();
    const auto parted = std::ranges::mismatch(actual, expected).in1 - actual.begin();
    return ::testing::AssertionFailure() << actual.size() << " bytes instead of " << expected.size() << ", different from byte " << parted
                                         << " on";
}

/// Whether `actual` is where `expected` begins.
inline ::testing::AssertionResult is_prefix(std::string_view actual, std::string_view expected) {
    return same_bytes(actual, expected.substr(0, actual.size()));
}

template <class World>
class Contract : public ::testing::Test {
protected:
    using Engine = typename World::Engine;
    using Peer = typename World::Peer;
    using Connection = DrivenConnection;
    using Milliseconds = std::chrono::milliseconds;

    /// Both ends of one connection.
    struct Pair {
        Connection& connection;
        Peer peer;
    };

    void SetUp() override { start({.receive_bytes = 4096, .max_connections = 2048}); }
    void TearDown() override {
        if (HasFailure()) std::fprintf(stderr, "%s\n", seed_text(seed).c_str());
    }

    /// Begins anew, with these options.
    void start(const io::EngineOptions& options) {
        driver.reset();
        engine.reset();
        auto created = world.make_engine(options);
        if (!created) {
            ASSERT_EQ(World::presence, Presence::optional) << created.error().text();
            GTEST_SKIP() << created.error().text();
        }
        engine = *std::move(created);
        driver.emplace(*engine, options);
        listener = world.listen();
        ASSERT_TRUE(engine->add_listener(0, listener));
    }

    /// Turns until `count` connections have been opened since the start.
    void await_connections(std::size_t count) {
        ASSERT_TRUE(driver->until([&] { return driver->connections.size() >= count; }));
    }
    Connection& opened(Peer&) {
        const std::size_t count = driver->connections.size() + 1;
        driver->until([&] { return driver->connections.size() >= count; });
        return driver->connections.at(count - 1);
    }
    [[nodiscard]] Pair connect(Buffers buffers = Buffers::normal) {
        Peer peer = world.connect(listener, buffers);
        return {opened(peer), peer};
    }
    /// Lets `peer` write all of `bytes` and waits until they have been received.
    void transfer(Peer& peer, Connection& connection, std::string_view bytes) {
        const std::size_t before = connection.received.size();
        std::size_t written = 0;
        driver->until([&] {
            written += peer.write(bytes.substr(written));
            return connection.received.size() - before >= bytes.size();
        });
        EXPECT_TRUE(same_bytes(std::string_view(connection.received).substr(before), bytes));
    }
    /// Reads at `peer` until it has `size` bytes or saw the end.
    [[nodiscard]] std::string gather(Peer& peer, std::size_t size, std::size_t at_once = ~std::size_t{0}) {
        std::string bytes;
        driver->until([&] {
            bytes += peer.read(at_once);
            return bytes.size() >= size || peer.saw_end();
        });
        return bytes;
    }

    /// Sends a few bytes that the peer is not going to read: on a unix socket only those make its end a reset.
    void send_unread(Connection& connection) {
        driver->send(connection, "never read");
        driver->until([&] { return !connection.sending; });
    }

    std::uint64_t seed = seed_from_environment().value_or(1);
    SeedAtDeath at_death{seed};
    World world{seed};
    int listener = -1;
    std::unique_ptr<Engine> engine;
    std::optional<EngineDriver<Engine>> driver;
};

}  // namespace tinyhttpd::contract
