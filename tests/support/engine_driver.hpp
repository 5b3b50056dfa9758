// SPDX-License-Identifier: MIT
// EngineDriver: a caller of an engine that records what each connection saw and holds every single event against the rules
// at the top of io/engine.hpp, whatever the test is about. It keeps slots as a server does: a freed one is used again first.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "io/engine.hpp"

namespace tinyhttpd::support {

/// What became of one connection. Lives as long as the driver.
struct DrivenConnection {
    io::ConnectionId id;
    std::string received;
    int receives = 0;  ///< events with bytes
    bool fin = false;
    int error = 0;  ///< errno that ended receiving
    bool paused = false;
    bool closing = false;
    bool closed = false;
    bool sending = false;
    int sends_done = 0;
    int send_error = 0;
    std::uint64_t paused_in_turn = 0;
    std::uint64_t closed_in_turn = 0;
    std::uint64_t received_in_turn = 0;

    [[nodiscard]] bool ended() const { return fin || error != 0; }
};

template <io::Engine E>
class EngineDriver {
public:
    using Connection = DrivenConnection;
    using Milliseconds = std::chrono::milliseconds;

    EngineDriver(E& engine, const io::EngineOptions& options)
        : engine_(engine), options_(options), current_(options.max_connections), generations_(options.max_connections) {
        for (std::uint32_t slot = options.max_connections; slot > 0; --slot) free_slots_.push_back(slot - 1);
    }

    /// What to do with each accepted descriptor; the default opens a connection.
    std::function<void(Fd, io::ListenerId)> on_accept = [this](Fd fd, io::ListenerId) { open(std::move(fd)); };
    /// Called for each event of a connection while its batch is processed, after it was recorded.
    std::function<void(Connection&, const io::Event&)> on_event = [](Connection&, const io::Event&) {};

    std::deque<Connection> connections;  ///< in the order they were opened
    std::vector<int> accept_errors;
    std::uint64_t turns = 0;
    std::uint64_t wakes = 0;
    int failure = 0;  ///< the errno with which the engine failed
    std::size_t free_slots() const { return free_slots_.size(); }

    Connection& open(Fd fd) {
        const std::uint32_t slot = free_slots_.back();
        free_slots_.pop_back();
        Connection& connection = connections.emplace_back();
        connection.id = {slot, ++generations_[slot]};
        current_[slot] = &connection;
        const auto opened = engine_.open(connection.id, fd.release());
        EXPECT_TRUE(opened.has_value());
        return connection;
    }
    void pause(Connection& connection) {
        engine_.pause_receive(connection.id);
        if (!std::exchange(connection.paused, true)) connection.paused_in_turn = turns;
    }
    void resume(Connection& connection) {
        engine_.resume_receive(connection.id);
        connection.paused = false;
    }
    void send(Connection& connection, std::span<const Slice> slices) {
        // Every other one may be told late, which until() and settle() are patient enough for.
        send(connection, slices, ++sends_ % 2 == 0 ? io::Urgency::prompt : io::Urgency::relaxed);
    }
    void send(Connection& connection, std::span<const Slice> slices, io::Urgency urgency) {
        // The array of slices is the engine's during the call only: the copy is gone when it returns.
        const auto copy = std::make_unique<std::vector<Slice>>(slices.begin(), slices.end());
        connection.sending = true;
        engine_.send(connection.id, *copy, urgency);
        std::fill(copy->begin(), copy->end(), Slice{nullptr, 1});
    }
    void send(Connection& connection, std::string_view bytes) {
        const Slice slice{bytes.data(), bytes.size()};
        send(connection, std::span(&slice, 1));
    }
    void reset(Connection& connection) {
        engine_.reset(connection.id);
        connection.closing = true;
        connection.closed_in_turn = turns;
    }
    void close(Connection& connection) {
        engine_.close(connection.id);
        connection.closing = true;
        connection.closed_in_turn = turns;
    }

    /// One wait() of at most `longest` (none: for ever), and everything checked that came of it. Returns the number of events.
    std::size_t turn(std::optional<Milliseconds> longest = Milliseconds(1)) {
        const io::Instant before = engine_.now();
        const std::optional<io::Instant> deadline = longest ? std::optional(before + *longest) : std::nullopt;
        const std::span<const io::Event> events = engine_.wait(deadline);
        ++turns;
        const io::Instant now = engine_.now();
        EXPECT_GE(now, before) << "time went back";
        if (events.empty()) {
            EXPECT_TRUE(deadline && now >= *deadline) << "woken for nothing before the deadline";
        }

        const std::vector<io::Event> as_delivered(events.begin(), events.end());
        std::vector<std::string> lent;
        for (const io::Event& event : events) lent.emplace_back(event.data ? std::string(event.data, bytes_of(event)) : "");
        for (const io::Event& event : as_delivered) take(event);
        for (std::size_t i = 0; i < events.size(); ++i) {
            EXPECT_TRUE(same(events[i], as_delivered[i])) << "an event changed while its batch was processed";
            EXPECT_TRUE(lent[i].empty() || std::string_view(events[i].data, lent[i].size()) == lent[i])
                << "a lent buffer changed before the next wait";
        }
        EXPECT_EQ(engine_.now(), now) << "now() moved between two waits";
        return events.size();
    }

    /// Turns until `done` says so. False, and a test failure, when that does not happen in a time that is long enough for anything.
    template <class Done>
    bool until(Done done) {
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!done()) {
            if (std::chrono::steady_clock::now() > give_up) {
                ADD_FAILURE() << "it never came to that";
                return false;
            }
            turn();
        }
        return true;
    }
    /// Turns until a whole deadline passes without an event, so that anything still to come would have come.
    void settle(Milliseconds quiet = Milliseconds(20)) {
        until([&] { return turn(quiet) == 0; });
    }

private:
    static std::size_t bytes_of(const io::Event& event) {
        return event.kind == io::EventKind::received && event.result > 0 ? static_cast<std::size_t>(event.result) : 0;
    }
    static bool same(const io::Event& left, const io::Event& right) {
        return left.kind == right.kind && left.result == right.result && left.connection == right.connection &&
               left.listener == right.listener && left.data == right.data;
    }

    void take(const io::Event& event) {
        EXPECT_NE(event.result, -EAGAIN);
        EXPECT_NE(event.result, -EINTR);
        switch (event.kind) {
            case io::EventKind::accepted: return take_accepted(event);
            case io::EventKind::woken: ++wakes; return;
            case io::EventKind::failed: failure = -event.result; return;
            case io::EventKind::received:
            case io::EventKind::sent:
            case io::EventKind::closed: break;
        }
        ASSERT_LT(event.connection.slot, current_.size());
        Connection* connection = current_[event.connection.slot];
        ASSERT_TRUE(connection != nullptr && connection->id == event.connection) << "an event for a connection that is gone";
        if (event.kind == io::EventKind::closed) {
            EXPECT_TRUE(connection->closing) << "closed without close()";
            connection->closed = true;
            current_[event.connection.slot] = nullptr;
            free_slots_.push_back(event.connection.slot);
        } else if (event.kind == io::EventKind::sent) {
            // After close() too, when it completed before that.
            EXPECT_TRUE(std::exchange(connection->sending, false)) << "sent without send(), or twice";
            EXPECT_LE(event.result, 0);
            if (event.result < 0) connection->send_error = -event.result;
            ++connection->sends_done;
        } else if (connection->closing) {
            // It was on its way to us when we closed; a later wait() has no excuse.
            EXPECT_EQ(connection->closed_in_turn, turns) << "received after close()";
            return;
        } else {
            take_received(*connection, event);
        }
        on_event(*connection, event);
    }

    void take_received(Connection& connection, const io::Event& event) {
        EXPECT_FALSE(connection.ended()) << "received after the end";
        EXPECT_FALSE(connection.paused && connection.paused_in_turn != turns) << "received while paused";
        EXPECT_NE(std::exchange(connection.received_in_turn, turns), turns) << "two receives of one connection in one wait";
        if (event.result > 0) {
            EXPECT_LE(static_cast<std::size_t>(event.result), options_.receive_bytes);
            connection.received.append(event.data, bytes_of(event));
            ++connection.receives;
        } else if (event.result == 0) {
            connection.fin = true;
        } else {
            connection.error = -event.result;
        }
    }

    void take_accepted(const io::Event& event) {
        if (event.result < 0) {
            EXPECT_TRUE(io::is_exhaustion(-event.result)) << "accept error " << -event.result;
            accept_errors.push_back(-event.result);
            return;
        }
        Fd fd(event.result);
        EXPECT_TRUE(::fcntl(fd.get(), F_GETFL) & O_NONBLOCK);
        EXPECT_TRUE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC);
        on_accept(std::move(fd), event.listener);
    }

    E& engine_;
    io::EngineOptions options_;
    std::vector<Connection*> current_;  ///< by slot
    std::vector<std::uint32_t> generations_;
    std::vector<std::uint32_t> free_slots_;
    std::uint64_t sends_ = 0;
};

}  // namespace tinyhttpd::support
