// SPDX-License-Identifier: MIT
#include "config/expect_text.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
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

/// An expectation that is right, with what can be told apart in `words` in its place and an example of what is missing.
std::string example_from(std::span<const std::string_view> words, std::string_view method_missing = "GET", std::string count = {});

Refusal read_count(std::string_view word, std::span<const std::string_view> behind, Expectation& expectation) {
    const auto with = [behind](const std::string& count) { return "'" + example_from(behind, "GET", count) + "'"; };
    const auto refuse = [&] { return "the count " + shown(word) + " is none: it is 2, 2+, 1-3 or 0 (try " + with("2 ") + ")"; };
    const std::size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
    const auto first = parse_count(word.substr(0, digits));
    if (!first) return refuse();
    expectation.count_min = *first;
    expectation.count_max = *first;
    const std::string_view rest = word.substr(digits);
    if (rest == "+") {
        if (*first == 0) return "the count 0+ is met by whatever comes (try " + with("0 ") + " for none, or " + with("1+ ") + ")";
        expectation.count_max.reset();
    } else if (rest.starts_with('-')) {
        const auto last = parse_count(rest.substr(1));
        if (!last) return refuse();
        if (*last < *first)
            return "the count " + shown(word) + " ends before it begins (try " +
                   with(std::to_string(*last) + '-' + std::to_string(*first) + ' ') + ")";
        expectation.count_max = *last;
    } else if (!rest.empty()) {
        return refuse();
    }
    return {};
}

std::string example_from(std::span<const std::string_view> words, std::string_view method_missing, std::string count) {
    std::string method;
    std::string path;
    std::string slashless;
    Expectation ignored;
    for (const std::string_view word : words) {
        if (count.empty() && is_count(word) && !read_count(word, {}, ignored)) {
            count = std::string(word) + ' ';
        } else if (method.empty() && (word == "*" || (word.front() >= 'A' && word.front() <= 'Z' && !problem_of_method(word)))) {
            method = word;
        } else if (path.empty() && !problem_of_path(word)) {
            path = word;
        } else if (std::string with_slash = '/' + std::string(word); !problem_of_path(with_slash)) {
            slashless = std::move(with_slash);
        }
    }
    if (path.empty()) path = slashless.empty() ? "/" : slashless;
    if (method.empty()) method = method_missing;
    return excerpt(count + method + ' ' + path);
}

std::string count_text(const Expectation& expectation) {
    std::string least = std::to_string(expectation.count_min);
    if (!expectation.count_max) return least + '+';
    if (*expectation.count_max == expectation.count_min) return least;
    return least + '-' + std::to_string(*expectation.count_max);
}

}  // namespace

std::expected<Expectation, std::string> parse_expectation(std::string_view text) {
    const std::vector<std::string_view> words = words_of(text);
    const auto refuse = [&words](const std::string& what) { return std::unexpected(what + " (try '" + example_from(words) + "')"); };
    Expectation expectation;
    std::span<const std::string_view> request = words;
    const bool has_count = !words.empty() && is_count(words.front());
    if (has_count) {
        request = request.subspan(1);
        if (auto refusal = read_count(words.front(), request, expectation)) return std::unexpected(*std::move(refusal));
    }
    if (request.empty()) return refuse("the method and the path are missing");
    const bool begins_with_path = request[0].starts_with('/');
    if (request.size() == 1 && begins_with_path)
        return std::unexpected("the method is missing (try '" + example_from(words) + "', or '" + example_from(words, "*") + "' for any)");
    if (request.size() == 1) return refuse("the path is missing");
    if (!has_count && std::ranges::any_of(request, is_count)) return refuse("the count comes first");
    if (begins_with_path) return refuse("the method comes before the path");
    if (request.size() > 2 && request[1].starts_with('/')) return refuse("nothing follows on the path, not " + shown(request[2]));
    if (request.size() > 2) return refuse("expected '[COUNT ]METHOD PATH', and no more words");
    expectation.method = request[0];
    expectation.path = request[1];
    if (auto problem = problem_of_method(request[0])) return std::unexpected(*std::move(problem));
    if (!request[1].starts_with('/') && request[1] != "*") return refuse("the path " + shown(request[1]) + " begins with no '/'");
    if (auto problem = problem_of_path(request[1])) return std::unexpected(*std::move(problem));
    return expectation;
}

std::string expectation_text(const Expectation& expectation) {
    std::string request = expectation.method + ' ' + expectation.path;
    if (expectation.count_min == 1 && !expectation.count_max) return request;
    return count_text(expectation) + ' ' + request;
}

}  // namespace tinyhttpd::config
