// SPDX-License-Identifier: MIT
// The texts that are read off the option table: --help, --version and --print-config. They are made here and written by
// main().
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "config/command.hpp"
#include "config/layer.hpp"

namespace tinyhttpd::config {

enum class HelpScope : std::uint8_t {
    usual,  ///< without the groups that are rarely wanted; it ends with their headings
    all,
};

/// What --help of that command prints, at most 80 columns wide.
[[nodiscard]] std::string help_text(const Command& command, HelpScope scope);

/// "tinyhttpd 0.1.0 (engines: epoll)".
[[nodiscard]] std::string version_text(std::string_view version, std::span<const std::string> engines_built_in);

/// TOML that loads back to the same configuration: every key with what `effective` says, or else its default; a key with
/// neither is left out. Requires texts that parse. The error is a line for the user: TOML cannot hold it.
[[nodiscard]] std::expected<std::string, std::string> config_text(const Layer& effective, std::span<const RouteLayer> routes);

}  // namespace tinyhttpd::config
