// SPDX-License-Identifier: MIT
// A thread for one who writes and does little else: LineWriter's and the capture's.
#pragma once

namespace tinyhttpd::log {

/// Starts a detached thread that runs `run(argument)`, gets no signals, and has a stack of 256 kB: the usual 8 MB cannot be had when memory
/// runs out, which is one of the things that have to be said. The errno when it cannot be had either, or a limit on processes forbids it
/// (EAGAIN); 0: it runs.
[[nodiscard]] int start_small_thread(void* (*run)(void*), void* argument) noexcept;

}  // namespace tinyhttpd::log
