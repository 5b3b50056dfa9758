// SPDX-License-Identifier: MIT
// Expectations: which requests have to come (--expect), the counts of those that do, and the verdict at the end. Each worker counts in
// a Tally of its own; main adds them up when the workers have ended. It knows no configuration, and reports nothing itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tinyhttpd::site {

struct Expectation {
    std::uint64_t count_min = 1;
    std::optional<std::uint64_t> count_max = {};  ///< none: any number from count_min
    std::string method = "*";                     ///< as it is compared: case counts (RFC 9110 §9.1), and HEAD is not GET; "*": any
    std::string path = "*";                       ///< exact, or a prefix when it ends in "*", which is none of it
    std::string text = {};                        ///< what a verdict calls it, as the user would write it: "2 POST /orders"
};

using Expectations = std::vector<Expectation>;

/// What one worker has seen come. One thread at a time: the worker's, and main's when that has ended.
class Tally {
public:
    /// Requests (a method and a path) that are told apart, for the hint in a verdict. What is counted for an expectation is exact however
    /// many there are.
    static constexpr std::size_t requests_max = 1000;
    /// The longest of them: method, space and path.
    static constexpr std::size_t request_size_max = 256;

    /// `expectations` is shared by all workers, and not null.
    explicit Tally(std::shared_ptr<const Expectations> expectations);

    /// Counts a request. `path`: without query, as it came. Allocates when a request comes that is told apart, the first time, and then
    /// only; without memory for that it is counted with the others.
    void count(std::string_view method, std::string_view path) noexcept;

private:
    friend std::vector<std::string> verdict(std::span<const Tally* const> tallies);

    std::shared_ptr<const Expectations> expectations_;
    std::vector<std::uint64_t> came_;                             // by expectation
    std::map<std::string, std::uint64_t, std::less<>> requests_;  // "POST /orders": how often
    std::uint64_t others_ = 0;                                    // requests that are not told apart
};

/// One line for each expectation that all `tallies` together do not meet, in their order; none: all are met. Their expectations are the
/// same object (asserted).
///
///     expected 2 POST /orders, came 1 (nearest: POST /order, 1)
///
/// When too few came, the nearest is the request that is closest to what was expected by edit distance, of those that did not count, and
/// how often it came.
[[nodiscard]] std::vector<std::string> verdict(std::span<const Tally* const> tallies);

}  // namespace tinyhttpd::site
