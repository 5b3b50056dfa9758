// SPDX-License-Identifier: MIT
#include "os/entropy.hpp"

#include <unistd.h>
#if __has_include(<sys/random.h>)
#include <sys/random.h>  // where macOS has it
#endif

#include <chrono>

namespace tinyhttpd {

std::uint64_t random_number() {
    std::uint64_t number = 0;
    if (::getentropy(&number, sizeof number) == 0) return number;
    return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
}

}  // namespace tinyhttpd
