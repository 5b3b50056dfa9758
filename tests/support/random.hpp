// SPDX-License-Identifier: MIT
// Random: what a seed turns into, the same on every machine and compiler (the distributions of <random> are not). And the
// environment variable by which a failing seed is run again. Used by the fake engine and by every test that leaves something to chance.
#pragma once

#include <unistd.h>

#include <array>
#include <charconv>
#include <concepts>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <utility>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace tinyhttpd::support {

class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    /// splitmix64: one multiplication chain per number, and no seed is a bad one.
    [[nodiscard]] std::uint64_t next() {
        std::uint64_t word = state_ += 0x9e3779b97f4a7c15U;
        word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9U;
        word = (word ^ (word >> 27)) * 0x94d049bb133111ebU;
        return word ^ (word >> 31);
    }
    /// A number from 0 to bound - 1, of the bound's width: the same number on 32 bits as on 64. Requires bound > 0.
    template <std::integral Number>
    [[nodiscard]] auto below(Number bound) {
        return static_cast<std::make_unsigned_t<Number>>(next() % static_cast<std::uint64_t>(bound));
    }
    /// A number from `low` to `high`, both included. Neither is negative.
    template <std::integral Low, std::integral High>
    [[nodiscard]] auto between(Low low, High high) {
        using Number = std::make_unsigned_t<std::common_type_t<Low, High>>;
        const auto first = static_cast<std::uint64_t>(low);
        return static_cast<Number>(first + below(static_cast<std::uint64_t>(high) - first + 1));
    }
    /// True with this probability, from 0 (never) to 1 (always).
    [[nodiscard]] bool chance(double probability) { return static_cast<double>(next() >> 11) * 0x1p-53 < probability; }

    template <class List>
    [[nodiscard]] auto& pick(List& list) {
        return list[below(std::size(list))];
    }
    template <class List>
    void shuffle(List& list) {
        for (std::size_t left = list.size(); left > 1; --left) std::swap(list[left - 1], list[below(left)]);
    }

private:
    std::uint64_t state_;
};

/// TINYHTTPD_SEED, when it is set: the one seed to run instead of many.
[[nodiscard]] inline std::optional<std::uint64_t> seed_from_environment() {
    const char* text = std::getenv("TINYHTTPD_SEED");
    if (text == nullptr || *text == '\0') return std::nullopt;
    return std::stoull(text);
}

/// TINYHTTPD_SEEDS, when it is set: how many seeds to run instead of `usual`.
[[nodiscard]] inline std::uint64_t seed_count(std::uint64_t usual) {
    const char* text = std::getenv("TINYHTTPD_SEEDS");
    return text == nullptr || *text == '\0' ? usual : std::stoull(text);
}

/// The seed in the environment, or one that nobody has tried yet.
[[nodiscard]] inline std::uint64_t any_seed() {
    return seed_from_environment().value_or(std::random_device{}());
}

/// What a failing test has to print, so that it can be fed back.
[[nodiscard]] inline std::string seed_text(std::uint64_t seed) {
    return "TINYHTTPD_SEED=" + std::to_string(seed);
}

/// While it lives, the process does not die (VERIFY, a sanitizer) without saying for which seed.
class SeedAtDeath {
public:
    explicit SeedAtDeath(const std::uint64_t& seed) : before_(std::signal(SIGABRT, on_abort)) {
        seed_ = &seed;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        __sanitizer_set_death_callback(print);
#endif
    }
    SeedAtDeath(const SeedAtDeath&) = delete;
    SeedAtDeath& operator=(const SeedAtDeath&) = delete;
    ~SeedAtDeath() {
        std::signal(SIGABRT, before_);
        seed_ = nullptr;
    }

private:
    // In a signal handler: nothing that allocates.
    static void print() {
        if (seed_ == nullptr) return;
        std::array<char, 40> line = {"TINYHTTPD_SEED="};
        char* const end = std::to_chars(line.data() + std::strlen(line.data()), line.end() - 1, *seed_).ptr;
        *end = '\n';
        [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), static_cast<std::size_t>(end + 1 - line.data()));
    }
    static void on_abort(int) {
        print();
        std::signal(SIGABRT, SIG_DFL);
        std::abort();
    }

    static inline const std::uint64_t* seed_ = nullptr;
    void (*before_)(int);
};

}  // namespace tinyhttpd::support
