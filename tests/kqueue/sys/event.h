// SPDX-License-Identifier: MIT
// The part of kqueue(2) that io/kqueue_poller uses, declared so that it compiles on Linux. simulated_kqueue.cpp is the kernel
// behind it. Numbers and layout are this simulation's own; only names and meaning are those of the BSDs.
#pragma once

#include <cstdint>
#include <ctime>

// NOLINTBEGIN(readability-identifier-naming): the names are given
struct kevent {
    std::uintptr_t ident;
    std::int16_t filter;
    std::uint16_t flags;
    std::uint32_t fflags;
    std::int64_t data;
    void* udata;
};
// NOLINTEND(readability-identifier-naming)

inline constexpr std::int16_t EVFILT_READ = -1;
inline constexpr std::int16_t EVFILT_WRITE = -2;

inline constexpr std::uint16_t EV_ADD = 0x0001;
inline constexpr std::uint16_t EV_DELETE = 0x0002;
inline constexpr std::uint16_t EV_CLEAR = 0x0020;
inline constexpr std::uint16_t EV_ERROR = 0x4000;
inline constexpr std::uint16_t EV_EOF = 0x8000;

int kqueue();
int kevent(int kqueue, const struct kevent* changes, int change_count, struct kevent* events, int event_count, const timespec* timeout);
