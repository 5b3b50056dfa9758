// SPDX-License-Identifier: MIT
// Lists, shares, outcomes and delays, each read by one function that the three grammars have in common. What is drawn from them, and
// when, is site/'s.
#include "config/outcome_text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "config/suggest.hpp"
#include "config/units.hpp"
#include "config/value.hpp"

namespace tinyhttpd::config {

namespace {

template <class T>
using Parsed = std::expected<T, std::string>;

const std::array<std::string, 6>& outcome_words() {
    static const std::array<std::string, 6> words = {"ok", "close", "reset", "hang", "truncate", "garbage"};
    return words;
}

Parsed<Outcome> parse_outcome(std::string_view text) {
    const auto word = std::ranges::find(outcome_words(), text);
    if (word != outcome_words().end()) return Outcome{static_cast<Fault>(word - outcome_words().begin()), 0};
    if (const auto code = parse_count(text)) {
        // RFC 9110 §15.2: a client goes on waiting for the final answer after a 1xx.
        if (*code >= 100 && *code < 200) return std::unexpected("a 1xx status is never a final answer; expected 200 to 999");
        if (*code >= 200 && *code <= 999) return Outcome{Fault::none, static_cast<int>(*code)};
        return std::unexpected("expected a status code, 200 to 999, not " + shown(text));
    }
    if (text.ends_with('%'))
        return std::unexpected("a share, as in " + shown(text) + ", is for --fault: a sequence is in order of arrival");
    if (const auto sign = text.find('x'); sign != std::string_view::npos && parse_count(text.substr(0, sign)))
        return std::unexpected("how many times, as in " + shown(text) + ", is for --sequence: a fault is by chance");
    const std::string_view meant = nearest(text, outcome_words());
    return std::unexpected("expected ok, a status code, close, reset, hang, truncate or garbage, not " + shown(text) +
                           (meant.empty() ? "" : " (did you mean '" + std::string(meant) + "'?)"));
}

/// Millionths of all: up to four decimals of a per cent.
Parsed<std::uint32_t> parse_share(std::string_view text) {
    const std::string remedy = "expected a share with its '%', as in 5% or 0.5%, not " + shown(text);
    if (!text.ends_with('%')) return std::unexpected(remedy);
    text.remove_suffix(1);
    const auto point = text.find('.');
    const auto units = parse_count(text.substr(0, point));
    if (!units) return std::unexpected(remedy);
    std::uint64_t fraction = 0;
    if (point != std::string_view::npos) {
        const std::string_view digits = text.substr(point + 1);
        const auto count = parse_count(digits);
        if (!count || digits.size() > 4) return std::unexpected(remedy + " (at most four decimals)");
        fraction = *count;
        for (std::size_t i = digits.size(); i < 4; ++i) fraction *= 10;
    }
    if (*units > 100 || *units * 10'000 + fraction > whole) return std::unexpected("more than 100% (" + shown(text) + "%)");
    return static_cast<std::uint32_t>(*units * 10'000 + fraction);
}

/// Calls `read` with each member of a list; the first refusal ends it.
template <class Read>
std::optional<std::string> for_each_member(std::string_view text, Read read) {
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string_view member = text.substr(begin, end - begin);
        if (member.empty()) return text.empty() ? "the list is empty" : "a member of the list is empty";
        if (auto refusal = read(member)) return refusal;
        begin = end + 1;
    }
    return {};
}

/// `503:5%` for `5%:503`, `503=5%` and the like: what there is, then its share.
std::string share_last(std::string_view member) {
    const auto sign = std::min(member.find_first_of(":= "), member.size());
    std::string_view what = member.substr(0, sign);
    std::string_view share = member.substr(std::min(sign + 1, member.size()));
    if (what.ends_with('%') && !share.ends_with('%')) std::swap(what, share);
    return std::string(what) + ':' + std::string(share);
}

/// What `parse` makes of what is right in another form.
template <class Parse>
std::optional<std::string> problem_of_form(std::string_view member, Parse parse) {
    const std::string meant = share_last(member);
    if (meant == member || !parse(meant)) return {};
    return "a share follows on its ':', behind what it is of (try '" + excerpt(meant) + "')";
}

/// What `members` leave of the whole; none: they are more than that.
template <class Members>
std::optional<std::uint32_t> rest_of(const Members& members) {
    std::uint64_t sum = 0;
    for (const auto& member : members) sum += member.millionths;
    if (sum > whole) return std::nullopt;
    return static_cast<std::uint32_t>(whole - sum);
}

Parsed<Delay> parse_delay(std::string_view text) {
    Delay delay;
    const auto sign = text.find_first_of("-~");
    const auto low = parse_duration(text.substr(0, sign));
    if (!low) return std::unexpected(low.error());
    delay.low = delay.high = *low;
    if (sign == std::string_view::npos) return delay;
    const auto high = parse_duration(text.substr(sign + 1));
    if (!high) return std::unexpected(high.error());
    delay.high = *high;
    if (text[sign] == '-') {
        if (delay.high < delay.low) return std::unexpected(shown(text) + ": the second duration is shorter than the first");
        return delay;
    }
    delay.kind = Delay::Kind::lognormal;
    if (delay.low.count() == 0 || delay.high <= delay.low)
        return std::unexpected(shown(text) + ": expected MEDIAN~99TH-PERCENTILE, the first above 0 and below the second");
    return delay;
}

// Far below where adding it to a clock could overflow.
constexpr Duration longest_delay = std::chrono::hours(24 * 365);

}  // namespace

Parsed<std::vector<SequenceStep>> parse_sequence(std::string_view text) {
    std::vector<SequenceStep> steps;
    const auto refusal = for_each_member(text, [&steps](std::string_view member) -> std::optional<std::string> {
        SequenceStep step;
        // "x" is in no word.
        const auto sign = member.find('x');
        auto outcome = parse_outcome(member.substr(0, sign));
        if (!outcome) return std::move(outcome).error();
        step.outcome = *outcome;
        if (sign != std::string_view::npos) {
            const auto times = parse_count(member.substr(sign + 1));
            if (!times || *times == 0) return "expected how many times behind the 'x', as in 503x2, not " + shown(member);
            step.times = *times;
        }
        steps.push_back(step);
        return {};
    });
    if (refusal) return std::unexpected(*refusal);
    return steps;
}

Parsed<std::vector<FaultShare>> parse_faults(std::string_view text) {
    std::vector<FaultShare> shares;
    const auto refusal = for_each_member(text, [&shares](std::string_view member) -> std::optional<std::string> {
        if (auto problem = problem_of_form(member, parse_faults)) return problem;
        if (member.ends_with('%') && member.find(':') == std::string_view::npos)
            return "expected what has the share, and the share, not " + shown(member) + " (try '503:5%')";
        const auto colon = member.find(':');
        auto outcome = parse_outcome(member.substr(0, colon));
        if (!outcome) return std::move(outcome).error();
        if (colon == std::string_view::npos) return "the share of " + shown(member) + " is missing (try '" + excerpt(member) + ":5%')";
        auto share = parse_share(member.substr(colon + 1));
        if (!share) return std::move(share).error();
        shares.push_back({*outcome, *share});
        return {};
    });
    if (refusal) return std::unexpected(*refusal);
    if (!rest_of(shares)) return std::unexpected("the shares are more than 100% together");
    std::erase_if(shares, [](const FaultShare& share) { return share.millionths == 0; });
    return shares;
}

Parsed<std::vector<Delay>> parse_delays(std::string_view text) {
    std::vector<Delay> delays;
    std::optional<Delay> rest;
    const auto refusal = for_each_member(text, [&](std::string_view member) -> std::optional<std::string> {
        if (auto problem = problem_of_form(member, parse_delays)) return problem;
        const auto colon = member.find(':');
        auto delay = parse_delay(member.substr(0, colon));
        if (!delay) return std::move(delay).error();
        if (delay->high > longest_delay) return "expected a duration, " + duration_text({}) + " to " + duration_text(longest_delay);
        if (colon == std::string_view::npos) {
            if (rest) return "two delays without a share: only one can take what the others leave (try '" + excerpt(member) + ":5%')";
            rest = *delay;
            return {};
        }
        auto share = parse_share(member.substr(colon + 1));
        if (!share) return std::move(share).error();
        delay->millionths = *share;
        delays.push_back(*delay);
        return {};
    });
    if (refusal) return std::unexpected(*refusal);
    const auto left = rest_of(delays);
    if (!left) return std::unexpected("the shares are more than 100% together");
    if (rest) {
        rest->millionths = *left;
        delays.push_back(*rest);
    }
    // A delay of nothing is kept as long as one comes behind it: shares are counted from the first.
    std::erase_if(delays, [](const Delay& delay) { return delay.millionths == 0; });
    while (!delays.empty() && delays.back().high.count() == 0) delays.pop_back();
    return delays;
}

}  // namespace tinyhttpd::config
