// SPDX-License-Identifier: MIT
// SlotArray: an array of per-connection state that grows a chunk at a time and never moves what it holds, so that
// references stay good and 10,000 idle connections cost 10,000 elements, not the next power of two. Indexed several times per
// request: hence the bare table of chunks, which costs one load more than an array.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "base/verify.hpp"

namespace tinyhttpd {

template <class T>
class SlotArray {
public:
    static constexpr std::uint32_t chunk_size = 128;

    SlotArray() = default;
    SlotArray(const SlotArray&) = delete;
    SlotArray& operator=(const SlotArray&) = delete;
    ~SlotArray() {
        for (std::uint32_t i = 0; i < chunks_; ++i) delete[] table_[i];
    }

    /// Makes elements up to and including `slot` exist, default-constructed. The only call that allocates. False when there is no
    /// memory.
    [[nodiscard]] bool ensure(std::uint32_t slot) {
        while (slot >= size()) {
            if (!add_chunk()) return false;
        }
        return true;
    }
    [[nodiscard]] std::uint32_t size() const { return chunks_ * chunk_size; }
    /// Requires slot < size().
    [[nodiscard]] T& operator[](std::uint32_t slot) {
        ASSERT(slot < size());
        return table_.get()[slot / chunk_size][slot % chunk_size];
    }
    [[nodiscard]] const T& operator[](std::uint32_t slot) const {
        ASSERT(slot < size());
        return table_.get()[slot / chunk_size][slot % chunk_size];
    }

private:
    bool add_chunk() {
        if (chunks_ == capacity_) {
            const std::uint32_t capacity = std::max(8U, capacity_ * 2);
            std::unique_ptr<T*[]> table(new (std::nothrow) T*[capacity]);
            if (!table) return false;
            std::copy_n(table_.get(), chunks_, table.get());
            table_ = std::move(table);
            capacity_ = capacity;
        }
        T* const chunk = new (std::nothrow) T[chunk_size]();
        if (chunk == nullptr) return false;
        table_[chunks_++] = chunk;
        return true;
    }

    std::unique_ptr<T*[]> table_;
    std::uint32_t chunks_ = 0;
    std::uint32_t capacity_ = 0;
};

}  // namespace tinyhttpd
