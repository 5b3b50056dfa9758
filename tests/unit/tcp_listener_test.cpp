// SPDX-License-Identifier: MIT
// Who gets a unix socket when several want it at once. If this fails, two servers run after a restart and nobody reaches one of them.
#include "tcp/listener.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/socket_address.hpp"

namespace tinyhttpd::tcp {
namespace {

namespace fs = std::filesystem;

class UnixListenerTest : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "tinyhttpd-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        root_ = pattern;
    }
    void TearDown() override { fs::remove_all(root_); }

    /// A socket file on which nobody listens, as a server that was killed leaves it.
    static void leave_stale(const std::string& path) {
        const SocketAddress address = SocketAddress::unix_path(path);
        const Fd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
        ASSERT_EQ(::bind(dead.get(), address.get(), address.size), 0);
    }
    static bool answers(const std::string& path) {
        const SocketAddress address = SocketAddress::unix_path(path);
        const Fd client(::socket(AF_UNIX, SOCK_STREAM, 0));
        return ::connect(client.get(), address.get(), address.size) == 0;
    }
    static ListenAddress at(const std::string& path) { return {ListenAddress::Kind::unix_path, path, 0}; }

    fs::path root_;
};

/// Several processes that open one listener at the same moment, and keep it until they are told to end.
class Contenders {
public:
    static constexpr int count = 4;

    explicit Contenders(const std::string& path) {
        for (auto* ends : {&start_, &results_, &end_}) EXPECT_EQ(::pipe2(ends->data(), O_CLOEXEC), 0);
        for (pid_t& child : children_) {
            child = ::fork();
            if (child == 0) contend(path);
        }
        for (const int fd : {start_[0], results_[1], end_[0]}) ::close(fd);
    }
    Contenders(const Contenders&) = delete;
    Contenders& operator=(const Contenders&) = delete;
    ~Contenders() {
        for (const int fd : {start_[1], results_[0], end_[1]}) ::close(fd);
    }

    void go() const { release(start_[1]); }
    /// One letter each: 'w' has won, 'u' found the address in use, '?' failed otherwise.
    [[nodiscard]] std::string results() const {
        std::string out;
        char result = 0;
        while (out.size() < count && ::read(results_[0], &result, 1) == 1) out += result;
        std::ranges::sort(out);
        return out;
    }
    void end() const {
        release(end_[1]);
        for (const pid_t child : children_) ::waitpid(child, nullptr, 0);
    }

private:
    using Pipe = std::array<int, 2>;

    /// By one byte for each: other contests have the writing end as well, and would keep them waiting for its end.
    static void release(int fd) { EXPECT_EQ(::write(fd, "....", count), count); }

    [[noreturn]] void contend(const std::string& path) const {
        ::alarm(60);  // in case the test does not come so far
        char ignored = 0;
        static_cast<void>(::read(start_[0], &ignored, 1));
        {
            const auto listener = Listener::open({ListenAddress::Kind::unix_path, path, 0}, {});
            const char result = listener ? 'w' : listener.error().text().find("address already in use") != std::string::npos ? 'u' : '?';
            static_cast<void>(::write(results_[1], &result, 1));
            static_cast<void>(::read(end_[0], &ignored, 1));
        }
        ::_exit(0);
    }

    Pipe start_{};
    Pipe results_{};
    Pipe end_{};
    std::array<pid_t, count> children_{};
};

TEST_F(UnixListenerTest, OfServersStartedAtOnceOnAStaleSocketExactlyOneWins) {
    constexpr int batches = 15;  // of rounds that go on side by side, since who loses tries for a fifth of a second
    constexpr int rounds = 10;
    for (int batch = 0; batch < batches; ++batch) {
        std::vector<std::string> paths;
        std::vector<std::unique_ptr<Contenders>> contests;
        for (int round = 0; round < rounds; ++round) {
            fs::create_directory(root_ / std::to_string(round));
            paths.push_back((root_ / std::to_string(round) / "socket").string());
            leave_stale(paths.back());
            contests.push_back(std::make_unique<Contenders>(paths.back()));
        }
        for (const auto& contest : contests) contest->go();
        for (int round = 0; round < rounds; ++round) {
            const auto at = static_cast<std::size_t>(round);
            EXPECT_EQ(contests[at]->results(), "uuuw") << "batch " << batch << ", round " << round;
            EXPECT_TRUE(answers(paths[at])) << "the winner is unreachable";
        }
        for (int round = 0; round < rounds; ++round) {
            const auto at = static_cast<std::size_t>(round);
            contests[at]->end();
            EXPECT_FALSE(fs::exists(paths[at])) << "the winner's file was left behind";
        }
        if (HasFailure()) return;
    }
}

TEST_F(UnixListenerTest, WithoutTheLockOfTheDirectoryNothingIsReplaced) {
    const std::string path = (root_ / "socket").string();
    leave_stale(path);
    const Fd foreign(::open(root_.c_str(), O_RDONLY | O_DIRECTORY));
    ASSERT_EQ(::flock(foreign.get(), LOCK_EX), 0);
    const auto refused = Listener::open(at(path), {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text(), "cannot listen on unix:" + path +
                                          ": address already in use, and somebody holds a lock on its directory: it cannot be replaced");
    EXPECT_TRUE(fs::is_socket(path));
    // Anybody who may read the directory may lock it; that must not keep a server from its start.
    fs::remove(path);
    EXPECT_TRUE(Listener::open(at(path), {}));
}

TEST_F(UnixListenerTest, ADirectoryThatCannotBeReadWillDo) {
    // Root reads every directory; for anybody else open(2) fails, and there is no lock.
    const fs::path folder = root_ / "writable-only";
    fs::create_directory(folder);
    ASSERT_EQ(::chmod(folder.c_str(), 0300), 0);
    const std::string path = (folder / "socket").string();
    leave_stale(path);
    EXPECT_TRUE(Listener::open(at(path), {}));
    ASSERT_EQ(::chmod(folder.c_str(), 0700), 0);
}

}  // namespace
}  // namespace tinyhttpd::tcp
