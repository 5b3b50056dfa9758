// SPDX-License-Identifier: MIT
#include "site/path_table.hpp"

namespace tinyhttpd::site {

PathTable::PathTable(const Rows& rows) : slots_(std::bit_ceil(4 * rows.size() + 2)), shift_(64 - std::countr_zero(slots_.size())) {
    for (const auto& [path, number] : rows) {
        const Slot* slot = begin_of(hash_of(path));
        while (!slot->is_empty()) slot = after(slot);
        const ShortPath key = path.size() > ShortPath::size_max ? ShortPath{} : ShortPath::of(path);
        slots_[static_cast<std::size_t>(slot - slots_.data())] = {key.first, key.last, static_cast<std::uint32_t>(path.size()), number,
                                                                  static_cast<std::uint32_t>(paths_.size())};
        paths_ += path;
    }
}

std::uint32_t PathTable::find(std::string_view path) const {
    if (path.size() <= ShortPath::size_max) return find(ShortPath::of(path));
    for (const Slot* slot = begin_of(hash_of(path)); !slot->is_empty(); slot = after(slot))
        if (slot->size == path.size() && std::memcmp(paths_.data() + slot->path, path.data(), path.size()) == 0) return slot->number;
    return 0;
}

std::uint64_t PathTable::hash_of(std::string_view path) {
    if (path.size() <= ShortPath::size_max) return hash_of(ShortPath::of(path));
    std::uint64_t hash = 0;
    for (std::size_t at = 0; at + sizeof hash < path.size(); at += sizeof hash) hash = fold(hash, load_word(path.data() + at));
    return fold(hash, load_word(path.data() + path.size() - sizeof hash));
}

}  // namespace tinyhttpd::site
