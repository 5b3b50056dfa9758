// SPDX-License-Identifier: MIT
// SlotArray: an array of per-connection state that grows a chunk at a time and never moves what it holds, so that
// references stay good and 10,000 idle connections cost 10,000 elements, not the next power of two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/verify.hpp"

namespace tinyhttpd {

template <class T>
class SlotArray {
public:
    static constexpr std::uint32_t chunk_size = 128;

    /// Makes elements up to and including `slot` exist, default-constructed. The only call that allocates.
    void ensure(std::uint32_t slot) {
        while (slot / chunk_size >= chunks_.size()) chunks_.push_back(std::make_unique<T[]>(chunk_size));
    }
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(chunks_.size()) * chunk_size; }
    /// Requires slot < size().
    [[nodiscard]] T& operator[](std::uint32_t slot) {
        ASSERT(slot < size());
        return chunks_[slot / chunk_size][slot % chunk_size];
    }
    [[nodiscard]] const T& operator[](std::uint32_t slot) const {
        ASSERT(slot < size());
        return chunks_[slot / chunk_size][slot % chunk_size];
    }

private:
    std::vector<std::unique_ptr<T[]>> chunks_;
};

}  // namespace tinyhttpd
