// SPDX-License-Identifier: MIT
#include "probe/probe.hpp"

#include <algorithm>
#include <thread>

namespace tinyhttpd::probe {

std::optional<std::string> judge(const std::expected<Answer, std::string>& answer, const Expectation& expected) {
    if (!answer) return answer.error();
    if (answer->status < expected.status_min || answer->status > expected.status_max) {
        std::string wanted = std::to_string(expected.status_min);
        if (expected.status_max != expected.status_min) wanted += '-' + std::to_string(expected.status_max);
        return "status " + std::to_string(answer->status) + ", expected " + wanted;
    }
    if (expected.body && answer->body.find(*expected.body) == std::string::npos) return "the body does not hold '" + *expected.body + "'";
    return std::nullopt;
}

std::optional<std::string> probe(const Target& target, const Expectation& expected) {
    using Clock = std::chrono::steady_clock;
    using std::chrono::milliseconds;
    const bool is_waiting = expected.wait.count() > 0;
    const Clock::time_point deadline = Clock::now() + expected.wait;
    const bool is_counted = expected.retries || !is_waiting;
    std::uint64_t left = expected.retries.value_or(0);
    for (Clock::duration pause = milliseconds(50);; pause = std::min<Clock::duration>(2 * pause, milliseconds(1000))) {
        auto why = judge(ask_once(target, expected.timeout), expected);
        if (!why || (is_counted && left-- == 0)) return why;
        if (is_waiting) {
            const Clock::duration rest = deadline - Clock::now();
            if (rest <= Clock::duration::zero()) return why;
            pause = std::min(pause, rest);
        }
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace tinyhttpd::probe
