// SPDX-License-Identifier: MIT
#include "site/expectations.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "base/edit_distance.hpp"
#include "base/verify.hpp"

namespace tinyhttpd::site {

namespace {

using Requests = std::map<std::string_view, std::uint64_t>;

bool is_prefix(const Expectation& expectation) {
    return expectation.path.ends_with('*');
}

/// What a path has to be, or to begin with.
std::string_view fixed_path(const Expectation& expectation) {
    return std::string_view(expectation.path).substr(0, expectation.path.size() - (is_prefix(expectation) ? 1 : 0));
}

bool matches(const Expectation& expectation, std::string_view method, std::string_view path) {
    if (expectation.method != "*" && expectation.method != method) return false;
    const std::string_view fixed = fixed_path(expectation);
    return is_prefix(expectation) ? path.starts_with(fixed) : path == fixed;
}

/// "POST /orders" taken apart.
std::pair<std::string_view, std::string_view> parts_of(std::string_view request) {
    const std::size_t space = request.find(' ');
    return {request.substr(0, space), request.substr(space + 1)};
}

bool is_met(const Expectation& expectation, std::uint64_t came) {
    return came >= expectation.count_min && (!expectation.count_max || came <= *expectation.count_max);
}

/// The request that is closest to the expectation and does not match it; of equally close ones the most frequent. Null: there is none.
const Requests::value_type* nearest(const Expectation& expectation, const Requests& requests) {
    const Requests::value_type* best = nullptr;
    std::size_t best_distance = 0;
    for (const auto& request : requests) {
        const auto [method, path] = parts_of(request.first);
        if (matches(expectation, method, path)) continue;
        // What "*" leaves open costs no distance.
        const std::string_view fixed = fixed_path(expectation);
        const std::string wanted = std::string(expectation.method == "*" ? method : expectation.method).append(fixed);
        const std::string came = std::string(method).append(is_prefix(expectation) ? path.substr(0, fixed.size()) : path);
        const std::size_t at_least = std::max(wanted.size(), came.size()) - std::min(wanted.size(), came.size());
        if (best != nullptr && at_least > best_distance) continue;
        const std::size_t distance = edit_distance(wanted, came);
        if (best != nullptr && (distance > best_distance || (distance == best_distance && request.second <= best->second))) continue;
        best = &request;
        best_distance = distance;
    }
    return best;
}

std::string hint(const Expectation& expectation, const Requests& requests, std::uint64_t others) {
    std::string out;
    if (const auto* const request = nearest(expectation, requests))
        out += "nearest: " + std::string(request->first) + ", " + std::to_string(request->second);
    if (others > 0)
        out += (out.empty() ? "" : "; ") + std::to_string(others) + (others == 1 ? " request was" : " requests were") + " not told apart";
    return out.empty() ? out : " (" + out + ")";
}

}  // namespace

Tally::Tally(std::shared_ptr<const Expectations> expectations) : expectations_(std::move(expectations)), came_(expectations_->size()) {}

void Tally::count(std::string_view method, std::string_view path) noexcept {
    for (std::size_t i = 0; i < came_.size(); ++i) came_[i] += matches((*expectations_)[i], method, path) ? 1 : 0;

    std::array<char, request_size_max> buffer;
    if (method.size() + 1 + path.size() > buffer.size()) {
        ++others_;
        return;
    }
    char* end = std::ranges::copy(method, buffer.data()).out;
    *end++ = ' ';
    end = std::ranges::copy(path, end).out;
    const std::string_view request(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    if (const auto found = requests_.find(request); found != requests_.end()) {
        ++found->second;
        return;
    }
    if (requests_.size() < requests_max) {
        try {
            requests_.emplace(request, 1);
            return;
        } catch (const std::exception&) {  // no memory
        }
    }
    ++others_;
}

std::vector<std::string> verdict(std::span<const Tally* const> tallies) {
    std::vector<std::string> lines;
    if (tallies.empty()) return lines;
    const Expectations& expectations = *tallies.front()->expectations_;
    std::vector<std::uint64_t> came(expectations.size());
    Requests requests;
    std::uint64_t others = 0;
    for (const Tally* const tally : tallies) {
        VERIFY(tally->expectations_.get() == &expectations);
        for (std::size_t i = 0; i < came.size(); ++i) came[i] += tally->came_[i];
        for (const auto& [request, count] : tally->requests_) requests[request] += count;
        others += tally->others_;
    }
    for (std::size_t i = 0; i < came.size(); ++i) {
        const Expectation& expectation = expectations[i];
        if (is_met(expectation, came[i])) continue;
        lines.push_back("expected " + expectation.text + ", came " + std::to_string(came[i]) +
                        (came[i] < expectation.count_min ? hint(expectation, requests, others) : std::string()));
    }
    return lines;
}

}  // namespace tinyhttpd::site
