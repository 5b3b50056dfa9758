// SPDX-License-Identifier: MIT
// Thousands of lives of the server in virtual time, each made by a seed, and what no client may ever lose. A seed that fails
// is printed; TINYHTTPD_SEED=… runs that one again, TINYHTTPD_SEEDS=… another number of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "simulation/world.hpp"

namespace tinyhttpd::simulation {
namespace {

std::string target_of(std::uint32_t client, std::size_t request) {
    return "/" + std::to_string(client) + "/" + std::to_string(request);
}

/// Holds one client's story against what it was owed. Returns what is wrong, or nothing.
class Judge {
public:
    Judge(const World& world, const Client& client) : world_(world), client_(client), heard_(read_answers(client.stream, client.script)) {}

    [[nodiscard]] std::string verdict() const {
        if (!heard_.fault.empty()) return heard_.fault;
        if (!client_.connected()) return {};
        if (was_not_recorded() && world_.plan.capture_error == 0) return "a 500 for no reason";
        if (std::string fault = judge_lines(); !fault.empty()) return fault;
        if (std::string fault = judge_each_answer(); !fault.empty()) return fault;
        if (client_.faulted() || client_.left) return {};
        if (world_.aborted && (client_.was_cut_off || client_.connected_at >= world_.aborted_at))
            return client_.ended() || !client_.was_accepted() ? "" : "its connection outlived the server";
        if (client_.lost_patience && is_crowded()) return {};  // it may have waited for a place
        if (!client_.ended() || (client_.lost_patience && !client_.was_accepted()))
            return was_left_in_the_backlog() ? "" : "its connection never ended";
        if (client_.leaving == Leaving::never_reads || was_told_too_late()) return {};
        if (may_have_failed()) {
            std::string fault;
            for (const Outcome& outcome : next().outcomes) {
                fault = judge_failure(outcome.fault);
                if (fault.empty()) return {};
            }
            if (has_failed()) return fault;
        }
        if (client_.lost_patience) return "its connection never ended";
        if (!heard_.tail.empty()) return "cut in the middle of an answer";
        if (client_.was_reset && !world_.drained_or_announced()) return "reset";
        if (std::string fault = judge_end(); !fault.empty()) return fault;
        if (heard_.answers.size() < owed() && !closed_by_answer())
            return "only " + std::to_string(heard_.answers.size()) + " of " + std::to_string(owed()) + " answers";
        return {};
    }
    /// For whoever has to find out why.
    [[nodiscard]] std::string facts() const {
        const auto at = [](Instant when) { return std::to_string((when - Instant{}) / 1us); };
        constexpr std::string_view leavings[] = {"waits", "half-closes", "resets", "closes", "stalls", "never reads"};
        std::string text = "\n  it " + std::string(leavings[static_cast<int>(client_.leaving)]);
        text += ", wrote " + std::to_string(client_.written) + " bytes of " + std::to_string(client_.ends.back());
        if (client_.written_at_drain) text += ", " + std::to_string(*client_.written_at_drain) + " when the drain began";
        text += "; " + std::to_string(client_.complete_requests()) + " requests, " + std::to_string(answers()) + " answers; connected at " +
                at(client_.connected_at);
        if (heard_.answers.size() < client_.script.size()) text += " (next may get " + texts_of(next().outcomes) + ")";
        return text + " us, last write " + at(client_.last_write) + ", last read " + at(client_.last_read) + ", end " +
               at(client_.ended_at);
    }
    /// Nothing happened that may cost a client an answer, on its side or on the way.
    [[nodiscard]] bool is_undisturbed() const {
        return client_.connected() && !client_.faulted() && !client_.left && client_.leaving != Leaving::never_reads &&
               !was_told_too_late() && !(client_.lost_patience && is_crowded());
    }
    /// An answer was under way to it, as far as it can tell.
    [[nodiscard]] bool was_cut_short() const { return is_undisturbed() && !heard_.tail.empty() && heard_.tail_is == Fault::none; }
    /// How many answers to it the server has to have counted. What ends the connection without a reader's seeing why counts, too, but for
    /// what hangs; and so does the 500 instead, but for what would have hung.
    [[nodiscard]] std::uint64_t counted_at_least() const { return counted() + (has_failed() && !next().may_fail_by(Fault::hang)); }
    [[nodiscard]] std::uint64_t counted_at_most() const { return counted() + (may_have_failed() && !next().can_only_hang()); }
    /// Nothing but a request that hangs was left of its connection when the abort came.
    [[nodiscard]] bool was_left_hanging() const {
        const Instant last = std::max({client_.last_read, client_.last_write, client_.connected_at});
        return has_failed() && next().may_fail_by(Fault::hang) && heard_.tail.empty() && is_undisturbed() && !world_.plan.capture_max &&
               last + 1s < world_.aborted_at;
    }
    /// Answers to requests; a 408 is none.
    [[nodiscard]] std::uint64_t answers() const { return heard_.answers.size() - timed_out(); }
    [[nodiscard]] std::size_t deserved() const { return was_not_recorded() ? counted() : deserved_of(client_.complete_requests()); }

private:
    [[nodiscard]] std::uint64_t counted() const {
        return answers() - (was_not_recorded() && client_.script[answers() - 1].expected.may_fail_by(Fault::hang));
    }

    // ---- a request that fails on purpose: the first that has no answer. What else it might get is left in its Expected::outcomes if
    // nobody knows (see learn()).

    [[nodiscard]] const Expected& next() const { return client_.script[heard_.answers.size()].expected; }
    [[nodiscard]] bool may_have_failed() const {
        return client_.was_accepted() && heard_.answers.size() < client_.complete_requests() && !closed_by_answer() && next().may_fail();
    }
    [[nodiscard]] bool has_failed() const {
        return may_have_failed() && (next().is_known || !may_be_dropped()) &&
               std::ranges::none_of(next().outcomes, [](const Outcome& o) { return o.fault == Fault::none; });
    }
    /// Nobody is sure to have looked at it: there was no ticket for it, or the drain came first.
    [[nodiscard]] bool may_be_dropped() const {
        if (world_.plan.max_requests) return true;
        return world_.drain_ordered &&
               !(arrives_at_once() && heard_.answers.size() < client_.begun_requests(client_.written_at_drain.value_or(0)));
    }
    /// What is wrong with it if this is how it failed.
    [[nodiscard]] std::string judge_failure(Fault fault) const {
        if (fault == Fault::none) return "it has not failed";
        const bool has_tail = fault == Fault::truncate || fault == Fault::garbage;
        if (has_tail ? heard_.tail_is != fault : !heard_.tail.empty()) return "not what comes of " + std::string(name_of(fault));
        if (client_.was_reset != (fault == Fault::reset)) return client_.was_reset ? "reset" : "not reset";
        const bool left_first = client_.half_closed || client_.lost_patience;
        if (fault == Fault::hang) return left_first ? "" : "what hangs was ended";
        if (client_.lost_patience) return "nothing followed on what fails";
        // Of a delay and of a line that is waited for the client sees nothing.
        const auto& plan = world_.plan;
        const auto waits = has_tail ? 0us : plan.delay_max + plan.capture_max.value_or(0us) * static_cast<int>(world_.noted.size());
        const auto from = std::max({client_.last_read, client_.last_write, client_.connected_at});
        const std::chrono::nanoseconds stopped = plan.stop_at ? World::stop_lasts : 0s;
        if (!is_crowded() && client_.ended_at > from + waits + stopped + 3s) return "the end came late";
        return {};
    }

    [[nodiscard]] bool closed_by_answer() const { return !heard_.answers.empty() && heard_.answers.back().announces_close; }
    [[nodiscard]] bool timed_out() const { return !heard_.answers.empty() && heard_.answers.back().status == 408; }
    [[nodiscard]] bool was_not_recorded() const { return !heard_.answers.empty() && heard_.answers.back().status == 500; }
    /// There are more clients than places, or at times there are no descriptors for them.
    [[nodiscard]] bool is_crowded() const {
        return world_.plan.max_connections < world_.clients.size() || world_.plan.descriptors_run_out || world_.plan.knobs.accept_error > 0;
    }
    /// In a network that holds nothing back, whatever was sent has arrived.
    [[nodiscard]] bool arrives_at_once() const { return world_.plan.knobs.delay == 0; }

    /// It went on sending, or reading, after the server had lingered long enough: the reset may cost it what it had not read.
    [[nodiscard]] bool was_told_too_late() const {
        if (has_failed() && next().may_fail_by(Fault::reset)) return false;
        const bool closes = deserved_of(client_.script.size()) < client_.script.size() || world_.plan.capture_error > 0;
        return client_.was_reset && (closes || client_.overstayed) &&
               client_.ended_at - client_.connected_at >= world_.limits.linger_silence;
    }
    /// A drain takes what has arrived from the backlog, as long as there are descriptors.
    [[nodiscard]] bool was_left_in_the_backlog() const {
        const bool accepting_fails = world_.plan.descriptors_run_out || world_.plan.knobs.accept_error > 0;
        return !client_.was_accepted() && world_.drain_ordered && (client_.written_at_drain.value_or(0) == 0 || accepting_fails);
    }

    /// SIGSTOP lasted for longer than it may take, and it could not send all that it wanted to before SIGCONT.
    [[nodiscard]] bool was_kept_waiting() const {
        return client_.written_at_resume && *client_.written_at_resume < client_.means_to_write();
    }

    /// Of the first `count` requests, those up to the one that ends the connection and before the one that may fail.
    [[nodiscard]] std::size_t deserved_of(std::size_t count) const {
        for (std::size_t i = 0; i < count; ++i) {
            if (client_.script[i].expected.may_fail()) return i;
            if (client_.script[i].expected.persistence == Persistence::closes) return i + 1;
        }
        return count;
    }
    [[nodiscard]] std::size_t owed() const {
        if (world_.plan.max_requests) return 0;  // the sum is checked instead
        const std::size_t all = deserved();
        if (client_.written_at_resume) return deserved_of(client_.complete_requests(*client_.written_at_resume));
        if (!world_.drain_ordered || !client_.written_at_drain) return all;
        if (!arrives_at_once()) return 0;
        return std::min(all, client_.begun_requests(*client_.written_at_drain));
    }

    /// Every answer has its line.
    [[nodiscard]] std::string judge_lines() const {
        if (!world_.plan.capture_max) return {};
        for (std::size_t i = 0; i < answers(); ++i) {
            // Of those whose head was refused the line may know no target.
            if (!client_.script[i].expected.resource || heard_.answers[i].status == 500) continue;
            const std::string target = target_of(client_.number, i);
            const auto line = std::ranges::find(world_.recorded, target, &testing::RecordedRequest::target);
            if (line == world_.recorded.end() || line->status != heard_.answers[i].status) return "an answer without a line";
        }
        return {};
    }

    [[nodiscard]] std::string judge_each_answer() const {
        const std::size_t count = answers();
        if (count > client_.begun_requests(client_.written)) return "more answers than requests";
        for (std::size_t i = 0; i < count; ++i) {
            const bool deserves = client_.script[i].expected.persistence == Persistence::closes;
            const bool gives_up = heard_.answers[i].status == 500;
            if (heard_.answers[i].announces_close && !deserves && !gives_up && !world_.drained_or_announced() && !world_.plan.max_requests)
                return "closed without a reason";
            if (i >= client_.complete_requests() && client_.script[i].judged_by_its_end) return "answered before it was asked";
        }
        return {};
    }

    /// When and how a connection ends that the client left open.
    [[nodiscard]] std::string judge_end() const {
        const bool stalls = client_.leaving == Leaving::stalls;
        if (timed_out() && !stalls && !was_kept_waiting()) return "timed out although it was quick";
        if (world_.drained_or_announced() || world_.plan.max_requests || closed_by_answer() != timed_out()) return {};
        if (!stalls && client_.leaving != Leaving::waits) return {};
        const bool in_a_request = client_.begun_requests(client_.written) > client_.complete_requests();
        if (in_a_request != timed_out() && !client_.is_at_an_empty_line())
            return in_a_request ? "no 408 for half a request" : "a 408 for no request";
        // A head's deadline counts from accept or its first byte, an idle connection's from the last answer.
        const bool is_idle = client_.complete_requests() > 0 && !in_a_request && !client_.is_at_an_empty_line();
        const std::chrono::nanoseconds allowed = is_idle ? world_.limits.idle_timeout : world_.limits.head_timeout;
        const auto earliest = is_idle ? client_.last_write : client_.connected_at;
        // Where others wait for a place, one on which nothing is under way leaves its own.
        const std::chrono::nanoseconds kept = !is_crowded() || in_a_request ? allowed
                                              : is_idle                     ? tcp::Drain::idle_grace
                                                                            : tcp::Drain::fresh_grace;
        if (client_.ended_at < earliest + kept) return "its deadline came early";
        const std::chrono::nanoseconds stopped = world_.plan.stop_at ? World::stop_lasts : 0s;
        // It begins with a place, for which it may have had to wait.
        if (!is_crowded() &&
            client_.ended_at > std::max({client_.connected_at, client_.last_write, client_.last_read}) + allowed + stopped + 10s)
            return "its deadline came late";
        return {};
    }

    const World& world_;
    const Client& client_;
    Heard heard_;
};

/// Nobody's lines are swapped or doubled.
std::string judge_order(const std::vector<testing::RecordedRequest>& notes) {
    std::map<std::string, int> last;
    for (const testing::RecordedRequest& note : notes) {
        const std::string& target = note.target;
        const auto slash = target.rfind('/');
        if (slash == 0 || slash == std::string::npos) continue;  // "*", or a request line that could not be read
        const int number = std::stoi(target.substr(slash + 1));
        const auto [entry, is_new] = last.emplace(target.substr(0, slash), number);
        if (!is_new && number <= std::exchange(entry->second, number)) return "lines of one client are out of order";
    }
    return {};
}

std::string judge_log(const World& world) {
    return judge_order(world.logged);
}

std::string judge_capture(const World& world) {
    if (world.answered_too_early) return "an answer came before its line";
    const auto in_file = std::ranges::count_if(world.recorded, [](const auto& request) { return request.status != 408; });
    if (world.plan.capture_max && world.outcome.answered > static_cast<std::uint64_t>(in_file) + world.lost_lines)
        return "answers without a line";
    return judge_order(world.recorded);
}

/// How often each outcome came of the requests for one resource: by its status or the way it fails.
using Counts = std::map<std::pair<int, Fault>, std::uint64_t>;

std::pair<int, Fault> kind_of(const Outcome& outcome) {
    return {outcome.fault == Fault::none ? outcome.status : 0, outcome.fault};
}

/// The server wrote down what has become of which request: nothing else may have come of it.
std::string learn(World& world, std::vector<Counts>& counts) {
    counts.resize(world.plan.settings.resources.size());
    if (!world.plan.log && !world.plan.capture_max) return {};
    std::map<std::string, const testing::RecordedRequest*> notes;
    for (const auto& note : world.plan.capture_max ? world.noted : world.logged) {
        if (note.refused.empty()) notes[note.target] = &note;
    }
    for (auto& client : world.clients) {
        for (std::size_t i = 0; i < client->script.size(); ++i) {
            Expected& expected = client->script[i].expected;
            if (!expected.resource) continue;
            const auto found = notes.find(target_of(client->number, i));
            const testing::RecordedRequest* const note = found != notes.end() ? found->second : nullptr;
            std::erase_if(expected.outcomes, [&](const Outcome& outcome) {
                if (note == nullptr) return outcome.fault != Fault::none;
                return name_of(outcome.fault) != note->fault || (outcome.fault == Fault::none && outcome.status != note->status);
            });
            if (note == nullptr) continue;
            expected.is_known = true;
            if (expected.outcomes.empty()) return "nothing that is configured came of " + note->target;
            ++counts[*expected.resource][kind_of(expected.outcomes.front())];
        }
    }
    return {};
}

/// Each step of a sequence came of as many requests as it says. `is_all`: nothing that was drawn may be missing.
std::string judge_sequences(const World& world, const std::vector<Counts>& counts, bool is_all) {
    if (!world.plan.log && !world.plan.capture_max) return {};
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const Resource& resource = world.plan.settings.resources[i];
        if (resource.is_by_chance || resource.steps.empty()) continue;
        Counts owed, left;
        for (const Step& step : std::span(resource.steps).first(resource.steps.size() - 1))
            owed[kind_of(resource.outcome_of(step))] += step.times * world.sites;
        for (const Outcome& outcome : world.left[i]) ++left[kind_of(outcome)];
        owed.erase(kind_of(resource.outcome_of(resource.steps.back())));
        for (const auto& [kind, count] : owed) {
            const auto found = counts[i].find(kind);
            const std::uint64_t came = found != counts[i].end() ? found->second : 0;
            if (came > count - left[kind] || (is_all && came < count - left[kind])) {
                const auto& [status, fault] = kind;
                return std::to_string(came) + " of " + std::to_string(count - left[kind]) + " times " +
                       (fault == Fault::none ? std::to_string(status) : std::string(name_of(fault)));
            }
        }
    }
    return {};
}

std::string judge(World& world) {
    if (!world.leftovers().empty()) return world.leftovers();
    std::vector<Counts> counts;
    if (std::string fault = learn(world, counts); !fault.empty()) return fault;
    if (std::string fault = judge_capture(world); !fault.empty()) return fault;
    std::uint64_t answers = 0, answers_perhaps = 0, deserved = 0, cut_off = 0, cut_short = 0;
    bool undisturbed = true;
    for (std::size_t i = 0; i < world.clients.size(); ++i) {
        const Judge judge(world, *world.clients[i]);
        if (std::string fault = judge.verdict(); !fault.empty()) return "client " + std::to_string(i) + ": " + fault + judge.facts();
        // One that vanished may have got an answer whose completion came too late to count.
        if (judge.is_undisturbed()) {
            answers += judge.counted_at_least();
            answers_perhaps += judge.counted_at_most();
        }
        undisturbed &= judge.is_undisturbed();
        deserved += judge.deserved();
        cut_off += world.clients[i]->was_cut_off && !judge.was_left_hanging();
        cut_short += judge.was_cut_short();
    }
    const auto& plan = world.plan;
    const bool all_noted = plan.capture_max || (plan.delay_max == 0us && plan.limit_rate == 0) || (undisturbed && !world.aborted);
    if (std::string fault = judge_sequences(world, counts, all_noted && !plan.max_requests); !fault.empty()) return fault;
    if (world.aborted) {
        if (world.outcome.cut < cut_short) return "answers were cut that were not counted";
        return world.outcome.cut > cut_off ? "counted more as cut than it had" : judge_log(world);
    }
    if (world.outcome.cut > 0) return "somebody was cut";
    if (answers > world.outcome.answered) return "answers that were not counted";
    if (undisturbed && (answers > world.outcome.answered || answers_perhaps < world.outcome.answered))
        return "counted " + std::to_string(world.outcome.answered) + " answers, clients have " + std::to_string(answers);
    if (const auto most = world.plan.max_requests) {
        if (world.outcome.answered > *most) return "more requests answered than --max-requests";
        if (world.quota_reached && world.outcome.answered != *most) return "stopped before --max-requests";
        if (world.outcome.answered + world.unused_tickets != *most) return "an answer that was not delivered still counts";
        if (undisturbed && !world.quota_reached && !world.drain_ordered && deserved >= *most) return "--max-requests was never reached";
    }
    return judge_log(world);
}

/// What most lives have in common; a test adds what it is about.
Plan make_plan(std::uint64_t seed, Random& random) {
    Plan plan;
    plan.seed = seed;
    Resource& response = plan.settings.resources.front();
    response.body = std::string(random.chance(0.7) ? random.below(300) : random.below(60'000), 'b');
    constexpr int statuses[] = {200, 200, 200, 204, 304, 404, 503};
    response.status = random.pick(statuses);
    plan.settings.max_head = random.between(400, 5000);
    plan.settings.max_body = random.between(50, 10'000);
    plan.settings.keepalive = !random.chance(0.1);
    if (random.chance(0.2)) plan.settings.keepalive_requests = random.between(1, 6);
    plan.receive_bytes = random.chance(0.5) ? 4096 : random.between(1, 600);
    plan.write_buffer = random.chance(0.5) ? 4096 : random.between(1, 2000);
    plan.workers = static_cast<std::uint32_t>(random.between(1, 4));
    plan.clients = static_cast<std::uint32_t>(random.between(1, 12));
    if (random.chance(0.3)) plan.max_connections = static_cast<std::uint32_t>(random.between(1, 6));
    plan.log = random.chance(0.3);
    if (random.chance(0.3)) plan.delay_max = Microseconds(random.between(1, random.chance(0.5) ? 2'000 : 3'000'000));
    if (random.chance(0.1)) plan.limit_rate = random.between(20'000, 10'000'000);
    if (random.chance(0.3)) {
        for (std::uint64_t reloads = random.between(1, 10); reloads > 0; --reloads) plan.reloads.emplace_back(random.below(100'000));
    }
    plan.knobs.socket_buffer_bytes = random.chance(0.5) ? 64 * 1024 : random.between(200, 8000);
    if (random.chance(0.6)) {
        plan.knobs.partial_receive = random.chance(0.5) ? 0.5 : 0;
        plan.knobs.partial_send = random.chance(0.5) ? 0.5 : 0;
        plan.knobs.delay = random.chance(0.5) ? 0.2 : 0;
        plan.knobs.short_batch = random.chance(0.5) ? 0.3 : 0;
        plan.knobs.eager_send = random.chance(0.5) ? 0.5 : 0;
        plan.knobs.spurious_wake = random.chance(0.5) ? 0.05 : 0;
    }
    if (random.chance(0.3)) plan.knobs.descheduled = random.chance(0.5) ? 0.02 : 0.3;
    plan.knobs.data_lost_by_reset = 0.5;
    plan.settings.proxy_protocol = random.chance(0.2);
    return plan;
}

/// Runs many seeds of a test, or the one in the environment.
void for_each_seed(std::uint64_t count, const std::function<void(Plan&, Random&)>& adapt) {
    const auto only = support::seed_from_environment();
    count = support::seed_count(count);
    std::uint64_t seed = only.value_or(1);
    const support::SeedAtDeath at_death(seed);
    for (; seed <= only.value_or(count); ++seed) {
        Random random(seed * 7919);
        Plan plan = make_plan(seed, random);
        adapt(plan, random);
        World world(plan);
        world.run();
        const std::string fault = judge(world);
        ASSERT_EQ(fault, "") << support::seed_text(seed);
    }
}

/// Something else may come of some requests: in order, or by chance.
void let_some_fail(Resource& resource, Random& random) {
    const bool has_content = resource.status != 204 && resource.status != 304 && !resource.body.empty();
    Step steps[] = {{},
                    {},
                    {.status = 418},
                    {.status = 429},
                    {Fault::close},
                    {Fault::reset},
                    {Fault::hang},
                    {Fault::garbage},
                    {has_content ? Fault::truncate : Fault::close}};
    resource.is_by_chance = random.chance(0.3);
    for (std::uint64_t count = random.between(1, 6); count > 0; --count) {
        resource.steps.push_back(random.pick(steps));
        resource.steps.back().times = random.between(1, resource.is_by_chance ? 160'000 : 5);
    }
    if (!resource.is_by_chance && random.chance(0.7)) resource.steps.emplace_back();
}

/// The same, and a route perhaps.
void let_some_fail(Plan& plan, Random& random) {
    let_some_fail(plan.settings.resources.front(), random);
    if (random.chance(0.4)) {
        Resource route{.prefix = "/" + std::to_string(random.below(plan.clients)), .body = std::string(random.below(300), 'r')};
        if (random.chance(0.7)) let_some_fail(route, random);
        plan.settings.resources.push_back(std::move(route));
    }
    if (random.chance(0.5)) plan.log = true;
}

constexpr std::uint64_t seeds = 100;

TEST(Simulation, no_answer_is_lost_repeated_or_reordered) {
    for_each_seed(seeds, [](Plan&, Random&) {});
}

TEST(Simulation, clients_that_vanish_stall_or_never_read_hurt_nobody_else) {
    for_each_seed(seeds, [](Plan& plan, Random&) {
        plan.leavings = {Leaving::waits, Leaving::half_closes, Leaving::resets, Leaving::closes, Leaving::stalls, Leaving::never_reads};
    });
}

TEST(Simulation, a_network_that_breaks_connections_breaks_no_others) {
    for_each_seed(seeds, [](Plan& plan, Random& random) {
        plan.knobs.receive_error = random.chance(0.5) ? 0.02 : 0;
        plan.knobs.send_error = random.chance(0.5) ? 0.02 : 0;
        plan.knobs.accept_error = random.chance(0.5) ? 0.2 : 0;
        plan.descriptors_run_out = random.chance(0.3);
        plan.leavings = {Leaving::waits, Leaving::half_closes, Leaving::resets, Leaving::closes};
    });
}

TEST(Simulation, a_drain_answers_every_request_that_has_begun) {
    for_each_seed(seeds, [](Plan& plan, Random& random) {
        plan.drain_at = Microseconds(random.below(random.chance(0.5) ? 20'000 : 300'000));
        if (random.chance(0.3)) plan.announce_at = Microseconds(random.below(static_cast<std::uint64_t>(plan.drain_at->count()) + 1));
    });
}

TEST(Simulation, an_abort_ends_everything_and_says_how_many_it_cut) {
    for_each_seed(seeds, [](Plan& plan, Random& random) {
        plan.leavings = {Leaving::waits, Leaving::half_closes, Leaving::resets, Leaving::closes, Leaving::stalls, Leaving::never_reads};
        plan.abort_at = Microseconds(random.below(random.chance(0.8) ? 30'000 : 20'000'000));
        if (random.chance(0.3)) plan.drain_at = Microseconds(random.below(30'000));
    });
}

TEST(Simulation, what_came_while_the_process_was_stopped_is_answered_before_anything_expires) {
    for_each_seed(seeds, [](Plan& plan, Random& random) {
        plan.stop_at = Microseconds(random.below(random.chance(0.8) ? 30'000 : 300'000));
        // Whatever was sent has arrived, and a head is read within tcp::Lull's patience.
        plan.knobs.delay = plan.knobs.descheduled = 0;
        plan.receive_bytes = std::max<std::size_t>(plan.receive_bytes, 100);
        if (random.chance(0.3)) plan.leavings = {Leaving::waits, Leaving::half_closes, Leaving::stalls, Leaving::closes};
    });
}

TEST(Simulation, max_requests_is_exact) {
    for_each_seed(seeds, [](Plan& plan, Random& random) {
        plan.max_requests = random.between(1, 40);
        if (random.chance(0.3)) plan.leavings = {Leaving::waits, Leaving::half_closes, Leaving::resets};
    });
}

/// Requests are recorded, on a disk that takes its time.
void capture(Plan& plan, Random& random) {
    plan.capture_max = Microseconds(random.below(random.chance(0.5) ? 500 : 500'000));
    if (random.chance(0.3)) plan.capture_error = random.chance(0.5) ? 0.02 : 0.3;
}

TEST(Simulation, no_answer_comes_before_its_line_and_none_is_lost_repeated_or_reordered) {
    for_each_seed(seeds, [](Plan& plan, Random& random) { capture(plan, random); });
}

TEST(Simulation, a_drain_waits_for_the_lines_of_every_request_that_has_begun) {
    for_each_seed(seeds, [](Plan& plan, Random& random) {
        capture(plan, random);
        plan.drain_at = Microseconds(random.below(random.chance(0.5) ? 20'000 : 300'000));
        if (random.chance(0.3)) plan.announce_at = Microseconds(random.below(static_cast<std::uint64_t>(plan.drain_at->count()) + 1));
    });
}

TEST(Simulation, an_abort_lets_go_of_what_is_held_and_says_how_many_it_cut) {
    for_each_seed(seeds, [](Plan& plan, Random& random) {
        capture(plan, random);
        plan.leavings = {Leaving::waits, Leaving::half_closes, Leaving::resets, Leaving::closes, Leaving::stalls, Leaving::never_reads};
        plan.abort_at = Microseconds(random.below(random.chance(0.8) ? 30'000 : 20'000'000));
    });
}

TEST(Simulation, max_requests_is_exact_whoever_leaves_while_held) {
    for_each_seed(seeds, [](Plan& plan, Random& random) {
        capture(plan, random);
        plan.max_requests = random.between(1, 40);
        if (random.chance(0.6)) plan.leavings = {Leaving::waits, Leaving::half_closes, Leaving::resets, Leaving::closes};
    });
}

TEST(Simulation, what_fails_on_purpose_fails_as_it_is_meant_to_and_as_often_and_costs_no_other_answer) {
    for_each_seed(seeds, [](Plan& plan, Random& random) {
        let_some_fail(plan, random);
        if (random.chance(0.3)) plan.leavings = {Leaving::waits, Leaving::half_closes, Leaving::resets, Leaving::closes, Leaving::stalls};
        if (random.chance(0.3)) capture(plan, random);
    });
}

TEST(Simulation, what_hangs_ends_with_the_drain_and_was_not_cut) {
    for_each_seed(seeds, [](Plan& plan, Random& random) {
        let_some_fail(plan, random);
        plan.drain_at = Microseconds(random.below(random.chance(0.5) ? 20'000 : 300'000));
        if (random.chance(0.3)) plan.announce_at = Microseconds(random.below(static_cast<std::uint64_t>(plan.drain_at->count()) + 1));
        plan.abort_at = *plan.drain_at + Microseconds(random.between(5'000'000, 60'000'000));
    });
}

TEST(Simulation, max_requests_is_exact_however_they_fail) {
    for_each_seed(seeds, [](Plan& plan, Random& random) {
        let_some_fail(plan, random);
        plan.max_requests = random.between(1, 40);
        if (random.chance(0.3)) plan.leavings = {Leaving::waits, Leaving::half_closes, Leaving::resets, Leaving::closes};
        if (random.chance(0.3)) capture(plan, random);
    });
}

TEST(Simulation, everything_at_once_leaves_nothing_behind) {
    for_each_seed(seeds, [](Plan& plan, Random& random) {
        plan.leavings = {Leaving::waits, Leaving::half_closes, Leaving::resets, Leaving::closes, Leaving::stalls, Leaving::never_reads};
        plan.knobs.receive_error = plan.knobs.send_error = plan.knobs.accept_error = random.chance(0.5) ? 0.02 : 0;
        plan.descriptors_run_out = random.chance(0.2);
        if (random.chance(0.5)) plan.drain_at = Microseconds(random.below(500'000));
        if (random.chance(0.3)) plan.announce_at = Microseconds(random.below(500'000));
        if (random.chance(0.3)) plan.max_requests = random.between(1, 60);
        plan.arrivals = Microseconds(random.between(1, 2'000'000));
        if (random.chance(0.5)) capture(plan, random);
        if (random.chance(0.5)) let_some_fail(plan, random);
    });
}

}  // namespace
}  // namespace tinyhttpd::simulation
