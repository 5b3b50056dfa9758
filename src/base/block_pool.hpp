// SPDX-License-Identifier: MIT
// BlockPool: blocks of one size for the rare connection that needs memory of its own (an unfinished head, input kept while
// its answers are being sent). An idle connection owns none.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace tinyhttpd {

class BlockPool {
public:
    explicit BlockPool(std::size_t block_size) : block_size_(block_size) { free_.reserve(kept_blocks); }

    using Block = std::unique_ptr<char[]>;

    [[nodiscard]] std::size_t block_size() const { return block_size_; }
    /// Uninitialised bytes; null when memory has run out.
    [[nodiscard]] Block take() {
        if (free_.empty()) return Block(new (std::nothrow) char[block_size_]);
        Block block = std::move(free_.back());
        free_.pop_back();
        return block;
    }
    void give_back(Block block) {
        if (free_.size() < kept_blocks) free_.push_back(std::move(block));
    }

private:
    static constexpr std::size_t kept_blocks = 32;  // enough that a steady load allocates nothing

    std::size_t block_size_;
    std::vector<Block> free_;
};

}  // namespace tinyhttpd
