// SPDX-License-Identifier: MIT
// A kernel that refuses a ring which has been running: for a moment, for good, or one operation of it. The calls of liburing that the
// engine makes are wrapped by the linker (tests/CMakeLists.txt), so that a test can answer in the kernel's place.
#include <gtest/gtest.h>
#include <liburing.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/uring_engine.hpp"
#include "support/engine_driver.hpp"

namespace {

struct RingSize {
    unsigned submissions;
    unsigned completions;
};
std::optional<RingSize> ring_size;  // in place of the engine's
io_uring* latest_ring = nullptr;
using Kernel = std::function<int()>;
std::function<int(const Kernel&)> enter;  // in place of the kernel's io_uring_enter(2), which it may call; none: that itself

}  // namespace

extern "C" {
int __real_io_uring_queue_init_params(unsigned entries, io_uring* ring, io_uring_params* parameters);
int __wrap_io_uring_queue_init_params(unsigned entries, io_uring* ring, io_uring_params* parameters) {
    latest_ring = ring;
    if (ring_size) parameters->cq_entries = ring_size->completions;
    if (ring_size) entries = ring_size->submissions;
    return __real_io_uring_queue_init_params(entries, ring, parameters);
}
int __real_io_uring_enter2(unsigned fd, unsigned submit, unsigned complete, unsigned flags, sigset_t* argument, std::size_t size);
int __wrap_io_uring_enter2(unsigned fd, unsigned submit, unsigned complete, unsigned flags, sigset_t* argument, std::size_t size) {
    if (!enter) return __real_io_uring_enter2(fd, submit, complete, flags, argument, size);
    return enter([=] { return __real_io_uring_enter2(fd, submit, complete, flags, argument, size); });
}
}

namespace tinyhttpd::io {
namespace {

using support::DrivenConnection;

class UringFailure : public ::testing::Test {
protected:
    void SetUp() override { start(); }
    void start() {
        driver.reset();
        const EngineOptions options{.receive_bytes = 4096, .max_connections = 1024};
        auto created = UringEngine::create(options);
        if (!created) GTEST_SKIP() << created.error().text();
        engine = *std::move(created);
        driver.emplace(*engine, options);
    }
    void TearDown() override {
        enter = nullptr;
        ring_size.reset();
    }

    DrivenConnection& open() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        far.emplace_back(ends[1]);
        return driver->open(Fd(ends[0]));
    }
    void write(std::size_t index, std::string_view bytes) {
        ASSERT_EQ(::send(far[index].get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    /// Whether the far end sees its peer gone.
    [[nodiscard]] bool sees_the_end(std::size_t index) {
        char byte = 0;
        const ssize_t count = ::recv(far[index].get(), &byte, 1, 0);
        return count == 0 || (count < 0 && errno == ECONNRESET);
    }

    std::unique_ptr<UringEngine> engine;
    std::optional<support::EngineDriver<UringEngine>> driver;
    std::vector<Fd> far;
};

TEST_F(UringFailure, a_call_refused_for_a_moment_loses_nothing) {
    driver->on_event = [&](DrivenConnection& connection, const Event& event) {
        if (event.kind == EventKind::received) driver->send(connection, "answer");
    };
    for (std::size_t i = 0; i < 20; ++i) {
        open();
        write(i, "question");
    }
    int refused = 0;
    for (const int error_number : {EAGAIN, EBUSY, ENOMEM, EINTR, ETIME}) {
        enter = [&, times = 0](const Kernel& kernel) mutable { return ++times <= 5 ? ++refused, -error_number : kernel(); };
        driver->until(
            [&] { return std::ranges::all_of(driver->connections, [](const auto& connection) { return connection.sends_done == 1; }); });
        driver->settle();
        for (std::size_t i = 0; i < 20; ++i) {
            std::array<char, 10> bytes{};
            EXPECT_EQ(::recv(far[i].get(), bytes.data(), bytes.size(), 0), 6);
            driver->connections[i].sends_done = 0;
            write(i, "question");
        }
    }
    EXPECT_EQ(refused, 25);
    EXPECT_EQ(driver->failure, 0);
}

TEST_F(UringFailure, a_call_refused_for_good_is_said_each_time_and_every_descriptor_is_closed) {
    for (std::size_t i = 0; i < 4; ++i) open();
    driver->settle();
    driver->close(driver->connections[0]);
    const Slice slice{"answer", 6};
    engine->send(driver->connections[1].id, {&slice, 1}, Urgency::relaxed);
    enter = [](const Kernel&) { return -EPERM; };
    for (int i = 0; i < 3; ++i) {
        driver->failure = 0;
        EXPECT_EQ(driver->turn(std::nullopt), 1U);
        EXPECT_EQ(driver->failure, EPERM);
    }
    // A caller that has not seen it yet goes on for a while.
    for (int i = 0; i < 1000; ++i) {
        engine->pause_receive(driver->connections[3].id);
        engine->send(open().id, {&slice, 1});
    }
    driver->close(driver->connections[2]);
    driver->failure = 0;
    driver->turn(std::nullopt);
    EXPECT_EQ(driver->failure, EPERM);
    engine.reset();
    for (std::size_t i = 0; i < far.size(); ++i) EXPECT_TRUE(sees_the_end(i)) << i;
}

TEST_F(UringFailure, a_wake_is_heard_after_the_kernel_has_ended_the_poll_for_it) {
    driver->settle();
    io_uring_sync_cancel_reg poll{};
    poll.addr = uring_tag::make(UringOperation::poll, {uring_tag::slot_max, 0});
    poll.timeout = {-1, -1};
    for (const bool wakes_meanwhile : {false, true}) {
        driver->wakes = 0;
        ASSERT_EQ(io_uring_register_sync_cancel(latest_ring, &poll), 0);
        if (wakes_meanwhile) engine->wake();
        driver->turn();
        driver->settle();
        EXPECT_GE(driver->wakes, wakes_meanwhile ? 1U : 0U);
        driver->wakes = 0;
        engine->wake();
        driver->until([&] { return driver->wakes > 0; });
    }
}

TEST_F(UringFailure, a_close_that_is_not_carried_out_is_made_up_for) {
    for (std::size_t i = 0; i < 3; ++i) open();
    driver->settle();
    // The kernel finds an operation in the queue that it does not know, in place of each close.
    enter = [](const Kernel& kernel) {
        const io_uring_sq& queue = latest_ring->sq;
        for (unsigned i = *queue.khead; i != *queue.ktail; ++i) {
            io_uring_sqe& entry = queue.sqes[i & queue.ring_mask];
            if (entry.opcode == IORING_OP_CLOSE) entry.opcode = 255;
        }
        return kernel();
    };
    driver->close(driver->connections[0]);
    driver->close(driver->connections[1]);
    driver->until([&] { return driver->connections[0].closed && driver->connections[1].closed; });
    EXPECT_TRUE(sees_the_end(0));
    EXPECT_TRUE(sees_the_end(1));
    driver->close(driver->connections[2]);
    engine.reset();  // before it has been told
    EXPECT_TRUE(sees_the_end(2));
}

TEST_F(UringFailure, a_close_that_the_engine_did_not_live_to_see_is_not_done_twice) {
    open();
    driver->settle();
    driver->close(driver->connections[0]);
    // The number that it frees is somebody else's before the engine ends.
    std::optional<Fd> next;
    enter = [&](const Kernel& kernel) {
        const int result = kernel();
        if (!next) next.emplace(::dup(0));
        return result;
    };
    engine.reset();
    ASSERT_TRUE(next);
    EXPECT_TRUE(sees_the_end(0));
    EXPECT_TRUE(Fd(::dup(next->get()))) << "somebody else's descriptor was closed";
}

// ---- a send whose silence means success: what else may silence it

/// The kernel takes all that was submitted but the last.
int take_all_but_the_last(const Kernel& kernel) {
    const io_uring_sq& queue = latest_ring->sq;
    const bool is_empty = *queue.khead == *queue.ktail;
    if (!is_empty) --*queue.ktail;
    const int result = kernel();
    if (!is_empty) ++*queue.ktail;
    io_uring_get_events(latest_ring);  // io_uring_enter(2) leaves that out when it has not taken all
    return result;
}

TEST_F(UringFailure, an_answer_that_the_kernel_has_not_taken_is_not_said_to_be_sent) {
    DrivenConnection& connection = open();
    driver->settle();
    const Slice answer{"answer", 6};
    driver->send(connection, {&answer, 1}, Urgency::relaxed);
    enter = [](const Kernel&) { return -EBUSY; };
    for (int i = 0; i < 5; ++i) driver->turn();
    EXPECT_EQ(connection.sends_done, 0);
    enter = nullptr;
    driver->until([&] { return connection.sends_done == 1; });
    std::array<char, 10> bytes{};
    EXPECT_EQ(::recv(far[0].get(), bytes.data(), bytes.size(), 0), 6);
}

TEST_F(UringFailure, an_answer_is_not_said_to_be_sent_when_its_failure_waits_for_room_among_the_completions) {
    ring_size = {.submissions = 8, .completions = 16};
    start();
    constexpr std::size_t others = 20;
    for (std::size_t i = 0; i <= others; ++i) open();
    far.back().reset();
    driver->settle();
    const Slice answer{"answer", 6};
    for (std::size_t i = 0; i < others; ++i) driver->send(driver->connections[i], {&answer, 1}, Urgency::prompt);
    DrivenConnection& broken = driver->connections.back();
    driver->send(broken, {&answer, 1}, Urgency::relaxed);
    driver->until([&] { return std::ranges::all_of(driver->connections, [](const auto& c) { return c.sends_done == 1; }); });
    driver->settle();
    EXPECT_EQ(broken.send_error, EPIPE);
    EXPECT_EQ(broken.sends_done, 1);
}

TEST_F(UringFailure, an_answer_whose_failure_was_told_is_not_said_to_be_sent_later) {
    for (std::size_t i = 0; i < 2; ++i) open();
    far[0].reset();
    driver->settle();
    const Slice answer{"answer", 6};
    driver->send(driver->connections[0], {&answer, 1}, Urgency::relaxed);
    driver->send(driver->connections[1], {&answer, 1}, Urgency::prompt);
    enter = take_all_but_the_last;
    driver->turn();
    EXPECT_EQ(driver->connections[0].send_error, EPIPE);
    enter = nullptr;
    driver->settle();
    EXPECT_EQ(driver->connections[0].sends_done, 1);
    EXPECT_EQ(driver->connections[1].sends_done, 1);
}

TEST_F(UringFailure, an_answer_on_a_connection_that_has_gone_is_not_taken_for_one_on_its_successor) {
    for (std::size_t i = 0; i < 3; ++i) open();
    far[0].reset();
    driver->settle();
    const Slice answer{"answer", 6};
    DrivenConnection& gone = driver->connections[0];
    enter = take_all_but_the_last;
    driver->send(gone, {&answer, 1}, Urgency::relaxed);
    driver->send(driver->connections[1], {&answer, 1}, Urgency::prompt);
    driver->turn();
    EXPECT_EQ(gone.send_error, EPIPE);
    driver->close(gone);
    driver->send(driver->connections[2], {&answer, 1}, Urgency::prompt);
    driver->until([&] { return gone.closed; });
    DrivenConnection& successor = open();
    ASSERT_EQ(successor.id.slot, gone.id.slot);
    driver->send(successor, {&answer, 1}, Urgency::relaxed);
    enter = nullptr;
    driver->settle();
    EXPECT_EQ(gone.sends_done, 1);
    EXPECT_EQ(successor.sends_done, 1);
    EXPECT_EQ(successor.send_error, 0);
}

}  // namespace
}  // namespace tinyhttpd::io
