// SPDX-License-Identifier: MIT
// One simulated life of the server: its workers, each the whole of tcp::Server and http::Responder over a fake engine, some
// clients, and what one seed makes of them. Runs to the end in virtual time; simulation_test.cpp judges what is left.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/exchange.hpp"
#include "base/quota.hpp"
#include "http/responder.hpp"
#include "simulation/client.hpp"
#include "site/board.hpp"
#include "support/fake_engine.hpp"
#include "support/fake_schedule.hpp"
#include "support/recorder_double.hpp"
#include "tcp/crew.hpp"
#include "tcp/server.hpp"

namespace tinyhttpd::simulation {

using namespace std::chrono_literals;
using support::FakeEngine;
using support::FakeKnobs;

/// The protocol between the server and a responder, with the rules of tcp/protocol.hpp checked on the way.
template <class Inner>
class CheckedProtocol {
public:
    struct Session {
        typename Inner::Session inner;
        bool open = false;
        bool begun = false;                      ///< it was shown input
        bool over = false;                       ///< Next::close was said, or the deadline passed
        std::optional<std::uint32_t> held = {};  ///< Next::held was said: the connection's number
    };
    /// `is_recorded`: no answer may leave that was not held before.
    CheckedProtocol(Inner& inner, bool is_recorded) : inner_(inner), is_recorded_(is_recorded) {}

    void tick(Instant now) { inner_.tick(now); }
    [[nodiscard]] std::optional<Instant> next_tick() const { return inner_.next_tick(); }
    [[nodiscard]] bool wants_peer() const { return inner_.wants_peer(); }
    void open(Session& session, std::string_view peer, io::ListenerId listener) {
        VERIFY(!std::exchange(session.open, true));
        ++sessions_;
        inner_.open(session.inner, peer, listener);
    }
    void learn_peer(Session& session, std::string_view peer) {
        VERIFY(session.open && !session.begun);
        inner_.learn_peer(session.inner, peer);
    }
    void close(Session& session) {
        VERIFY(std::exchange(session.open, false));
        --sessions_;
        if (session.held) {
            held_.erase(*session.held);
            ready_.erase(*session.held);
        }
        inner_.close(session.inner);
    }
    [[nodiscard]] Advance advance(Session& session, std::string_view input, Batch& out) {
        VERIFY(session.open && !session.over && !session.held && out.empty());
        session.begun = true;
        const Advance result = inner_.advance(session.inner, input, out);
        VERIFY(result.consumed <= input.size() && (!is_recorded_ || out.answers == 0));
        session.over = ends(result.next);
        count(out);
        return result;
    }
    [[nodiscard]] Advance resume(Session& session, Batch& out) {
        VERIFY(session.open && !session.over && out.empty());
        if (session.held) {
            VERIFY(ready_.erase(*session.held) == 1 && held_.erase(*session.held) == 1);
            session.held.reset();
        }
        const Advance result = inner_.resume(session.inner, out);
        VERIFY(result.consumed == 0 && out.answers <= 1);
        session.over = ends(result.next);
        count(out);
        return result;
    }
    void renew() { inner_.renew(); }
    [[nodiscard]] std::string_view peer(const Session& session) const { return inner_.peer(session.inner); }
    [[nodiscard]] Phase phase(const Session& session) const { return inner_.phase(session.inner); }
    void hold(Session& session, std::uint32_t slot) {
        VERIFY(session.open && !session.over && !session.held && held_.insert(slot).second);
        session.held = slot;
        inner_.hold(session.inner, slot);
    }
    [[nodiscard]] std::optional<std::uint32_t> next_ready() {
        const std::optional<std::uint32_t> slot = inner_.next_ready();
        if (slot) VERIFY(held_.contains(*slot) && ready_.insert(*slot).second);
        return slot;
    }
    [[nodiscard]] Next expire(Session& session, std::string_view input, Batch& out) {
        VERIFY(session.open && !session.over && !session.held);
        const Next next = inner_.expire(session.inner, input, out);
        VERIFY(next == Next::close || next == Next::held);
        session.over = ends(next);
        count(out);
        return next;
    }
    void release(Lease lease) {
        VERIFY(leases_[lease]-- > 0);
        inner_.release(lease);
    }
    void announce_close() { inner_.announce_close(); }

    [[nodiscard]] std::size_t sessions() const { return sessions_; }
    [[nodiscard]] std::int64_t leases() const {
        std::int64_t sum = 0;
        for (const auto& [lease, count] : leases_) sum += count;
        return sum;
    }

private:
    [[nodiscard]] static bool ends(Next next) { return next == Next::close || next == Next::reset; }
    void count(const Batch& out) {
        VERIFY(out.lease == no_lease || !out.empty());
        if (out.lease != no_lease) ++leases_[out.lease];
    }

    Inner& inner_;
    bool is_recorded_;
    std::set<std::uint32_t> held_;   ///< numbers of connections
    std::set<std::uint32_t> ready_;  ///< those of them that were called for
    std::size_t sessions_ = 0;
    std::map<Lease, std::int64_t> leases_;
};

/// Remembers what it was told, in order.
struct NotingLog {
    std::vector<testing::RecordedRequest>* notes;

    [[nodiscard]] bool enabled() const { return notes != nullptr; }
    [[nodiscard]] static bool wants_refused() { return false; }
    [[nodiscard]] static bool shows_fields() { return false; }
    void append(const Exchange& exchange) const {
        notes->push_back({.target = std::string(exchange.target),
                          .status = exchange.status,
                          .fault = std::string(exchange.fault),
                          .refused = std::string(exchange.refused)});
    }
    static void tick(Instant) {}
    [[nodiscard]] static std::optional<Instant> due() { return std::nullopt; }
};

/// All that is decided before a run; a seed fills it in.
struct Plan {
    std::uint64_t seed = 0;
    FakeKnobs knobs;
    Settings settings;
    std::size_t receive_bytes = 4096;
    std::size_t write_buffer = 4096;
    std::uint32_t max_connections = 64;
    std::uint32_t workers = 1;
    std::uint32_t clients = 10;
    std::vector<Leaving> leavings = {Leaving::waits, Leaving::half_closes};
    std::optional<std::uint64_t> max_requests;
    std::optional<Microseconds> announce_at, drain_at, abort_at;
    std::optional<Microseconds> stop_at;  ///< SIGSTOP, which lasts for longer than any deadline of a client that keeps quiet
    bool descriptors_run_out = false;
    bool log = false;
    std::optional<Microseconds> capture_max;  ///< requests are recorded, and lines written within this time; none: they are not
    double capture_error = 0;                 ///< how probable it is that a line cannot be
    Microseconds delay_max{0};                ///< half of the answers wait for up to this long; 0: none
    std::uint64_t limit_rate = 0;             ///< bytes of content a second; 0: no limit
    std::vector<Microseconds> reloads = {};   ///< when another site is published, which answers the same
    Microseconds arrivals{20'000};            ///< clients come within this time
};

class World {
public:
    explicit World(const Plan& plan);
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    void run();

    static constexpr std::chrono::seconds stop_lasts{12};

    Plan plan;
    tcp::ServerLimits limits;
    std::vector<std::unique_ptr<Client>> clients;
    std::vector<testing::RecordedRequest> logged;
    std::vector<testing::RecordedRequest> noted;     ///< in the order in which their lines are begun, before anything else comes of them
    std::vector<testing::RecordedRequest> recorded;  ///< in the order in which the lines are written
    std::uint64_t lost_lines = 0;                    ///< those that could not be
    bool answered_too_early = false;                 ///< somebody had an answer before its line was written
    tcp::ServerOutcome outcome;                      ///< of all workers
    bool drain_ordered = false;                      ///< before all clients had ended
    bool aborted = false;                            ///< the same
    Instant aborted_at{};
    std::size_t sites = 0;                   ///< that were made
    std::vector<std::vector<Outcome>> left;  ///< by resource: what is left of its sequences, of all sites, but for their last steps
    bool quota_reached = false;
    std::uint64_t unused_tickets = 0;  ///< of --max-requests
    bool gave_up = false;              ///< it would have gone on for ever

    [[nodiscard]] bool drained_or_announced() const { return drain_ordered || announced_; }
    /// What is left of it, as a sentence; empty when nothing is.
    [[nodiscard]] const std::string& leftovers() const { return leftovers_; }

private:
    using Responder = http::Responder<NotingLog>;
    using Protocol = CheckedProtocol<Responder>;

    using Server = tcp::Server<FakeEngine, Protocol>;

    /// Put together and taken apart as app/serve.hpp does it.
    struct Worker {
        testing::RecorderDouble recorder;
        std::unique_ptr<FakeEngine> engine;
        std::unique_ptr<Responder> responder;
        std::unique_ptr<Protocol> protocol;
        std::unique_ptr<Server> server;
    };

    [[nodiscard]] std::shared_ptr<const site::Site> make_site();
    void count_what_is_left(const site::Site& site);
    void hire(std::uint32_t seat);
    void retire(std::uint32_t seat);
    void write_line(std::uint32_t seat, std::size_t line);
    void line_written(std::uint32_t seat, std::size_t line);
    void watch();
    void direct(tcp::Order order);
    void drain();

    static inline const FakeNetwork* clock_;  // a responder takes its wall clock as a plain function

    std::shared_ptr<FakeNetwork> network_;
    Random random_;
    site::Board board_{make_site()};
    Fd listener_;
    tcp::ListeningSocket socket_{listener_.get()};
    std::optional<Quota> quota_;
    std::optional<tcp::Crew> crew_;  ///< until the last worker has returned
    std::vector<Worker> workers_;
    support::FakeSchedule<Server> schedule_{*network_};
    std::size_t sites_gone_ = 0;
    bool announced_ = false;
    Instant written_until_{};  ///< when the last line is written
    std::string leftovers_;
};

}  // namespace tinyhttpd::simulation
