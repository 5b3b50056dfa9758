// SPDX-License-Identifier: MIT
#include "tcp/placement.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace tinyhttpd::tcp {

Placement::Placement(std::uint32_t workers, std::span<const int> cpus)
    : workers_(workers), step_(static_cast<std::uint32_t>(std::max<std::size_t>(cpus.size(), 1))) {
    if (cpus.empty()) return;
    home_.assign(static_cast<std::size_t>(*std::ranges::max_element(cpus)) + 1, workers_);
    // With fewer workers than CPUs a worker is at home on several.
    for (std::size_t i = 0; i < cpus.size(); ++i) home_[static_cast<std::size_t>(cpus[i])] = static_cast<std::uint32_t>(i % workers);
}

int incoming_cpu([[maybe_unused]] int fd) {
#ifdef SO_INCOMING_CPU
    int cpu = -1;
    socklen_t size = sizeof cpu;
    if (::getsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, &cpu, &size) == 0) return cpu;
#endif
    return -1;
}

}  // namespace tinyhttpd::tcp
