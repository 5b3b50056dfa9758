// SPDX-License-Identifier: MIT
// The option table: every option of the server is declared once, here. The command line, the environment, the TOML keys, --help and
// --print-config are read off it, and a test holds the man pages, the completions and config.example.toml to it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace tinyhttpd::config {

/// How the text of an option is understood (value.hpp).
enum class Type : std::uint8_t {
    action,         ///< is no setting: --help; on the command line only; takes no value, or with "=" one of `choices`
    boolean,        ///< --x and, when it is on by default, --no-x
    text,           ///< byte-exact
    media_type,     ///< the value of a Content-Type
    input_path,     ///< a file that is read; "-" is standard input; never empty
    output_path,    ///< a file that is written, or one of `choices`; never empty
    choice,         ///< one of `choices`
    count,          ///< digits, minimum to maximum
    count_or_auto,  ///< the same, or `auto` (stored as 0)
    size,           ///< bytes: 512, 4k, 1M
    duration,       ///< 250us, 100ms, 5s, 1m, 2h or 0; minimum and maximum are in microseconds
    status,         ///< a status code that a final answer can have
    status_range,   ///< one of them, or the first and the last: 200-399
    mode,           ///< octal permission bits
    addresses,      ///< a list of listen addresses
    headers,        ///< a list of 'Name: value'
    variants,       ///< a list of 'CODING: FILE', each coding once
    origin,         ///< of the CORS protocol: "*" or scheme://host
    path,           ///< of a URL, exact
    sequence,       ///< outcomes in order
    faults,         ///< outcomes with shares
    delays,
    routes,        ///< a list of '[METHOD ]PATH STATUS [BODY]'; in a file, of tables
    methods,       ///< a list of methods
    expectations,  ///< a list of '[COUNT ]METHOD PATH'
};

/// The value of an option, once understood. A list grows by one element with each text.
struct Value {
    std::uint64_t number = 0;  ///< count, size, status, mode; the index of a choice; 1 for true; the first of a range
    std::uint64_t last = 0;    ///< of a range
    Duration duration{};
    Place place;  ///< of the text read last
    std::string text;
    std::vector<ListenAddress> addresses;
    std::vector<Header> headers;
    std::vector<Variant> variants;
    std::vector<SequenceStep> sequence;
    std::vector<FaultShare> faults;
    std::vector<Delay> delays;
    std::vector<std::string> texts;  ///< methods
    std::vector<Expectation> expectations;
};

struct Option {
    std::string_view name;      ///< the long flag without dashes
    char letter = '\0';         ///< the short flag, if any
    std::string_view key = {};  ///< the dotted TOML key; empty: not in the file
    Type type = Type::text;
    std::string_view value_name = {};                ///< what --help calls the value
    std::string_view default_text = {};              ///< parses to what Config{} holds; empty: there is no default to write down
    std::string_view help = {};                      ///< what follows the flag in --help; the default is added to it
    std::span<const std::string_view> choices = {};  ///< in the order of the enum, for a choice
    std::uint64_t minimum = 0;
    std::uint64_t maximum = ~std::uint64_t{0};
    std::string_view alias = {};                     ///< an undocumented long flag that peers' users try
    void (*store)(Config&, const Value&) = nullptr;  ///< none: load() itself acts on it, or the next does
    /// Of what belongs to one answer: a key of [response] and of each [[route]].
    void (*store_response)(ResponseConfig&, const Value&) = nullptr;
};

/// Options under one heading of --help.
struct OptionGroup {
    std::string_view heading;
    std::span<const Option> options;
    bool is_rare = false;  ///< its defaults do for nearly everybody: only --help=all shows it
};

/// The whole table, in the order of --help.
[[nodiscard]] std::span<const OptionGroup> option_groups();

/// Every option, in the order of the table.
[[nodiscard]] std::span<const Option* const> all_options();

/// The option of that long name. Requires that there is one (VERIFY).
[[nodiscard]] const Option& option_named(std::string_view name);

/// What only a [[route]] has: its path and methods, with the keys of their own names.
[[nodiscard]] std::span<const Option> route_options();

/// The option that a key of a [[route]] sets; null: none does.
[[nodiscard]] const Option* option_of_route(std::string_view key);
/// The key of an option in a [[route]]. Requires that it may be there.
[[nodiscard]] std::string_view key_in_route(const Option& option);

[[nodiscard]] constexpr bool is_list(Type type) {
    return type == Type::addresses || type == Type::headers || type == Type::variants || type == Type::routes || type == Type::methods ||
           type == Type::expectations;
}
[[nodiscard]] constexpr bool is_flag(Type type) {
    return type == Type::action || type == Type::boolean;
}
/// Whether --no-x is offered: only where it changes something.
[[nodiscard]] constexpr bool is_negatable(const Option& option) {
    return option.type == Type::boolean && option.default_text == "true";
}

/// What the name of every option's variable begins with.
inline constexpr std::string_view environment_prefix = "TINYHTTPD_";

/// TINYHTTPD_MAX_TIME for max-time; empty for an action, which is never taken from the environment (images like to set
/// TINYHTTPD_VERSION).
[[nodiscard]] std::string environment_name(const Option& option);

/// TINYHTTPD_NO_KEEPALIVE for keepalive: --no-x is a flag, too. Requires is_negatable().
[[nodiscard]] std::string negated_environment_name(const Option& option);

}  // namespace tinyhttpd::config
