// SPDX-License-Identifier: MIT
// How long the epoll poller waits, where the kernel has no epoll_pwait2(2), too. Everything that an engine has to keep is in
// tests/contract.
#ifdef __linux__
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <thread>

#include "io/epoll_poller.hpp"

namespace tinyhttpd::io {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

Clock::duration time_of_a_wait(EpollPoller& poller, std::chrono::nanoseconds timeout) {
    const Clock::time_point begin = Clock::now();
    EXPECT_EQ(poller.wait(timeout), 0U);
    return Clock::now() - begin;
}

/// From now on this thread's calls of epoll_pwait2(2) fail with `error`. False where that cannot be had.
bool refuse_epoll_pwait2(unsigned error) {
    std::array<sock_filter, 4> program{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// A delayed answer that is due in a tenth of a millisecond is not a millisecond late for the want of a finer number.
TEST(EpollPoller, WaitsForLessThanAMillisecondAndNoLess) {
    if (::syscall(SYS_epoll_pwait2, -1, nullptr, 1, nullptr, nullptr, 0) != 0 && errno == ENOSYS) GTEST_SKIP() << "no epoll_pwait2(2)";
    Result<EpollPoller> poller = EpollPoller::create();
    ASSERT_TRUE(poller);
    const auto shortest_of = [&](std::chrono::nanoseconds timeout) {
        Clock::duration shortest = 1h;
        for (int i = 0; i < 50; ++i) shortest = std::min(shortest, time_of_a_wait(*poller, timeout));
        EXPECT_GE(shortest, timeout);
        return shortest;
    };
    EXPECT_LT(2 * shortest_of(100us), shortest_of(1ms));
}

// Whoever runs on an older kernel, or in a container whose filter is older than the call, loses the precision and nothing else.
TEST(EpollPoller, WaitsToTheMillisecondWhereTheKernelCanDoNoBetter) {
    for (const unsigned error : {unsigned{ENOSYS}, unsigned{EPERM}}) {
        std::thread([error] {
            if (!refuse_epoll_pwait2(error)) GTEST_SKIP() << "no filter of system calls";
            Result<EpollPoller> poller = EpollPoller::create();
            ASSERT_TRUE(poller);
            EXPECT_GE(time_of_a_wait(*poller, 1500us), 2ms);
            EXPECT_EQ(poller->wait(0ns), 0U);
            poller->wake();
            EXPECT_EQ(poller->wait(24h), 1U);
            EXPECT_EQ(poller->readiness(0).tag, waker_tag);
        }).join();
    }
}

}  // namespace
}  // namespace tinyhttpd::io
#endif
