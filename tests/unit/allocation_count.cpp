// SPDX-License-Identifier: MIT
// The replaced operator new of this test executable, in all forms: a sanitizer has each for itself, and compares them.
#include "unit/allocation_count.hpp"

#include <cstdlib>
#include <new>

namespace {
thread_local std::uint64_t allocations = 0;
thread_local bool has_run_out = false;
}  // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (has_run_out) throw std::bad_alloc();
    if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
    try {
        return ::operator new(size);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void* operator new[](std::size_t size) {
    return ::operator new(size);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
    return ::operator new(size, tag);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}

std::uint64_t tinyhttpd::testing::allocations_of_this_thread() {
    return allocations;
}

tinyhttpd::testing::OutOfMemory::OutOfMemory() {
    has_run_out = true;
}
tinyhttpd::testing::OutOfMemory::~OutOfMemory() {
    has_run_out = false;
}
