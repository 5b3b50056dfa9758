// SPDX-License-Identifier: MIT
// Reload: what HUP does to the configuration. It is read again from where it came, checked as at start, and published; one that is
// wrong changes nothing. On the main thread, while the workers serve.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/load.hpp"
#include "log/diagnostics.hpp"
#include "site/board.hpp"

namespace tinyhttpd {

class Reload {
public:
    /// All outlive it. `config`: what the workers were made of.
    Reload(const config::Invocation& invocation, const config::Config& config, std::uint64_t seed,
           std::shared_ptr<site::HealthSwitch> health_switch, site::Board& board, log::Diagnostics& diagnostics);

    /// Returns whether another site is on the board: the workers are to be woken. Says what it did, or why it did nothing.
    [[nodiscard]] bool operator()();

private:
    [[nodiscard]] bool reload();
    void warn_of_what_stays(const config::Config& next);
    /// An error, and that all is as it was.
    void refuse(const std::string& line);

    const config::Invocation& invocation_;
    config::Config config_;
    std::uint64_t seed_;
    std::shared_ptr<site::HealthSwitch> health_switch_;
    site::Board& board_;
    log::Diagnostics& diagnostics_;
    std::chrono::system_clock::time_point loaded_ = std::chrono::system_clock::now();
};

}  // namespace tinyhttpd
