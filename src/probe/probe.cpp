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

Verdict probe(const Target& target, std::string_view request, const Expectation& expected) {
    using Clock = std::chrono::steady_clock;
    using std::chrono::milliseconds;
    const bool is_waiting = expected.wait.count() > 0;
    const Clock::time_point begin = Clock::now();
    const Clock::time_point deadline = begin + expected.wait;
    const bool is_counted = expected.retries || !is_waiting;
    std::uint64_t left = expected.retries.value_or(0);
    Verdict verdict;
    for (Clock::duration pause = milliseconds(50);; pause = std::min<Clock::duration>(2 * pause, milliseconds(1000))) {
        verdict.why = judge(ask_once(target, request, expected.timeout), expected);
        ++verdict.attempts;
        const Clock::time_point now = Clock::now();
        verdict.took = now - begin;
        if (!verdict.why || (is_counted && left-- == 0)) return verdict;
        if (is_waiting) {
            if (now >= deadline) return verdict;
            pause = std::min(pause, deadline - now);
        }
        std::this_thread::sleep_for(pause);
    }
}

std::string patience_text(const Verdict& verdict) {
    if (verdict.attempts < 2) return {};
    const auto tenths = std::chrono::floor<std::chrono::duration<std::int64_t, std::deci>>(verdict.took).count();
    return " (after " + std::to_string(verdict.attempts) + " attempts in " + std::to_string(tenths / 10) + '.' +
           std::to_string(tenths % 10) + " s)";
}

}  // namespace tinyhttpd::probe
