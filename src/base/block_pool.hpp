// SPDX-License-Identifier: MIT
// BlockPool: blocks of one size for the rare connection that needs memory of its own (an unfinished head, input kept while
// its answers are being sent). An idle connection owns none.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace tinyhttpd {

class BlockPool {
    /// In front of each block, so that a connection keeps a pointer and no size beside it.
    struct alignas(std::max_align_t) Mapping {
        std::size_t size;
    };
    struct Unmap {
        void operator()(char* block) const {
            Mapping* const mapping = reinterpret_cast<Mapping*>(block) - 1;
            ::munmap(mapping, mapping->size);
        }
    };

public:
    explicit BlockPool(std::size_t block_size) : block_size_(block_size) { free_.reserve(kept_blocks); }

    /// A mapping of its own: malloc(3) keeps what lies below a block that is still in use, so that thousands of clients with
    /// unfinished heads would leave their memory behind for good.
    using Block = std::unique_ptr<char[], Unmap>;

    [[nodiscard]] std::size_t block_size() const { return block_size_; }
    /// Bytes of no particular value; null when memory has run out.
    [[nodiscard]] Block take() {
        if (!free_.empty()) {
            Block block = std::move(free_.back());
            free_.pop_back();
            return block;
        }
        const std::size_t size = sizeof(Mapping) + block_size_;
        void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return {};
        auto* const mapping = ::new (memory) Mapping{size};
        return Block(reinterpret_cast<char*>(mapping + 1));
    }
    void give_back(Block block) {
        if (free_.size() < kept_blocks) free_.push_back(std::move(block));
    }

private:
    static constexpr std::size_t kept_blocks = 32;  // enough that a steady load asks the kernel for nothing

    std::size_t block_size_;
    std::vector<Block> free_;
};

}  // namespace tinyhttpd
