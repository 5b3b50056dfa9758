// SPDX-License-Identifier: MIT
// Editions: the site that is answered now, rendered, and those before it that somebody still needs: a batch on its way, a
// request whose content is being read, an answer that waits. One per worker; normally it holds one edition.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/protocol.hpp"
#include "http/response.hpp"
#include "site/site.hpp"

namespace tinyhttpd::http {

struct Edition {
    std::shared_ptr<const site::Site> site;
    Renderings renderings;
    std::uint32_t pins = 0;  ///< sessions whose reply is one of its
};

class Editions {
public:
    Editions(std::shared_ptr<const site::Site> site, std::size_t write_buffer) : write_buffer_(write_buffer) {
        current_ = editions_.emplace_back(make(std::move(site), 0)).get();
    }

    [[nodiscard]] Edition& current() { return *current_; }
    [[nodiscard]] Edition& at(std::uint8_t index) { return *editions_[index]; }

    /// From now on `site` is answered. False, and all is as before, without memory or when too many editions are still needed.
    [[nodiscard]] bool adopt(std::shared_ptr<const site::Site> site, std::time_t second) {
        try {
            std::size_t index = 0;
            while (index < editions_.size() && editions_[index] != nullptr) ++index;
            if (index == most) return false;
            if (index == editions_.size()) editions_.emplace_back();
            editions_[index] = make(std::move(site), static_cast<Lease>(index) * leases_each);
            editions_[index]->renderings.refresh(second);
            const std::uint8_t before = std::exchange(index_, static_cast<std::uint8_t>(index));
            current_ = editions_[index].get();
            drop_if_unused(before);
            return true;
        } catch (const std::bad_alloc&) {
            return false;
        }
    }

    [[nodiscard]] std::uint8_t pin() {
        ++current_->pins;
        return index_;
    }
    void unpin(std::uint8_t index) {
        --editions_[index]->pins;
        drop_if_unused(index);
    }
    void release(Lease lease) {
        const auto index = static_cast<std::uint8_t>(lease / leases_each);
        if (index == index_) [[likely]]
            return current_->renderings.release(lease);
        release_of_another(lease);
    }
    /// In memory.
    [[nodiscard]] std::size_t count() const {
        return static_cast<std::size_t>(std::ranges::count_if(editions_, [](const auto& edition) { return edition != nullptr; }));
    }

private:
    [[gnu::noinline]] void release_of_another(Lease lease) {
        if (lease == no_lease) return;
        const auto index = static_cast<std::uint8_t>(lease / leases_each);
        editions_[index]->renderings.release(lease);
        drop_if_unused(index);
    }

    static constexpr std::size_t most = 64;
    static constexpr Lease leases_each = 1U << 24U;

    [[nodiscard]] std::unique_ptr<Edition> make(std::shared_ptr<const site::Site> site, Lease first_lease) const {
        const site::Site& rendered = *site;
        return std::make_unique<Edition>(std::move(site), Renderings(rendered, write_buffer_, first_lease));
    }
    void drop_if_unused(std::uint8_t index) {
        Edition& edition = *editions_[index];
        if (&edition != current_ && edition.pins == 0 && !edition.renderings.is_leased()) editions_[index].reset();
    }

    std::size_t write_buffer_;
    std::vector<std::unique_ptr<Edition>> editions_;
    Edition* current_;
    std::uint8_t index_ = 0;
};

}  // namespace tinyhttpd::http
