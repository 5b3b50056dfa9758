// SPDX-License-Identifier: MIT
// The socket system calls of the engines, in the one form they want on every system: EINTR retried, results as
// counts or negative errno, no SIGPIPE, new descriptors non-blocking and close-on-exec.
#pragma once

#include <cstddef>
#include <span>

#include "base/protocol.hpp"

namespace tinyhttpd::io {

/// A connected descriptor, or -errno. Errors that belong to the peer or its network (accept(2): "treat them like EAGAIN") are
/// retried; -EAGAIN when nobody waits.
[[nodiscard]] int accept_connection(int listener);

/// Bytes received, 0 for FIN, or -errno.
[[nodiscard]] long receive_bytes(int fd, char* buffer, std::size_t size);

/// Bytes taken by the kernel, or -errno. At most Batch::capacity slices. `more`: a FIN follows at once, so that a segment that is
/// not full may wait for it (MSG_MORE in send(2), where there is one).
[[nodiscard]] long send_slices(int fd, std::span<const Slice> slices, bool more);

/// From now on close(2) of it sends RST (socket(7), SO_LINGER).
void reset_at_close(int fd);

/// Bytes of what was sent that the peer's kernel has not acknowledged (on a unix socket: that the peer has not read); 0 where the system
/// does not tell.
[[nodiscard]] std::size_t unreceived_bytes(int fd);

}  // namespace tinyhttpd::io
