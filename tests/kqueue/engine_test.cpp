// SPDX-License-Identifier: MIT
// What the whole kqueue engine makes of answers that only a kqueue gives: the end that comes with the bytes before it, EV_ERROR,
// a registration that is refused, and the events that macOS and FreeBSD do not agree on. Over the simulated kernel; what all
// engines have in common is tests/contract.
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

#include "contract/contract.hpp"
#include "io/kqueue_engine.hpp"
#include "kqueue/simulated_kqueue.hpp"

namespace tinyhttpd::contract {
namespace {

namespace simulation = kqueue_simulation;

class KqueueEngine : public Contract<SocketWorld<io::KqueueEngine, TcpSockets, Presence::required>> {
protected:
    static struct kevent event_of(const Connection& connection, short filter, unsigned flags, int data = 0) {
        struct kevent event{};
        event.filter = filter;
        event.flags = static_cast<decltype(event.flags)>(flags);
        event.data = data;
        event.udata = reinterpret_cast<decltype(event.udata)>(io::make_tag(connection.id.slot, connection.id.generation));
        return event;
    }

    /// Connects, and lets kevent() refuse the filter of the connection that is opened for it: what open() said.
    Result<void> open_refused(Peer& peer, short filter, io::ConnectionId id) {
        Fd accepted;
        driver->on_accept = [&](Fd fd, io::ListenerId) { accepted = std::move(fd); };
        peer = world.connect(listener);
        driver->until([&] { return static_cast<bool>(accepted); });
        driver->on_accept = [this](Fd fd, io::ListenerId) { driver->open(std::move(fd)); };
        simulation::refuse(filter, ENOMEM);
        return engine->open(id, accepted.release());
    }
};

TEST_F(KqueueEngine, one_edge_that_brings_bytes_and_the_end_brings_all_of_the_bytes) {
    // kqueue(2): "It is possible for EOF to be returned […] while there is still data pending in the socket buffer." There is no
    // second edge: what is not read now is a request that is never answered.
    for (const std::size_t size : {1U, 4095U, 4096U, 4097U, 40'000U}) {
        const std::string bytes = pattern(size);
        auto [connection, peer] = connect();
        ASSERT_EQ(peer.write(bytes), size);
        peer.half_close();
        driver->until([&, &c = connection] { return c.ended(); });
        EXPECT_TRUE(same_bytes(connection.received, bytes));
        EXPECT_TRUE(connection.fin);
        driver->settle();
    }
}

TEST_F(KqueueEngine, an_event_that_is_an_error_ends_no_connection_that_is_well) {
    auto [connection, peer] = connect();
    driver->settle();
    for (const short filter : {EVFILT_READ, EVFILT_WRITE}) {
        simulation::script({event_of(connection, filter, EV_ERROR, ENOMEM)});
        driver->settle();
        EXPECT_FALSE(connection.ended());
    }
    transfer(peer, connection, "still heard");
}

TEST_F(KqueueEngine, an_event_that_is_an_error_shows_what_became_of_the_connection) {
    for (const short filter : {EVFILT_READ, EVFILT_WRITE}) {
        simulation::tell_breaks_as_errors(filter);
        auto [connection, peer] = connect();
        driver->settle();
        peer.reset();
        driver->until([&, &c = connection] { return c.ended(); });
        EXPECT_EQ(connection.error, ECONNRESET);
        driver->settle();
    }
    simulation::tell_breaks_as_errors(std::nullopt);
}

TEST_F(KqueueEngine, a_connection_that_cannot_be_watched_for_want_of_memory_is_closed_and_its_slot_is_free) {
    for (const short filter : {EVFILT_READ, EVFILT_WRITE}) {
        SCOPED_TRACE(filter);
        auto [served, served_peer] = connect();
        Peer refused = served_peer;
        const io::ConnectionId id{2000, 1};
        const auto opened = open_refused(refused, filter, id);
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(opened.error().code, ENOMEM);
        driver->until([&] { return refused.read(), refused.saw_end(); });
        driver->settle();  // the driver knows no such connection: an event for it fails the test
        transfer(served_peer, served, "those who are in are served");
        // With the number that the refused one had, and its slot: neither is haunted.
        ASSERT_FALSE(open_refused(refused, filter, id).has_value());
    }
    auto [later, later_peer] = connect();
    transfer(later_peer, later, "whoever comes later, too");
}

TEST_F(KqueueEngine, a_listener_that_cannot_be_watched_again_says_so_once_and_loses_nobody) {
    engine->pause_accept(0);
    Peer waiting = world.connect(listener);
    simulation::refuse(EVFILT_READ, ENOMEM);
    engine->resume_accept(0);
    driver->until([&] { return !driver->accept_errors.empty(); });
    driver->settle();
    EXPECT_EQ(driver->accept_errors, std::vector<int>{ENOMEM});
    EXPECT_TRUE(driver->connections.empty());
    engine->resume_accept(0);
    EXPECT_TRUE(waiting.write("x") == 1);
    await_connections(1);
    driver->until([&] { return driver->connections.front().received == "x"; });
}

TEST_F(KqueueEngine, a_read_event_with_nothing_to_read_is_nothing) {
    // macOS, kqueue(2): the read filter also tells of out-of-band data (EV_OOBAND), of which `data` may be the count.
    auto [connection, peer] = connect();
    driver->settle();
    simulation::script({event_of(connection, EVFILT_READ, EV_CLEAR, 1)});
    driver->settle();
    EXPECT_FALSE(connection.ended());
    transfer(peer, connection, "and what follows is heard");
}

TEST_F(KqueueEngine, the_end_that_only_the_write_filter_tells_hides_no_bytes) {
    // FreeBSD and macOS: after our own shutdown(SHUT_WR) the write filter reports EV_EOF, and the peer may go on.
    auto [connection, peer] = connect();
    engine->shutdown_send(connection.id);
    simulation::script({event_of(connection, EVFILT_WRITE, EV_CLEAR | EV_EOF)});
    driver->settle();
    EXPECT_FALSE(connection.ended());
    transfer(peer, connection, "the rest of a long body");
}

}  // namespace
}  // namespace tinyhttpd::contract
