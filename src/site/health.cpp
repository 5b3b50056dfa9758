// SPDX-License-Identifier: MIT
#include "site/health.hpp"

#include <sys/stat.h>

#include <limits>
#include <utility>

namespace tinyhttpd::site {

Health::Health(HealthOptions options, std::shared_ptr<const HealthSwitch> flipped)
    : options_(std::move(options)), switch_(std::move(flipped)), looked_at_(std::numeric_limits<std::int64_t>::min()) {}

Health::Readiness Health::readiness(Instant now) const {
    if (switch_->is_stopping()) return Readiness::stopping;
    if (now - switch_->start() < options_.ready_after) return Readiness::starting;
    if (switch_->is_down()) return Readiness::signal;
    if (options_.down_file && down_file_exists(now)) return Readiness::down_file;
    return Readiness::ready;
}

bool Health::down_file_exists(Instant now) const {
    using namespace std::chrono_literals;
    const std::int64_t ticks = now.time_since_epoch().count();
    constexpr std::int64_t fresh = std::chrono::duration_cast<Instant::duration>(100ms).count();
    std::int64_t looked = looked_at_.load(std::memory_order_relaxed);
    // One of those who ask at the same time looks; to the others the last look is good enough, unless there was none.
    const bool never = looked == std::numeric_limits<std::int64_t>::min();
    if (never || (ticks - looked >= fresh && looked_at_.compare_exchange_strong(looked, ticks, std::memory_order_relaxed))) {
        struct stat status;
        was_there_.store(::stat(options_.down_file->c_str(), &status) == 0, std::memory_order_relaxed);
        if (never) looked_at_.store(ticks, std::memory_order_relaxed);
    }
    return was_there_.load(std::memory_order_relaxed);
}

}  // namespace tinyhttpd::site
