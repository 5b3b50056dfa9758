// SPDX-License-Identifier: MIT
// Board: where the main thread publishes the site that is to be answered from now on, and workers take it when they are woken.
// Nobody looks at it while answering.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "site/site.hpp"

namespace tinyhttpd::site {

class Board {
public:
    explicit Board(std::shared_ptr<const Site> site) : site_(std::move(site)) {}

    /// Workers are to be woken after it.
    void publish(std::shared_ptr<const Site> site) {
        {
            const std::scoped_lock lock(mutex_);
            site_.swap(site);
        }
        edition_.fetch_add(1, std::memory_order_release);
    }
    [[nodiscard]] std::shared_ptr<const Site> site() const {
        const std::scoped_lock lock(mutex_);
        return site_;
    }
    /// Another number after each publish(). What site() returns then is at least as new.
    [[nodiscard]] std::uint32_t edition() const { return edition_.load(std::memory_order_acquire); }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Site> site_;
    std::atomic<std::uint32_t> edition_ = 0;
};

}  // namespace tinyhttpd::site
