// SPDX-License-Identifier: MIT
#include "os/processors.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

namespace tinyhttpd {

namespace {

std::uint32_t affinity_count() {
    const std::size_t in_mask = affinity_mask().size();
    return in_mask != 0 ? static_cast<std::uint32_t>(in_mask) : std::max(1U, std::thread::hardware_concurrency());
}

std::optional<std::uint32_t> rounded_up(double quota, double period) {
    if (quota <= 0 || period <= 0) return {};
    return static_cast<std::uint32_t>((quota + period - 1) / period);
}

/// cgroup v2: "QUOTA PERIOD" in cpu.max, QUOTA may be "max".
std::optional<std::uint32_t> quota_v2(const std::string& directory) {
    std::ifstream file(directory + "/cpu.max");
    double quota = 0;
    double period = 0;
    if (!(file >> quota >> period)) return {};
    return rounded_up(quota, period);
}

/// cgroup v1: two files, the quota -1 where there is none.
std::optional<std::uint32_t> quota_v1(const std::string& directory) {
    std::ifstream quota_file(directory + "/cpu.cfs_quota_us");
    std::ifstream period_file(directory + "/cpu.cfs_period_us");
    double quota = 0;
    double period = 0;
    if (!(quota_file >> quota) || !(period_file >> period)) return {};
    return rounded_up(quota, period);
}

/// The least quota on the way from a cgroup up to its root: each ancestor's limit holds too.
template <class Read>
std::optional<std::uint32_t> least_quota(const std::string& mount, std::string path, Read read) {
    std::optional<std::uint32_t> least;
    for (;;) {
        if (path == "/") path.clear();
        if (const auto quota = read(mount + path); quota && (!least || *quota < *least)) least = quota;
        if (path.empty()) return least;
        path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
}

std::optional<std::uint32_t> cgroup_quota(const std::string& root) {
    // cgroups(7): lines of "ID:CONTROLLERS:PATH", with an empty list of controllers for v2.
    std::ifstream file(root + "/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
        const std::string path = line.substr(second + 1);
        std::optional<std::uint32_t> quota;
        if (controllers == ",,") quota = least_quota(root + "/sys/fs/cgroup", path, quota_v2);
        if (controllers.find(",cpu,") != std::string::npos) quota = least_quota(root + "/sys/fs/cgroup/cpu", path, quota_v1);
        if (quota) return quota;
    }
    return {};
}

}  // namespace

std::vector<int> affinity_mask() {
    std::vector<int> cpus;
#ifdef __linux__
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return {};
    const auto count = static_cast<std::size_t>(CPU_COUNT(&set));
    for (int cpu = 0; cpus.size() < count; ++cpu) {
        if (CPU_ISSET(static_cast<unsigned>(cpu), &set)) cpus.push_back(cpu);
    }
#endif
    return cpus;
}

std::uint32_t usable_processors(const std::string& root) {
    const std::uint32_t count = affinity_count();
    return std::max(1U, std::min(count, cgroup_quota(root).value_or(count)));
}

}  // namespace tinyhttpd
