// SPDX-License-Identifier: MIT
// Fuzz target: any bytes as a --route, a --sequence, a --fault, a --delay or a path, by the first byte. What is accepted keeps
// within its bounds; what is refused is refused in one line.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/verify.hpp"
#include "config/outcome_text.hpp"
#include "config/route_text.hpp"

namespace {

using namespace tinyhttpd::config;

template <class Parsed>
bool accepted(const Parsed& parsed) {
    if (parsed) return true;
    VERIFY(!parsed.error().empty());
    for (const char byte : parsed.error()) VERIFY(static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7f);
    return false;
}

template <class Shares>
void check_shares(const Shares& shares) {
    std::uint64_t sum = 0;
    for (const auto& share : shares) {
        VERIFY(share.millionths > 0);
        sum += share.millionths;
    }
    VERIFY(sum <= whole);
}

void check_outcome(const Outcome& outcome) {
    VERIFY(outcome.status == 0 || (outcome.fault == Fault::none && outcome.status >= 200 && outcome.status <= 999));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0]) {
        case 'r':
            if (const auto route = parse_route(text); accepted(route)) {
                VERIFY(!problem_of_path(route->path));
                VERIFY(route->method.empty() || !problem_of_method(route->method));
                VERIFY(!route->status.empty() && !(route->body && route->body_file));
            }
            break;
        case 's':
            if (const auto steps = parse_sequence(text); accepted(steps)) {
                VERIFY(!steps->empty());
                for (const auto& [outcome, times] : *steps) check_outcome(outcome), VERIFY(times > 0);
            }
            break;
        case 'f':
            if (const auto shares = parse_faults(text); accepted(shares)) {
                check_shares(*shares);
                for (const auto& share : *shares) check_outcome(share.outcome);
            }
            break;
        case 'd':
            if (const auto delays = parse_delays(text); accepted(delays)) {
                check_shares(*delays);
                for (const Delay& delay : *delays) VERIFY(delay.low.count() >= 0 && delay.low <= delay.high);
            }
            break;
        default: static_cast<void>(problem_of_exact_path(text));
    }
    return 0;
}
