// SPDX-License-Identifier: MIT
// Not std::thread, which takes no stack size.
#include "log/small_thread.hpp"

#include <pthread.h>

#include <cstddef>

#include "log/signals_blocked.hpp"

namespace tinyhttpd::log {

int start_small_thread(void* (*run)(void*), void* argument) noexcept {
    constexpr std::size_t stack_bytes = 256 * 1024;
    pthread_attr_t attributes;
    if (const int code = ::pthread_attr_init(&attributes); code != 0) return code;
    ::pthread_attr_setstacksize(&attributes, stack_bytes);
    ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    const SignalsBlocked blocked;
    pthread_t thread;
    const int code = ::pthread_create(&thread, &attributes, run, argument);
    ::pthread_attr_destroy(&attributes);
    return code;
}

}  // namespace tinyhttpd::log
