// SPDX-License-Identifier: MIT
// What is listened on, as main() needs it: opened from the configuration before any worker starts, and announced to whoever waits
// for it once connections are accepted. How a socket is bound or taken over is tcp/'s business.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "http/origin.hpp"
#include "log/diagnostics.hpp"
#include "os/port_file.hpp"
#include "tcp/listener.hpp"
#include "tcp/server_limits.hpp"

namespace tinyhttpd {

/// In the order of --listen; an inherited name may stand for several. Warns of inherited sockets that nobody asked for.
[[nodiscard]] Result<std::vector<tcp::Listener>> open_listeners(const config::Config& config, log::Diagnostics& diagnostics);

/// Their sockets, which stay theirs.
[[nodiscard]] std::vector<tcp::ListeningSocket> sockets_of(const std::vector<tcp::Listener>& listeners);

/// What HTTP has to know of each of these descriptors, in the same order.
[[nodiscard]] std::vector<http::Origin> origins_of(const std::vector<tcp::Listener>& listeners);

/// What --ready-fd names, taken over; empty without the option. An error when it was not passed in.
[[nodiscard]] Result<Fd> ready_descriptor(const config::Config& config);

/// Tells whoever waits for it that connections are accepted: --port-file, --ready-fd (`ready`, which is closed), standard output, the
/// service manager. The port file lives as long as the object. Never waits for a reader that stalls: he gets his line later, if at all.
[[nodiscard]] Result<std::optional<PortFile>> announce(const config::Config& config, const std::vector<tcp::Listener>& listeners, Fd ready,
                                                       log::Diagnostics& diagnostics);

/// sd_notify(3), if there is a service manager that wants to know; a failure is a warning.
void notify_service_manager(std::string_view state, log::Diagnostics& diagnostics);

}  // namespace tinyhttpd
