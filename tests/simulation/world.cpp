// SPDX-License-Identifier: MIT
// The simulated main thread: builds the server, lets clients come, gives the orders, and knows when it is over.
#include "simulation/world.hpp"

#include <memory>

#include "base/reason_phrase.hpp"

namespace tinyhttpd::simulation {

World::World(const Plan& plan_)
    : plan(plan_),
      network_(std::make_shared<FakeNetwork>(plan_.seed, plan_.knobs)),
      random_(plan_.seed + 1),
      listener_(network_->listen()),
      crew_(1, plan_.max_connections, [this] {
          if (quota_ && quota_->reached() && !quota_reached) {
              quota_reached = true;
              drain();
          }
      }) {
    engine_ = *FakeEngine::create({.receive_bytes = plan.receive_bytes, .max_connections = 256}, network_);
    if (plan.max_requests) quota_.emplace(*plan.max_requests);
    limits.saved_input = plan.settings.max_head + 2 * plan.receive_bytes;
    limits.head_timeout = 5s;
    limits.idle_timeout = 8s;
    limits.write_timeout = 6s;
    limits.max_slots = 256;

    clock_ = network_.get();
    const http::ResponseSpec spec{.status = plan.settings.status,
                                  .reason = std::string(reason_phrase(plan.settings.status)),
                                  .body = std::make_shared<const std::string>(plan.settings.body),
                                  .headers = {{"Server", "tinyhttpd"}}};
    responder_ = std::make_unique<Responder>(
        spec,
        http::ResponderLimits{.max_head = plan.settings.max_head,
                              .max_body = plan.settings.max_body,
                              .keepalive = plan.settings.keepalive,
                              .keepalive_requests = plan.settings.keepalive_requests,
                              .write_buffer = plan.write_buffer,
                              .quota = quota_ ? &*quota_ : nullptr},
        TargetLog{plan.log ? &log_targets : nullptr}, +[] {
            const auto elapsed = clock_->now().time_since_epoch();
            return std::chrono::system_clock::time_point(std::chrono::duration_cast<std::chrono::system_clock::duration>(elapsed));
        });
    protocol_ = std::make_unique<Protocol>(*responder_);

    for (std::uint32_t i = 0; i < plan.clients; ++i) {
        const Microseconds pace(random_.between(1, 1000));
        clients.push_back(
            std::make_unique<Client>(*network_, listener_.get(), i, plan.settings, random_, random_.pick(plan.leavings), pace));
        clients.back()->start(Microseconds(random_.below(static_cast<std::uint64_t>(plan.arrivals.count()) + 1)));
    }
}

void World::run() {
    if (plan.announce_at) {
        network_->after(*plan.announce_at, [this] {
            announced_ = true;
            if (crew_.order() == tcp::Order::serve) crew_.direct(tcp::Order::announce);
        });
    }
    if (plan.drain_at) network_->after(*plan.drain_at, [this] { drain(); });
    if (plan.descriptors_run_out) {
        for (int i = 0; i < 20; ++i) {
            network_->after(Microseconds(random_.below(200'000)),
                            [this] { network_->descriptors_exhausted = !network_->descriptors_exhausted; });
        }
    }
    watch();
    network_->after(std::chrono::hours(2), [this] {
        gave_up = true;
        crew_.direct(tcp::Order::abort);
    });

    crew_.take_seat(0, [this] { engine_->wake(); });
    tcp::Server<FakeEngine, Protocol> server(*engine_, *protocol_, limits, crew_, 0, quota_ ? &*quota_ : nullptr, [](int) {});
    const tcp::ListeningSocket socket{listener_.get()};
    VERIFY(server.listen({&socket, 1}).has_value());
    outcome = server.run();
    while (quota_ && quota_->take() != Quota::Ticket::none) ++unused_tickets;
    // Peers see what the server's last steps were.
    const Instant end = engine_->now() + 1min;
    while (engine_->now() < end) std::ignore = engine_->wait(end);
    crew_.return_from(0);
}

/// Looks, every now and then, whether it is over.
void World::watch() {
    if (crew_.accepting_ended()) {
        for (auto& client : clients) client->refused = client->refused || !client->connected();
    }
    if (std::ranges::all_of(clients, [](const auto& client) { return client->ended(); })) {
        if (crew_.order() < tcp::Order::drain) crew_.direct(tcp::Order::drain);
        return;
    }
    network_->after(100ms, [this] { watch(); });
}

void World::drain() {
    if (crew_.order() >= tcp::Order::drain) return;
    drain_ordered = true;
    for (auto& client : clients) client->written_at_drain = client->written;
    crew_.direct(tcp::Order::drain);
}

std::string World::leftovers() {
    if (gave_up) return "the server did not end";
    if (engine_->open_connections() > 0) return "connections are still open";
    if (engine_->running_sends() > 0) return "sends are still running";
    if (protocol_->sessions() > 0) return "sessions are still open";
    if (protocol_->leases() > 0) return "leases are still out";
    if (network_->open_links() > network_->backlog(listener_.get())) return "an accepted descriptor was never closed";
    return {};
}

}  // namespace tinyhttpd::simulation
