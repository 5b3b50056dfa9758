// SPDX-License-Identifier: MIT
#include "site/path_table.hpp"

namespace tinyhttpd::site {

PathTable::PathTable(const Rows& rows)
    : slots_(std::bit_ceil(2 * rows.size() + 2)),
      mask_(static_cast<std::uint32_t>(slots_.size() - 1)),
      shift_(32 - std::popcount(mask_)),
      paths_(8, '\0') {
    for (const auto& [path, number] : rows) {
        const PathKey key = PathKey::of(path);
        std::uint32_t at = key.hash >> shift_;
        while (slots_[at].number != 0) at = (at + 1) & mask_;
        slots_[at] = {key.hash, static_cast<std::uint32_t>(paths_.size()), number};
        paths_ += path;
        paths_.append(8 - path.size() % 8, '\0');
    }
}

}  // namespace tinyhttpd::site
