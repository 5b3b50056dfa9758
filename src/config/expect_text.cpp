// SPDX-License-Identifier: MIT
#include "config/expect_text.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/ascii.hpp"
#include "config/route_text.hpp"
#include "config/units.hpp"
#include "config/value.hpp"

namespace tinyhttpd::config {

namespace {

using Refusal = std::optional<std::string>;

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (text = trim(text); !text.empty(); text = trim(text)) {
        words.push_back(text.substr(0, text.find_first_of(" \t")));
        text.remove_prefix(words.back().size());
    }
    return words;
}

/// Whether a COUNT is meant, right or wrong. A method that begins with a digit would be a token, but nobody has one.
bool is_count(std::string_view word) {
    return ascii::is(word.front(), ascii::digit);
}

Refusal read_count(std::string_view word, Expectation& expectation) {
    std::string refusal = "the count " + shown(word) + " is none (try '2', '2+', '1-3' or '0')";
    const std::size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
    const auto first = parse_count(word.substr(0, digits));
    if (!first) return refusal;
    expectation.count_min = *first;
    expectation.count_max = *first;
    const std::string_view rest = word.substr(digits);
    if (rest == "+") {
        if (*first == 0) return "the count 0+ is met by whatever comes (try '0' for none, or '1+')";
        expectation.count_max.reset();
    } else if (rest.starts_with('-')) {
        const auto last = parse_count(rest.substr(1));
        if (!last) return refusal;
        if (*last < *first)
            return "the count " + shown(word) + " ends before it begins (try '" + std::to_string(*last) + '-' + std::to_string(*first) +
                   "')";
        expectation.count_max = *last;
    } else if (!rest.empty()) {
        return refusal;
    }
    return {};
}

Refusal read_method(std::string_view word, Expectation& expectation) {
    if (!is_token(word)) return shown(word) + " is no method: a method is a token";
    const auto is_small = [](char byte) { return byte >= 'a' && byte <= 'z'; };
    if (std::ranges::all_of(word, is_small)) {
        // RFC 9110 §9.1
        std::string meant(word);
        for (char& byte : meant) byte = static_cast<char>(byte - ('a' - 'A'));
        return "methods are case-sensitive (did you mean '" + meant + "'?)";
    }
    expectation.method = word;
    return {};
}

Refusal read_path(std::string_view word, Expectation& expectation) {
    expectation.path = word;
    return problem_of_path(word);
}

std::string count_text(const Expectation& expectation) {
    std::string least = std::to_string(expectation.count_min);
    if (!expectation.count_max) return least + '+';
    if (*expectation.count_max == expectation.count_min) return least;
    return least + '-' + std::to_string(*expectation.count_max);
}

}  // namespace

std::expected<Expectation, std::string> parse_expectation(std::string_view text) {
    std::vector<std::string_view> words = words_of(text);
    Expectation expectation;
    Refusal refusal;
    std::string count;  // for what is shown as an example
    if (!words.empty() && is_count(words.front())) {
        refusal = read_count(words.front(), expectation);
        count = std::string(words.front()) + ' ';
        words.erase(words.begin());
    }
    if (refusal) return std::unexpected(*std::move(refusal));
    if (words.empty()) return std::unexpected("the method and the path are missing (try '" + count + "POST /orders')");
    if (words.size() == 1) {
        const std::string given = excerpt(words.front());
        if (given.starts_with('/'))
            return std::unexpected("the method is missing (try '" + count + "GET " + given + "', or '" + count + "* " + given +
                                   "' for any)");
        return std::unexpected("the path is missing (try '" + count + given + " /')");
    }
    if (words.size() > 2) {
        const std::string request = excerpt(words[0]) + ' ' + excerpt(words[1]);
        if (count.empty() && is_count(words[2]))
            return std::unexpected("the count comes first (try '" + excerpt(words[2]) + ' ' + request + "')");
        return std::unexpected("nothing follows on the path, not " + shown(words[2]) + " (try '" + count + request + "')");
    }
    refusal = read_method(words[0], expectation);
    if (!refusal) refusal = read_path(words[1], expectation);
    if (refusal) return std::unexpected(*std::move(refusal));
    return expectation;
}

std::string expectation_text(const Expectation& expectation) {
    std::string request = expectation.method + ' ' + expectation.path;
    if (expectation.count_min == 1 && !expectation.count_max) return request;
    return count_text(expectation) + ' ' + request;
}

}  // namespace tinyhttpd::config
