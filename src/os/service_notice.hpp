// SPDX-License-Identifier: MIT
// notify_service: tells the service manager how the program is doing, by the protocol of sd_notify(3): one datagram to the socket
// that NOTIFY_SOCKET names. No libsystemd: the protocol is documented as stable.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace tinyhttpd {

/// Sends `state`, such as "READY=1", to `socket`: a path, or "@name" in Linux's abstract namespace. Null or empty: nobody wants to
/// know, and nothing is done. Never waits: a thread that is left behind does, when the receiver's queue is full. The error is one for
/// a warning: serving goes on.
[[nodiscard]] Result<void> notify_service(const char* socket, std::string_view state);

}  // namespace tinyhttpd
