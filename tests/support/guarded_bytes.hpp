// SPDX-License-Identifier: MIT
// GuardedBytes: bytes that end where an unreadable page begins, or begin where one ends, so that reading one too far crashes the
// test.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/verify.hpp"

namespace tinyhttpd::testing {

class GuardedBytes {
public:
    explicit GuardedBytes(std::size_t capacity) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        readable_ = (capacity + page - 1) / page * page;
        size_ = page + readable_ + page;
        void* const memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        VERIFY(memory != MAP_FAILED);
        memory_ = static_cast<char*>(memory);
        begin_ = memory_ + page;
        VERIFY(mprotect(memory_, page, PROT_NONE) == 0);
        VERIFY(mprotect(begin_ + readable_, page, PROT_NONE) == 0);
    }
    ~GuardedBytes() { munmap(memory_, size_); }
    GuardedBytes(const GuardedBytes&) = delete;
    GuardedBytes& operator=(const GuardedBytes&) = delete;

    /// A copy of `text` whose last byte is the last readable one. Lives until the next call.
    std::string_view hold(std::string_view text) {
        VERIFY(text.size() <= readable_);
        char* const begin = begin_ + readable_ - text.size();
        if (!text.empty()) std::memcpy(begin, text.data(), text.size());
        return {begin, text.size()};
    }
    /// A copy of `text` whose first byte is the first readable one. Lives until the next call of either.
    std::string_view hold_in_front(std::string_view text) {
        VERIFY(text.size() <= readable_);
        if (!text.empty()) std::memcpy(begin_, text.data(), text.size());
        return {begin_, text.size()};
    }

private:
    char* memory_ = nullptr;
    char* begin_ = nullptr;  ///< of the readable ones
    std::size_t readable_ = 0;
    std::size_t size_ = 0;
};

}  // namespace tinyhttpd::testing
