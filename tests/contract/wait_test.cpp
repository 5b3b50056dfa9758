// SPDX-License-Identifier: MIT
// The contract of waiting: deadlines, time that stands still between two waits, and wake() from anywhere. For io/engine.hpp.
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

#include "contract/contract.hpp"

namespace tinyhttpd::contract {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

template <class World>
class Wait : public Contract<World> {
protected:
    [[nodiscard]] bool is_quiet(std::chrono::nanoseconds longest) {
        const io::Instant deadline = this->engine->now() + longest;
        const bool empty = this->engine->wait(deadline).empty();
        EXPECT_TRUE(!empty || this->engine->now() >= deadline) << "came back too early";
        return empty;
    }
};
TYPED_TEST_SUITE(Wait, Worlds, WorldName);

TYPED_TEST(Wait, comes_back_empty_when_the_deadline_has_come_and_never_before) {
    EXPECT_TRUE(this->is_quiet(milliseconds(0)));
    for (const auto longest : {microseconds(1), microseconds(300), microseconds(1500), microseconds(20'000)})
        EXPECT_TRUE(this->is_quiet(longest));
}

TYPED_TEST(Wait, with_a_deadline_in_the_past_polls_and_still_delivers) {
    const io::Instant past{};
    EXPECT_TRUE(this->engine->wait(past).empty());
    auto [connection, peer] = this->connect();
    peer.write("bytes");
    std::string received;
    for (int polls = 0; received.empty() && polls < 1'000'000; ++polls) {
        for (const io::Event& event : this->engine->wait(past)) received.append(event.data, static_cast<std::size_t>(event.result));
    }
    EXPECT_EQ(received, "bytes");
}

TYPED_TEST(Wait, with_a_deadline_far_away_ends_with_the_first_event) {
    auto [connection, peer] = this->connect();
    peer.write("bytes");
    EXPECT_GT(this->driver->turn(std::chrono::hours(24 * 365)), 0u);
    peer.write("more");
    EXPECT_GT(this->driver->turn(std::nullopt), 0u);
}

TYPED_TEST(Wait, with_a_deadline_at_either_end_of_time_polls_or_waits_for_an_event) {
    EXPECT_TRUE(this->engine->wait(io::Instant::min()).empty());
    auto [connection, peer] = this->connect();
    peer.write("bytes");
    EXPECT_FALSE(this->engine->wait(io::Instant::max()).empty());
}

TYPED_TEST(Wait, time_stands_still_between_two_waits_and_never_goes_back) {
    io::Instant last = this->engine->now();
    for (int i = 0; i < 50; ++i) {
        auto peer = this->world.connect(this->listener);
        EXPECT_EQ(this->engine->now(), last);
        this->driver->turn();
        EXPECT_GE(this->engine->now(), last);
        last = this->engine->now();
    }
}

TYPED_TEST(Wait, a_busy_engine_does_not_stay_past_its_deadline) {
    auto [connection, peer] = this->connect();
    const std::string flood = pattern(1 << 20);
    // Each of these has something to deliver at once; none may go on collecting while the peer goes on sending.
    for (int i = 0; i < 200; ++i) {
        peer.write(flood);
        this->driver->turn(milliseconds(0));
    }
    EXPECT_GT(connection.receives, 0);
}

TYPED_TEST(Wait, wake_from_another_thread_ends_it) {
    for (int i = 0; i < 100; ++i) {
        std::thread other([&] { this->engine->wake(); });
        const std::uint64_t wakes = this->driver->wakes + 1;
        while (this->driver->wakes < wakes) this->driver->turn(std::nullopt);
        other.join();
    }
    EXPECT_TRUE(this->is_quiet(milliseconds(2)));
}

TYPED_TEST(Wait, a_wake_before_it_is_not_lost) {
    this->driver->settle();
    this->engine->wake();
    EXPECT_EQ(this->driver->turn(std::nullopt), 1u);
    EXPECT_EQ(this->driver->wakes, 1u);
    EXPECT_TRUE(this->is_quiet(milliseconds(2)));
}

TYPED_TEST(Wait, a_wake_before_the_first_one_is_not_lost) {
    this->engine->wake();
    EXPECT_EQ(this->driver->turn(std::nullopt), 1u);
    EXPECT_EQ(this->driver->wakes, 1u);
}

TYPED_TEST(Wait, a_thousand_wakes_are_one_event) {
    for (std::uint64_t wakes = 1; wakes <= 3; ++wakes) {
        this->driver->settle();
        for (int i = 0; i < 1000; ++i) this->engine->wake();
        this->driver->settle();
        EXPECT_EQ(this->driver->wakes, wakes);
    }
}

TYPED_TEST(Wait, a_wake_from_within_a_batch_is_delivered_by_a_later_one) {
    auto [connection, peer] = this->connect();
    this->driver->on_event = [&](auto&, const io::Event&) { this->engine->wake(); };
    peer.write("x");
    this->driver->until([&] { return this->driver->wakes == 1; });
}

TYPED_TEST(Wait, wakes_and_traffic_do_not_hide_each_other) {
    auto [connection, peer] = this->connect();
    std::atomic<bool> stop = false;
    std::thread other([&] {
        while (!stop) this->engine->wake();
    });
    for (int i = 0; i < 200; ++i) this->transfer(peer, connection, "message");
    this->driver->until([&] { return this->driver->wakes > 10; });
    stop = true;
    other.join();
}

/// What SIGUSR1 does while it lives. System calls come back with EINTR: no SA_RESTART.
class SignalHandler {
public:
    explicit SignalHandler(std::function<void()> handler) : handler_(std::move(handler)) {
        current_ = &handler_;
        struct sigaction action{};
        action.sa_handler = [](int) { (*current_.load())(); };
        ::sigaction(SIGUSR1, &action, &before_);
    }
    SignalHandler(const SignalHandler&) = delete;
    SignalHandler& operator=(const SignalHandler&) = delete;
    ~SignalHandler() { ::sigaction(SIGUSR1, &before_, nullptr); }

private:
    static inline std::atomic<std::function<void()>*> current_ = nullptr;
    std::function<void()> handler_;
    struct sigaction before_{};
};

#if defined(__SANITIZE_THREAD__)
constexpr bool signals_are_held_back = true;
#else
constexpr bool signals_are_held_back = false;
#endif

TYPED_TEST(Wait, wake_from_a_signal_handler_ends_it) {
    // It runs a handler around calls that it intercepts: liburing makes none, and of a signal just before epoll_wait it may only
    // take a note while the thread goes to sleep.
    if (signals_are_held_back) GTEST_SKIP() << "ThreadSanitizer would hold the signal back for ever";
    const SignalHandler handler([&] { this->engine->wake(); });
    const pthread_t waiter = ::pthread_self();
    for (int i = 0; i < 50; ++i) {
        std::thread other([&] { ::pthread_kill(waiter, SIGUSR1); });
        const std::uint64_t wakes = this->driver->wakes + 1;
        while (this->driver->wakes < wakes) this->driver->turn(std::nullopt);
        other.join();
    }
}

TYPED_TEST(Wait, a_signal_that_has_nothing_to_say_does_not_end_it) {
    // turn() checks that a wait that comes back with nothing has reached its deadline; nothing surfaces as EINTR either.
    auto [connection, peer] = this->connect();
    const SignalHandler handler([] {});
    const pthread_t waiter = ::pthread_self();
    std::atomic<bool> stop = false;
    std::thread other([&] {
        while (!stop) ::pthread_kill(waiter, SIGUSR1), std::this_thread::yield();
    });
    for (int i = 0; i < 5; ++i) this->driver->turn(milliseconds(3));
    const std::string bytes = pattern(1 << 20);
    this->transfer(peer, connection, bytes);
    this->driver->send(connection, bytes);
    EXPECT_TRUE(same_bytes(this->gather(peer, bytes.size()), bytes));
    this->driver->until([&, &c = connection] { return !c.sending; });
    stop = true;
    other.join();
}

}  // namespace
}  // namespace tinyhttpd::contract
