// SPDX-License-Identifier: MIT
// The simulated main thread: builds the workers, lets clients come, gives the orders, and knows when it is over.
#include "simulation/world.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "base/reason_phrase.hpp"
#include "tcp/proxy_header.hpp"

namespace tinyhttpd::simulation {

World::World(const Plan& plan_)
    : plan(plan_),
      network_(std::make_shared<FakeNetwork>(plan_.seed, plan_.knobs)),
      random_(plan_.seed + 1),
      listener_(network_->listen()),
      workers_(plan_.workers) {
    crew_.emplace(plan.workers, plan.max_connections, [this] {
        if (quota_ && quota_->reached() && !std::exchange(quota_reached, true)) drain();
    });
    if (plan.max_requests) quota_.emplace(*plan.max_requests);
    limits.saved_input = std::max(plan.settings.max_head, tcp::proxy_header_max) + 2 * plan.receive_bytes;
    limits.proxy_protocol = plan.settings.proxy_protocol;
    limits.head_timeout = 5s;
    limits.idle_timeout = 8s;
    limits.write_timeout = 6s;
    limits.max_slots = 256;
    clock_ = network_.get();
    for (std::uint32_t seat = 0; seat < plan.workers; ++seat) hire(seat);

    for (std::uint32_t i = 0; i < plan.clients; ++i) {
        const Microseconds pace(random_.between(1, 1000));
        clients.push_back(
            std::make_unique<Client>(*network_, listener_.get(), i, plan.settings, random_, random_.pick(plan.leavings), pace));
        clients.back()->start(Microseconds(random_.below(static_cast<std::uint64_t>(plan.arrivals.count()) + 1)));
    }
}

std::shared_ptr<const site::Site> World::make_site() {
    site::SiteOptions options;
    options.common.headers = {{"Server", "tinyhttpd"}};
    const auto add_answer = [&](int status, std::string_view body) {
        options.answers.push_back({.status = status,
                                   .reason = std::string(reason_phrase(status)),
                                   .body = std::make_shared<const std::string>(body),
                                   .headers = options.common.headers});
        return static_cast<site::AnswerId>(options.answers.size() - 1);
    };
    for (const Resource& resource : plan.settings.resources) {
        if (!resource.prefix.empty()) options.routes.push_back({.path = resource.prefix + "*", .methods = {}});
        site::Plan::Options& answering = options.resources.emplace_back();
        answering.ok.answer = add_answer(resource.status, resource.body);
        for (const Step& step : resource.steps) {
            const site::AnswerId answer = step.status != 0 ? add_answer(step.status, reason_phrase(step.status)) : answering.ok.answer;
            const site::Outcome configured{answer, step.fault};
            if (resource.is_by_chance)
                answering.shares.push_back({configured, static_cast<std::uint32_t>(step.times)});
            else
                answering.sequence.push_back({configured, step.times});
        }
        if (plan.delay_max.count() > 0) answering.delays.push_back({.high = plan.delay_max, .millionths = site::all / 2});
        answering.limit_rate = plan.limit_rate;
    }
    options.seed = plan.seed;
    ++sites;
    return {new site::Site(std::move(options)), [this](const site::Site* site) {
                count_what_is_left(*site);
                delete site;
            }};
}

/// A site has gone: its sequences are taken to their last steps.
void World::count_what_is_left(const site::Site& site) {
    ++sites_gone_;
    const std::vector<Resource>& resources = plan.settings.resources;
    left.resize(resources.size());
    for (std::uint32_t id = 0; id < resources.size(); ++id) {
        if (resources[id].is_by_chance || resources[id].steps.empty()) continue;
        for (std::uint64_t more = resources[id].steps_before_the_last(); more > 0; --more) {
            const site::Outcome drawn = site.draw(id).outcome;
            left[id].push_back({.status = site.answers()[drawn.answer].status, .fault = drawn.fault});
        }
    }
}

void World::hire(std::uint32_t seat) {
    Worker& worker = workers_[seat];
    worker.recorder.recorded = [this, seat](std::size_t line) { write_line(seat, line); };
    worker.engine = *FakeEngine::create({.receive_bytes = plan.receive_bytes, .max_connections = limits.max_slots}, network_);
    crew_->mailbox.take_seat(seat, [engine = worker.engine.get()] { engine->wake(); });
    worker.responder = std::make_unique<Responder>(
        board_.site(),
        http::ResponderLimits{.max_head = plan.settings.max_head,
                              .max_body = plan.settings.max_body,
                              .keepalive = plan.settings.keepalive,
                              .keepalive_requests = plan.settings.keepalive_requests,
                              .write_buffer = plan.write_buffer,
                              .quota = quota_ ? &*quota_ : nullptr,
                              .board = &board_,
                              .recorder = plan.capture_max ? &worker.recorder : nullptr},
        NotingLog{plan.log ? &logged : nullptr}, +[] {
            const auto elapsed = clock_->now().time_since_epoch();
            return std::chrono::system_clock::time_point(std::chrono::duration_cast<std::chrono::system_clock::duration>(elapsed));
        });
    worker.protocol = std::make_unique<Protocol>(*worker.responder, plan.capture_max.has_value());
    worker.server =
        std::make_unique<Server>(*worker.engine, *worker.protocol, limits, *crew_, seat, quota_ ? &*quota_ : nullptr, [](int) {});
    VERIFY(worker.server->listen({&socket_, 1}).has_value());
    schedule_.add(*worker.engine, *worker.server, [this, seat] { retire(seat); });
}

void World::retire(std::uint32_t seat) {
    Worker& worker = workers_[seat];
    outcome.answered += worker.server->outcome().answered;
    outcome.cut += worker.server->outcome().cut;
    // An abort closes nothing by itself: the end of the engine does.
    if (!aborted && !gave_up) {
        if (worker.engine->open_connections() > 0) leftovers_ = "connections are still open";
        if (worker.engine->running_sends() > 0) leftovers_ = "sends are still running";
        if (worker.protocol->sessions() > 0) leftovers_ = "sessions are still open";
        if (worker.protocol->leases() > 0) leftovers_ = "leases are still out";
        if (worker.recorder.unforgotten() > 0) leftovers_ = "lines are still waited for";
    }
    crew_->mailbox.take_seat(seat, nullptr);
    worker.engine.reset();
    crew_->return_from(seat);
}

/// There is one file: lines get into it in the order in which they come, however long each takes.
void World::write_line(std::uint32_t seat, std::size_t line) {
    noted.push_back(workers_[seat].recorder.requests[line]);
    const Microseconds takes(random_.below(static_cast<std::uint64_t>(plan.capture_max->count()) + 1));
    written_until_ = std::max(written_until_, network_->now() + takes);
    network_->at(written_until_, [this, seat, line] { line_written(seat, line); });
}

void World::line_written(std::uint32_t seat, std::size_t line) {
    Worker& worker = workers_[seat];
    const testing::RecordedRequest& request = worker.recorder.requests[line];
    // Its target says whose it is, and how many answers come before it.
    unsigned number = 0, place = 0;
    if (std::sscanf(request.target.c_str(), "/%u/%u", &number, &place) == 2) {
        const Client& client = *clients[number];
        answered_too_early |= read_answers(client.stream, client.script).answers.size() > place;
    }
    // What a 408 is for was no request that anybody counts, and so is the 500 instead of it.
    const bool fails = request.status != 408 && random_.chance(plan.capture_error);
    if (fails) {
        ++lost_lines;
    } else {
        recorded.push_back(request);
    }
    worker.recorder.tell_line(line, fails ? EIO : 0);
    if (worker.engine) worker.engine->wake();
}

void World::run() {
    if (plan.announce_at) {
        network_->after(*plan.announce_at, [this] {
            announced_ = true;
            direct(tcp::Order::announce);
        });
    }
    if (plan.drain_at) network_->after(*plan.drain_at, [this] { drain(); });
    if (plan.abort_at) {
        network_->after(*plan.abort_at, [this] {
            aborted = !schedule_.all_ended();
            aborted_at = network_->now();
            for (auto& client : clients) client->was_cut_off = client->is_held_by_the_server();
            direct(tcp::Order::abort);
        });
    }
    if (plan.stop_at) {
        network_->after(*plan.stop_at, [this] {
            const Instant end = network_->now() + stop_lasts;
            schedule_.stop(end);
            network_->at(end, [this] {
                for (auto& client : clients) client->written_at_resume = client->written;
            });
        });
    }
    for (const Microseconds when : plan.reloads) {
        network_->after(when, [this] {
            board_.publish(make_site());
            for (Worker& worker : workers_)
                if (worker.engine) worker.engine->wake();
        });
    }
    if (plan.descriptors_run_out) {
        for (int i = 0; i < 20; ++i) {
            network_->after(Microseconds(random_.below(200'000)),
                            [this] { network_->descriptors_exhausted = !network_->descriptors_exhausted; });
        }
    }
    watch();
    network_->after(std::chrono::hours(2), [this] {
        gave_up = true;
        direct(tcp::Order::abort);
    });

    while (!schedule_.all_ended()) schedule_.step(Instant::max());
    crew_.reset();
    while (quota_ && quota_->take() != Quota::Ticket::none) ++unused_tickets;
    // Peers see what the server's last steps were.
    schedule_.run_until(network_->now() + 1min);
    workers_.clear();
    board_.publish(nullptr);
    if (sites_gone_ != sites) leftovers_ = "a site is still in use";
    if (gave_up) leftovers_ = "the server did not end";
    if (leftovers_.empty() && network_->open_links() > network_->backlog(listener_.get()))
        leftovers_ = "an accepted descriptor was never closed";
}

/// Looks, every now and then, whether it is over.
void World::watch() {
    if (!crew_) return;
    if (crew_->orders.accepting_ended()) {
        for (auto& client : clients) client->refused = client->refused || !client->connected();
    }
    if (std::ranges::all_of(clients, [](const auto& client) { return client->ended(); })) return direct(tcp::Order::drain);
    network_->after(100ms, [this] { watch(); });
}

/// Orders only ever go forward, and nobody is left to hear them at the end.
void World::direct(tcp::Order order) {
    if (crew_ && crew_->orders.order() < order) crew_->orders.direct(order);
}

void World::drain() {
    if (!crew_ || crew_->orders.order() >= tcp::Order::drain) return;
    drain_ordered = true;
    for (auto& client : clients) client->written_at_drain = client->written;
    crew_->orders.direct(tcp::Order::drain);
}

}  // namespace tinyhttpd::simulation
