// SPDX-License-Identifier: MIT
// PathTable: a number for each of many paths, found by the path's hash. End, hash and comparison go by words of eight bytes: a path costs
// a few instructions for each, and the number of paths nothing. It knows neither routes nor prefixes: the router has one for each kind.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttpd::site {

/// The bytes of a word, the first in the lowest byte.
template <std::unsigned_integral Word = std::uint64_t>
[[nodiscard]] inline Word load_word(const char* from) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    return word;
}
/// The same of eight or fewer; zeros stand for the others. Two loads or three, which may overlap.
[[nodiscard]] inline std::uint64_t load_word_of(std::string_view bytes) {
    const auto byte = [&](std::size_t at) { return std::uint64_t{static_cast<unsigned char>(bytes.data()[at])} << 8 * at; };
    const std::size_t size = bytes.size();
    if (size >= 4)
        return load_word<std::uint32_t>(bytes.data()) | std::uint64_t{load_word<std::uint32_t>(bytes.data() + size - 4)} << 8 * (size - 4);
    return size == 0 ? 0 : byte(0) | byte(size / 2) | byte(size - 1);
}

/// A path as a table looks for it.
struct PathKey {
    const char* bytes;
    std::size_t size;
    std::size_t whole;   ///< bytes in whole words
    std::uint64_t tail;  ///< those behind
    std::uint32_t hash;  ///< the highest bits are the best ones

    /// Of the path that `target` begins with: all of it up to a '?'. Requires ASCII without NUL, which request targets are.
    [[nodiscard, gnu::always_inline]] static PathKey of(std::string_view target) {
        std::uint64_t hash = ones;
        std::uint64_t word = 0;
        std::uint64_t found = 0;
        const char* at = target.data();
        std::size_t left = target.size();
        for (; left >= 8; left -= 8, at += 8) {
            word = load_word(at);
            found = queries(word);
            if (found != 0) break;
            hash = fold(hash, word);
        }
        if (found == 0) {
            // Together with bytes of the word before, which are shifted out; in two steps, since all may be.
            word = target.size() < 8 ? load_word_of(target) : load_word(at + left - 8) >> (56 - 8 * left) >> 8;
            // It ends as if there was one.
            found = queries(word | std::uint64_t{'?'} << 8 * left);
        }
        word &= (found ^ (found - 1)) >> 8;
        const auto whole = static_cast<std::size_t>(at - target.data());
        return {target.data(), whole + static_cast<unsigned>(std::countr_zero(found)) / 8, whole, word,
                static_cast<std::uint32_t>(fold(hash, word) >> 32)};
    }

private:
    static constexpr std::uint64_t ones = 0x0101010101010101U;  ///< in each byte

    /// The highest bit of each byte that is a '?', and maybe of some behind one.
    static std::uint64_t queries(std::uint64_t word) { return ((word ^ ones * '?') - ones) & ones * 0x80; }
    /// The highest bits of a product depend on all bits of the last word, and the rotation brings those of the words before down again.
    /// Paths of the user's are in the table, so that nobody else can make them collide.
    static std::uint64_t fold(std::uint64_t hash, std::uint64_t word) { return (std::rotl(hash, 23) ^ word) * 0x9e3779b97f4a7c15U; }
};

class PathTable {
public:
    /// Paths, each once and without '?', and their numbers, none of which is 0.
    using Rows = std::vector<std::pair<std::string_view, std::uint32_t>>;

    PathTable() : PathTable(Rows{}) {}
    explicit PathTable(const Rows& rows);

    /// 0: it is none of them.
    [[nodiscard, gnu::always_inline]] std::uint32_t find(const PathKey& key) const {
        // Without the library's checks of bounds, which would cost as much again: there are as many slots as the mask says.
        for (std::size_t at = key.hash >> shift_;; at = (at + 1) & mask_) {
            const Slot& slot = slots_.data()[at];
            if (slot.hash == key.hash && is(slot, key)) return slot.number;
            if (slot.number == 0) return 0;
        }
    }

private:
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t path = 0;    ///< where its bytes begin
        std::uint32_t number = 0;  ///< 0: an empty slot
    };
    [[nodiscard, gnu::always_inline]] bool is(const Slot& slot, const PathKey& key) const {
        // A longer or a shorter one differs in the first word in which one has zeros.
        const char* const path = paths_.data() + slot.path;
        for (std::size_t i = 0; i != key.whole; i += 8)
            if (load_word(key.bytes + i) != load_word(path + i)) return false;
        return load_word(path + key.whole) == key.tail;
    }

    std::vector<Slot> slots_;  ///< open addressing, half of them empty at least
    std::uint32_t mask_;       ///< of their indices
    int shift_;                ///< which leaves as many of a hash's bits
    std::string paths_;        ///< zeros, that of an empty slot; then each, up to the end of a word with zeros, one at least
};

}  // namespace tinyhttpd::site
