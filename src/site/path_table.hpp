// SPDX-License-Identifier: MIT
// PathTable: a number for each of many paths, found by the path's hash. End, hash and comparison go by words of eight bytes: a path costs
// a few instructions for each, one of two words (which most are) none but those, and the number of paths nothing. It knows neither routes
// nor prefixes: the router has one for each kind.
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

#include "base/simd.hpp"

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

/// A path of two words at most, as a table looks for it.
struct ShortPath {
    std::uint64_t first;  ///< of fewer bytes than a word: zeros behind them
    std::uint64_t last;   ///< ends with the path, so that it may overlap the first; 0 of fewer bytes than a word
    std::uint32_t size;   ///< of a longer path: the words are the first two of it, and no slot has them with such a size

    static constexpr std::uint32_t size_max = 2 * sizeof first;

    /// The path that `target` begins with: all of it up to a '?'. Requires ASCII without NUL, which request targets are, and fewer than
    /// 4 GB.
    [[nodiscard, gnu::always_inline]] static ShortPath of(std::string_view target) {
        // One comparison for the longest, which are most of those with a query.
        if (target.size() >= size_max) return without_query(target, size_max - word_size);
        if (target.size() >= word_size) return without_query(target, target.size() - word_size);
        const std::uint64_t only = load_word_of(target);
        const unsigned queries = find_queries(only, 0);
        return queries == 0 ? ShortPath{only, 0, static_cast<std::uint32_t>(target.size())} : before_query(only, queries);
    }

    /// The lowest bit that is set tells where the first '?' of these sixteen bytes is; 0: nowhere.
    static unsigned find_queries(std::uint64_t first, std::uint64_t last) {
#ifdef TINYHTTPD_HAS_SIMD
        using Words = std::uint64_t __attribute__((vector_size(16)));
        return simd::bits(std::bit_cast<simd::Block>(Words{first, last}) == '?');
#else
        return find_queries_portable(first, last);
#endif
    }
    /// The same on any processor: the tests hold one to the other.
    static unsigned find_queries_portable(std::uint64_t first, std::uint64_t last) {
        const auto find = [](std::uint64_t word) {
            constexpr std::uint64_t ones = 0x0101010101010101U;
            // The highest bit of each byte that is a '?', and maybe of some behind one.
            return static_cast<std::uint32_t>(std::countr_zero(((word ^ ones * '?') - ones) & ones * 0x80)) / 8;
        };
        const std::uint32_t at = find(first) < word_size ? find(first) : word_size + find(last);
        return at == size_max ? 0 : 1U << at;
    }

private:
    static constexpr std::uint32_t word_size = sizeof first;

    /// `second`: where the last word of the first two begins.
    [[gnu::always_inline]] static ShortPath without_query(std::string_view target, std::size_t second) {
        const std::uint64_t first = load_word(target.data());
        const std::uint64_t last = load_word(target.data() + second);
        const unsigned queries = find_queries(first, last);
        if (queries == 0) return {first, last, static_cast<std::uint32_t>(target.size())};
        const std::size_t at = static_cast<unsigned>(std::countr_zero(queries));
        if (at < word_size) return before_query(first, queries);
        const char* const end = target.data() + second + at - word_size;
        return {first, load_word(end - word_size), static_cast<std::uint32_t>(end - target.data())};
    }
    static ShortPath before_query(std::uint64_t word, unsigned queries) {
        const auto size = static_cast<std::uint32_t>(std::countr_zero(queries));
        return {word & ~(~std::uint64_t{0} << 8 * size), 0, size};
    }
};

class PathTable {
public:
    /// Paths, each once and without '?', and their numbers, none of which is 0.
    using Rows = std::vector<std::pair<std::string_view, std::uint32_t>>;

    PathTable() : PathTable(Rows{}) {}
    explicit PathTable(const Rows& rows);

    /// 0: it is none of them, or a longer one. (An empty one is found in an empty slot, which has that number.)
    [[nodiscard, gnu::always_inline]] std::uint32_t find(const ShortPath& path) const {
        const Slot* slot = begin_of(hash_of(path));
        while (!slot->is(path)) [[unlikely]] {
            if (slot->is_empty()) return 0;
            slot = after(slot);
        }
        return slot->number;
    }
    /// The same for one of any length, without '?'.
    [[nodiscard]] std::uint32_t find(std::string_view path) const;

    // The highest bits of a hash are the best ones: they say where the search begins.
    [[nodiscard]] static std::uint64_t hash_of(const ShortPath& path) { return fold(path.first, path.last); }
    [[nodiscard]] static std::uint64_t hash_of(std::string_view path);

private:
    struct Slot {
        std::uint64_t first = 0;  ///< as ShortPath has it; of a longer path 0
        std::uint64_t last = 0;   ///< likewise
        std::uint32_t size = 0;
        std::uint32_t number = 0;
        std::uint32_t path = ~0U;  ///< where its bytes begin; of an empty slot: nowhere

        [[nodiscard]] bool is_empty() const { return path == ~0U; }
        [[nodiscard]] bool is(const ShortPath& key) const { return first == key.first && last == key.last && size == key.size; }
    };

    /// The highest bits of a product depend on all bits of a word, and the rotation brings those of the words before down again: by half a
    /// byte besides, so that what tells one digit from another in them does not meet that of another digit. Paths of the user's are in the
    /// table, so that nobody else can make them collide.
    static std::uint64_t fold(std::uint64_t hash, std::uint64_t word) { return (std::rotl(hash, 44) ^ word) * 0x9e3779b97f4a7c15U; }

    // A search by pointers: the library's checks of indices would cost as much again.
    [[nodiscard]] const Slot* begin_of(std::uint64_t hash) const { return slots_.data() + (hash >> shift_); }
    [[nodiscard]] const Slot* after(const Slot* slot) const { return ++slot == slots_.data() + slots_.size() ? slots_.data() : slot; }

    std::vector<Slot> slots_;  ///< open addressing, three quarters of them empty
    int shift_;                ///< which leaves as many of a hash's bits as their indices have
    std::string paths_;        ///< one after another
};

}  // namespace tinyhttpd::site
