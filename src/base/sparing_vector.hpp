// SPDX-License-Identifier: MIT
// SparingVector: a vector for what a peer can make grow. Its growth says when memory has run out, where std::vector would end a
// program that throws nothing; and room may be made ahead, so that what is pushed later never fails. For trivially copyable
// elements; it does not initialise what it has room for, so that room which is never used is never touched.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "base/verify.hpp"

namespace tinyhttpd {

template <class T>
class SparingVector {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

public:
    SparingVector() = default;
    SparingVector(const SparingVector&) = delete;
    SparingVector& operator=(const SparingVector&) = delete;
    SparingVector(SparingVector&& other) noexcept { swap(other); }

    /// Makes room for `count` elements in all. False when there is no memory: then nothing has changed.
    [[nodiscard]] bool reserve(std::size_t count) { return count <= capacity_ || grow(count); }

    /// Adds an element at the end. False when there is no memory.
    [[nodiscard]] bool push(const T& element) {
        if (!reserve(size_ + 1)) return false;
        push_reserved(element);
        return true;
    }
    /// Adds all of `elements`, or nothing and says false.
    [[nodiscard]] bool append(std::span<const T> elements) {
        if (!reserve(size_ + elements.size())) return false;
        std::memcpy(data_.get() + size_, elements.data(), elements.size_bytes());
        size_ += elements.size();
        return true;
    }
    /// Adds an element for which reserve() has made room. In line, so that it is built where it stays.
    [[gnu::always_inline]] void push_reserved(const T& element) {
        VERIFY(size_ < capacity_);
        ::new (data_.get() + size_++) T(element);
    }

    /// Requires !empty(), as all that takes.
    T pop() {
        ASSERT(size_ > 0);
        return data_.get()[--size_];
    }
    T pop_front() {
        ASSERT(size_ > 0);
        const T first = *data_;
        std::memmove(data_.get(), data_.get() + 1, --size_ * sizeof(T));
        return first;
    }
    void clear() { size_ = 0; }

    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t capacity() const { return capacity_; }
    [[nodiscard]] std::size_t room() const { return capacity_ - size_; }
    [[nodiscard]] T& operator[](std::size_t index) {
        ASSERT(index < size_);
        return data_.get()[index];
    }
    [[nodiscard]] const T& operator[](std::size_t index) const {
        ASSERT(index < size_);
        return data_.get()[index];
    }
    [[nodiscard]] const T* data() const { return data_.get(); }
    [[nodiscard]] const T* begin() const { return data_.get(); }
    [[nodiscard]] const T* end() const { return data_.get() + size_; }
    [[nodiscard]] std::span<const T> span() const { return {data_.get(), size_}; }

    void swap(SparingVector& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

private:
    struct Release {
        void operator()(T* memory) const { ::operator delete(memory); }
    };

    [[gnu::noinline, gnu::cold]] bool grow(std::size_t count) {
        // Doubling, so that a long row of pushes copies each element twice, at most; where that is too much, what is needed.
        for (const std::size_t capacity : {std::max(count, 2 * capacity_), count}) {
            auto* const memory = static_cast<T*>(::operator new(capacity * sizeof(T), std::nothrow));
            if (memory == nullptr) continue;
            if (size_ > 0) std::memcpy(static_cast<void*>(memory), data_.get(), size_ * sizeof(T));
            data_.reset(memory);
            capacity_ = capacity;
            return true;
        }
        return false;
    }

    std::unique_ptr<T, Release> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace tinyhttpd
