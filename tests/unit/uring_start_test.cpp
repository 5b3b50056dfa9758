// SPDX-License-Identifier: MIT
// Why io_uring may be refused, and what the user is told: each cause that can be brought about on this machine is, in a child
// process. `auto` prints this text when it falls back to epoll.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <functional>
#include <string>

#include "base/fd.hpp"
#include "io/uring_engine.hpp"

namespace tinyhttpd::io {
namespace {

const std::string started = "started";

/// What creating an engine says in a process of which `restrict` took some right first.
std::string start_after(const std::function<void()>& restrict) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        restrict();
        const auto engine = UringEngine::create({});
        const std::string text = engine ? started : engine.error().text();
        ::_exit(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    std::string text(1000, '\0');
    const ssize_t size = ::read(ends[0], text.data(), text.size());
    ::close(ends[0]);
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    EXPECT_EQ(text.find('\n'), std::string::npos) << "more than one line";
    return text;
}

/// Makes io_uring_setup(2) and its sisters, or one of them, fail with this errno, as a container's filter does.
void forbid_io_uring(std::uint32_t error_number, std::uint32_t first = SYS_io_uring_setup, std::uint32_t last = SYS_io_uring_register) {
    std::array filter{
        sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 2),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 1, 0),
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error_number),
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

void become_nobody() {
    constexpr uid_t nobody = 65534;
    if (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(1);
}

/// A sysctl set to another value until the object is gone.
class Sysctl {
public:
    Sysctl(const char* path, const std::string& value) : path_(path) {
        std::ifstream(path_) >> before_;
        set_ = !before_.empty() && write(value);
    }
    Sysctl(const Sysctl&) = delete;
    Sysctl& operator=(const Sysctl&) = delete;
    ~Sysctl() {
        if (set_) write(before_);
    }
    [[nodiscard]] explicit operator bool() const { return set_; }

private:
    bool write(const std::string& value) {
        std::ofstream file(path_);
        return static_cast<bool>(file << value << std::flush);
    }
    const char* path_;
    std::string before_;
    bool set_ = false;
};

constexpr const char* disabled_sysctl = "/proc/sys/kernel/io_uring_disabled";

/// The sysctl is the whole machine's, and another test that becomes nobody would meet it: not while one of these exists. Where the
/// kernel has no such sysctl there is nothing to wait for.
class UsersAreUndisturbed {
public:
    UsersAreUndisturbed() : sysctl_(::open(disabled_sysctl, O_RDONLY | O_CLOEXEC)) {
        if (sysctl_) ::flock(sysctl_.get(), LOCK_EX);
    }

private:
    Fd sysctl_;
};

class UringStart : public ::testing::Test {
protected:
    void SetUp() override {
        if (const std::string text = start_after([] {}); text != started) GTEST_SKIP() << text;
    }
};

TEST_F(UringStart, a_seccomp_filter_is_told_from_the_sysctl) {
    EXPECT_EQ(start_after([] { forbid_io_uring(EPERM); }),
              "cannot use io_uring: operation not permitted (a seccomp filter or security policy forbids it, as in many containers)");
}

TEST_F(UringStart, a_filter_of_the_call_that_waits_is_found_before_anything_is_served) {
    EXPECT_EQ(start_after([] { forbid_io_uring(EPERM, SYS_io_uring_enter, SYS_io_uring_enter); }),
              "cannot use io_uring: operation not permitted (a seccomp filter or security policy forbids it, as in many containers)");
}

TEST_F(UringStart, a_filter_of_the_call_that_registers_is_not_blamed_on_the_age_of_the_kernel) {
    EXPECT_EQ(start_after([] { forbid_io_uring(EPERM, SYS_io_uring_register, SYS_io_uring_register); }),
              "cannot use io_uring: operation not permitted (a seccomp filter or security policy forbids it, as in many containers)");
}

TEST_F(UringStart, a_filter_that_hides_io_uring_reads_like_a_kernel_without_it) {
    EXPECT_EQ(start_after([] { forbid_io_uring(ENOSYS); }),
              "cannot use io_uring: function not implemented (the kernel has none, or a seccomp filter hides it)");
}

TEST_F(UringStart, a_kernel_that_is_too_old_is_named) {
    EXPECT_EQ(start_after([] { forbid_io_uring(EINVAL); }), "cannot use io_uring: invalid argument (it needs Linux 6.0 or later)");
}

TEST_F(UringStart, the_sysctl_is_named_with_its_value) {
    // 1 rather than 2, which would keep the ring from every other process of the machine while this test runs.
    const UsersAreUndisturbed alone;
    const Sysctl disabled(disabled_sysctl, "1");
    if (!disabled) GTEST_SKIP() << "kernel.io_uring_disabled cannot be set: it needs root and Linux 6.6";
    EXPECT_EQ(start_after(become_nobody),
              "cannot use io_uring: operation not permitted (the sysctl kernel.io_uring_disabled is 1: only the group "
              "kernel.io_uring_group and CAP_SYS_ADMIN may)");
}

TEST_F(UringStart, the_limit_on_locked_memory_is_named) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user whose limit counts";
    const UsersAreUndisturbed alone;
    const std::string text = start_after([] {
        const rlimit none{.rlim_cur = 0, .rlim_max = 0};
        ::setrlimit(RLIMIT_MEMLOCK, &none);
        become_nobody();
    });
    if (text == started) GTEST_SKIP() << "this kernel does not count rings as locked memory (Linux 5.12 to 6.12 do not)";
    EXPECT_EQ(text, "cannot use io_uring: cannot allocate memory (is the limit on locked memory too low? see ulimit -l)");
}

TEST_F(UringStart, want_of_descriptors_is_not_blamed_on_the_kernel) {
    EXPECT_EQ(start_after([] {
                  const Fd lowest_free(::dup(0));
                  const auto limit = static_cast<rlim_t>(lowest_free.get());
                  const rlimit none{.rlim_cur = limit, .rlim_max = limit};
                  ::setrlimit(RLIMIT_NOFILE, &none);
              }),
              "cannot use io_uring: too many open files");
}

}  // namespace
}  // namespace tinyhttpd::io
