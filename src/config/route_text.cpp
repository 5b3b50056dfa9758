// SPDX-License-Identifier: MIT
// Where the words of a route begin and end, and what a path or a method cannot be. The status is read by value.cpp, like that of any
// answer; which route is taken for a request is site/'s.
#include "config/route_text.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "config/value.hpp"

namespace tinyhttpd::config {

namespace {

/// Takes the next word off `text`, spaces in front of it and one behind it: what follows that one may be a body.
std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const auto space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    return word;
}

bool covers(const std::string& prefix_or_path, const std::string& path) {
    if (!prefix_or_path.ends_with('*')) return prefix_or_path == path;
    return std::string_view(path).starts_with(std::string_view(prefix_or_path).substr(0, prefix_or_path.size() - 1));
}

bool takes(const RouteConfig& route, std::string_view method) {
    return route.methods.empty() || std::ranges::any_of(route.methods, [method](const std::string& one) {
               return one == method || (one == "GET" && method == "HEAD");
           });
}

bool is_like_method(std::string_view word) {
    return !word.empty() && std::ranges::all_of(word, [](char byte) { return byte >= 'A' && byte <= 'Z'; });
}

bool is_number(std::string_view word) {
    return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A route that is right, with what can be told apart in `text` in its place and an example of what is missing.
std::string example_from(std::string_view text) {
    std::string method;
    std::string path;
    std::string status;
    while (!trim(text).empty()) {
        std::string_view behind = text;
        const std::string_view word = take_word(behind);
        std::string_view peek = behind;
        const bool is_method = is_like_method(word) && !problem_of_method(word) && (path.empty() || is_number(take_word(peek)));
        if (method.empty() && status.empty() && is_method) {
            method = std::string(word) + ' ';
        } else if (status.empty() && is_number(word)) {
            status = word.size() == 3 && word >= "200" ? word : "200";
        } else if (path.empty() && !problem_of_path(word)) {
            path = word;
        } else if (path.empty() && status.empty() && !problem_of_path('/' + std::string(word))) {
            path = '/' + std::string(word);
        } else {
            break;  // the body
        }
        text = behind;
    }
    return method + (path.empty() ? "/x" : path) + ' ' + (status.empty() ? "200" : status) +
           (trim(text).empty() ? "" : ' ' + std::string(text));
}

/// Whether each '%' has its two hexadecimal digits; in a prefix the end may cut them.
bool has_whole_escapes(std::string_view path) {
    const bool is_prefix = path.ends_with('*');
    if (is_prefix) path.remove_suffix(1);
    for (auto at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
        const std::string_view digits = path.substr(at + 1, 2);
        if (digits.size() < 2 && !is_prefix) return false;
        if (!std::ranges::all_of(digits, [](char byte) { return ascii::is(byte, ascii::hex_digit); })) return false;
    }
    return true;
}

}  // namespace

std::expected<RouteText, std::string> parse_route(std::string_view text) {
    RouteText route;
    const auto refuse = [whole = text](const std::string& what) {
        return std::unexpected(what + " (try '" + excerpt(example_from(whole)) + "')");
    };
    const auto is_path = [](std::string_view word) { return word.starts_with('/') || word.starts_with('*'); };
    std::string_view word = take_word(text);
    if (word.empty()) return refuse("expected '[METHOD ]PATH STATUS [BODY]'");
    if (is_number(word)) return refuse("the status comes behind the path");
    if (!is_path(word) && (!text.empty() || is_like_method(word))) {
        // A method, or a path that lacks its slash.
        std::string_view behind = text;
        const std::string_view next = take_word(behind);
        const bool is_status = next.empty() || is_number(next);
        if (is_status && is_like_method(word)) return refuse("the path is missing behind " + excerpt(word));
        if (!is_status) {
            if (auto problem = problem_of_method(word)) return std::unexpected(*std::move(problem));
            route.method = word;
            word = take_word(text);
        }
    }
    if (!is_path(word)) return refuse("the path " + shown(word) + " begins with no '/'");
    route.path = word;
    if (auto problem = problem_of_path(route.path)) return std::unexpected(*std::move(problem));
    route.status = take_word(text);
    if (route.status.empty()) return refuse("the status is missing");
    if (!is_number(route.status)) return refuse("expected a status code behind the path, not " + shown(route.status));
    if (text.empty()) return route;
    if (text.starts_with("@@")) {
        route.body = text.substr(1);
    } else if (text.starts_with('@')) {
        if (text.size() == 1) return std::unexpected("the name of a file is missing behind the '@' (a body that begins with one: '@@')");
        route.body_file = text.substr(1);
    } else {
        route.body = text;
    }
    return route;
}

std::optional<std::string> problem_of_path(std::string_view path) {
    if (path == "*") return {};
    if (!path.starts_with('/')) {
        const std::string meant = '/' + std::string(path);
        return "the path " + shown(path) + " begins with no '/'" + (problem_of_path(meant) ? "" : " (try '" + excerpt(meant) + "')");
    }
    if (const auto star = path.find('*'); star != std::string_view::npos && star + 1 != path.size())
        return "a '*' stands for the rest of the path, and only at its end";
    if (path.find('?') != std::string_view::npos) return "a path holds no '?': the query is left out";
    if (!has_whole_escapes(path)) return "a '%' without two hexadecimal digits is in no request target";
    for (const char byte : path) {
        if (byte != '%' && !ascii::is(byte, ascii::target_char)) return "the path holds a byte that no request target has";
    }
    return {};
}

std::optional<std::string> problem_of_exact_path(std::string_view path) {
    if (auto problem = problem_of_path(path)) return problem;
    if (path.ends_with('*')) return "expected one path, without '*'";
    return {};
}

std::optional<std::string> problem_of_method(std::string_view method) {
    if (!is_token(method)) return shown(method) + " is no method: a method is a token";
    // RFC 9110 §9.3.6, §9.3.8: the first would open a tunnel, the second reflects the request.
    if (method == "CONNECT" || method == "TRACE") return std::string(method) + " is always answered 405";
    const auto is_small = [](char byte) { return byte >= 'a' && byte <= 'z'; };
    if (std::ranges::all_of(method, is_small)) {
        std::string meant(method);
        for (char& byte : meant) byte = static_cast<char>(byte - ('a' - 'A'));
        return "methods are case-sensitive (did you mean '" + meant + "'?)";
    }
    return {};
}

std::vector<const RouteConfig*> shadows_of_last(std::span<const RouteConfig> routes) {
    const RouteConfig& last = routes.back();
    const auto earlier = routes.first(routes.size() - 1);
    std::vector<const RouteConfig*> shadows;
    // Notes the first route that answers; returns whether there is one.
    const auto is_answered = [&](auto answers) {
        const auto found =
            std::ranges::find_if(earlier, [&](const RouteConfig& route) { return covers(route.path, last.path) && answers(route); });
        if (found == earlier.end()) return false;
        if (std::ranges::find(shadows, &*found) == shadows.end()) shadows.push_back(&*found);
        return true;
    };
    const bool is_hidden = last.methods.empty()
                               ? is_answered([](const RouteConfig& route) { return route.methods.empty(); })
                               : std::ranges::all_of(last.methods, [&](const std::string& method) {
                                     return is_answered([&method](const RouteConfig& route) { return takes(route, method); });
                                 });
    if (!is_hidden) shadows.clear();
    return shadows;
}

}  // namespace tinyhttpd::config
