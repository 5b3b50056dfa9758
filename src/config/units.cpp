// SPDX-License-Identifier: MIT
// The parsers of units.hpp. A unit is a row of a table; what has none is a number that from_chars reads to its end.
#include "config/units.hpp"

#include <array>
#include <charconv>
#include <limits>

#include "base/ascii.hpp"

namespace tinyhttpd::config {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::array<Unit, 7> size_units = {{{"", 1},
                                             {"k", std::uint64_t{1} << 10},
                                             {"M", std::uint64_t{1} << 20},
                                             {"G", std::uint64_t{1} << 30},
                                             {"KiB", std::uint64_t{1} << 10},
                                             {"MiB", std::uint64_t{1} << 20},
                                             {"GiB", std::uint64_t{1} << 30}}};
constexpr std::array<Unit, 5> duration_units = {
    {{"us", 1}, {"ms", 1000}, {"s", 1'000'000}, {"m", std::uint64_t{60} * 1'000'000}, {"h", std::uint64_t{3600} * 1'000'000}}};

constexpr std::string_view size_form = "expected a size such as 512, 4k or 1M";
constexpr std::string_view duration_form = "expected a duration such as 250us, 100ms, 5s, 1m, 2h or 0";

std::unexpected<std::string> refuse(std::string_view text) {
    return std::unexpected(std::string(text));
}

struct Quantity {
    std::uint64_t number = 0;
    std::string_view unit;
    bool overflow = false;
};

/// The digits in front and what follows them; nothing when there are no digits in front.
std::expected<Quantity, std::string> split(std::string_view text, std::string_view form) {
    Quantity quantity;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), quantity.number);
    if (failure == std::errc::invalid_argument) return refuse(form);
    quantity.unit = text.substr(static_cast<std::size_t>(end - text.data()));
    quantity.overflow = failure == std::errc::result_out_of_range;
    return quantity;
}

/// number × factor, which stays within a signed 64-bit number as TOML has it.
std::expected<std::uint64_t, std::string> multiply(const Quantity& quantity, std::uint64_t factor) {
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (quantity.overflow || quantity.number > largest / factor) return refuse("the number is too large");
    return quantity.number * factor;
}

}  // namespace

std::expected<std::uint64_t, std::string> parse_count(std::string_view text) {
    const auto quantity = split(text, "expected a whole number");
    if (!quantity) return std::unexpected(quantity.error());
    if (!quantity->unit.empty()) return refuse("expected a whole number");
    return multiply(*quantity, 1);
}

std::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
    const auto quantity = split(text, size_form);
    if (!quantity) return std::unexpected(quantity.error());
    for (const Unit& unit : size_units)
        if (equals_ignore_case(unit.name, quantity->unit)) return multiply(*quantity, unit.factor);
    return refuse(size_form);
}

std::expected<Duration, std::string> parse_duration(std::string_view text) {
    const auto quantity = split(text, duration_form);
    if (!quantity) return std::unexpected(quantity.error());
    if (quantity->unit.empty()) {
        if (quantity->number == 0 && !quantity->overflow) return Duration::zero();
        return std::unexpected("a duration needs a unit: " + std::string(text) + "ms or " + std::string(text) + "s?");
    }
    for (const Unit& unit : duration_units) {
        if (unit.name != quantity->unit) continue;
        const auto microseconds = multiply(*quantity, unit.factor);
        if (!microseconds) return std::unexpected(microseconds.error());
        return Duration(static_cast<Duration::rep>(*microseconds));
    }
    return refuse(duration_form);
}

std::expected<bool, std::string> parse_boolean(std::string_view text) {
    for (const std::string_view word : {"true", "yes", "on", "1"})
        if (equals_ignore_case(text, word)) return true;
    for (const std::string_view word : {"false", "no", "off", "0"})
        if (equals_ignore_case(text, word)) return false;
    return refuse("expected true or false");
}

std::expected<std::uint32_t, std::string> parse_mode(std::string_view text) {
    std::uint32_t mode = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    if (failure != std::errc{} || end != text.data() + text.size() || mode > 0777)
        return refuse("expected permissions in octal, 0000 to 0777, such as 0660");
    return mode;
}

std::string size_text(std::uint64_t bytes) {
    for (const std::size_t unit : {3U, 2U, 1U}) {
        const auto& [name, factor] = size_units[unit];
        if (bytes != 0 && bytes % factor == 0) return std::to_string(bytes / factor) + std::string(name);
    }
    return std::to_string(bytes);
}

std::string duration_text(Duration duration) {
    const auto microseconds = static_cast<std::uint64_t>(duration.count());
    if (microseconds == 0) return "0";
    const Unit* best = duration_units.data();
    for (const Unit& unit : duration_units)
        if (microseconds % unit.factor == 0) best = &unit;
    return std::to_string(microseconds / best->factor) + std::string(best->name);
}

}  // namespace tinyhttpd::config
