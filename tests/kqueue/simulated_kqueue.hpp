// SPDX-License-Identifier: MIT
// What a test can ask of the simulated kernel behind tests/kqueue/sys/event.h.
#pragma once

#include <sys/event.h>

#include <vector>

namespace tinyhttpd::kqueue_simulation {

/// The changes that kevent() was given for this kqueue, in order.
[[nodiscard]] std::vector<struct kevent> changes(int kqueue);
/// Makes the next kevent() of any kqueue that waits return these events and nothing else.
void script(std::vector<struct kevent> events);

}  // namespace tinyhttpd::kqueue_simulation
