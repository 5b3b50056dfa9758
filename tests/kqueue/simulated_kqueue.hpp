// SPDX-License-Identifier: MIT
// What a test can ask of the simulated kernel behind tests/kqueue/sys/event.h.
#pragma once

#include <sys/event.h>

#include <optional>
#include <vector>

namespace tinyhttpd::kqueue_simulation {

/// The changes that kevent() was given for this kqueue, in order.
[[nodiscard]] std::vector<struct kevent> changes(int kqueue);
/// Makes the next kevent() of any kqueue that waits return these events and nothing else.
void script(std::vector<struct kevent> events);
/// Makes the next change with this filter fail with `error`, after those before it in its list have been made: kevent(2).
void refuse(short filter, int error);
/// From now on a connection that broke is told by one event of this filter that has EV_ERROR alone; without one, as kqueue(2) says.
void tell_breaks_as_errors(std::optional<short> filter);

}  // namespace tinyhttpd::kqueue_simulation
