// SPDX-License-Identifier: MIT
// VERIFY and ASSERT: the mechanism for bugs, and only for bugs. Operating errors are Result (result.hpp);
// what a peer does wrong is a status code in the protocol. Neither ever ends up here.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace tinyhttpd {

[[noreturn, gnu::cold, gnu::noinline]] inline void verify_failed(const char* condition, const char* file, int line) {
    // A reader that stalls must not keep the process from ending.
    pollfd entry{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    if (::poll(&entry, 1, 0) != 0) std::fprintf(stderr, "tinyhttpd: bug: %s:%d: VERIFY(%s) failed\n", file, line, condition);
    std::abort();
}

}  // namespace tinyhttpd

/// Aborts when `condition` is false, in every build: carrying on would corrupt somebody's answer.
#define VERIFY(condition)                                                     \
    (__builtin_expect(static_cast<bool>(condition), 1) ? static_cast<void>(0) \
                                                       : ::tinyhttpd::verify_failed(#condition, __FILE_NAME__, __LINE__))

/// The same in debug builds only, for checks too dear for the hot path.
#ifdef NDEBUG
#define ASSERT(condition) static_cast<void>(sizeof(static_cast<bool>(condition)))
#else
#define ASSERT(condition) VERIFY(condition)
#endif
