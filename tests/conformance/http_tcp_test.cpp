// SPDX-License-Identifier: MIT
// Every conformance case against the real program over TCP, sent in random pieces: what the responder decides must also be what a
// client gets, whatever the engine, the buffers and the closing of connections do in between. Knows nothing of src/.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "support/http_cases.hpp"
#include "support/random.hpp"

extern char** environ;

namespace tinyhttpd::testing {
namespace {

constexpr int deadline_ms = 60'000;
constexpr int rounds_per_case = 8;

/// What can be read from `fd` until `enough`, the end, or the deadline (then: nothing).
template <class Enough>
std::optional<std::string> read_until(int fd, Enough enough) {
    std::string data;
    while (!enough(data)) {
        pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
        if (::poll(&entry, 1, deadline_ms) != 1) return std::nullopt;
        char buffer[16 * 1024];
        const ssize_t count = ::read(fd, buffer, sizeof buffer);
        if (count <= 0) break;  // the end, or a reset: what it destroyed is missed by whoever judges
        data.append(buffer, static_cast<std::size_t>(count));
    }
    return data;
}

/// The program as a child process that answers the cases; ended by its pid.
class LiveServer {
public:
    LiveServer(const std::string& engine, const std::vector<std::string>& more) {
        int out[2];
        if (::pipe(out) != 0) return;
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        posix_spawn_file_actions_addclose(&actions, out[0]);
        std::vector<std::string> words = {TINYHTTPD_BINARY,
                                          "--engine=" + engine,
                                          "--listen=127.0.0.1:0",
                                          "--body=" + std::string(CaseSettings::body),
                                          "--max-head=" + std::to_string(CaseSettings::max_head),
                                          "--max-body=" + std::to_string(CaseSettings::max_body),
                                          "--workers=2"};
        words.insert(words.end(), more.begin(), more.end());
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        if (::posix_spawn(&pid_, TINYHTTPD_BINARY, &actions, nullptr, arguments.data(), environ) != 0) pid_ = -1;
        posix_spawn_file_actions_destroy(&actions);
        ::close(out[1]);
        const std::string line = read_until(out[0], [](const std::string& data) { return data.ends_with('\n'); }).value_or("");
        ::close(out[0]);
        if (const std::size_t colon = line.rfind(':'); colon != std::string::npos)
            std::from_chars(line.data() + colon + 1, line.data() + line.size(), port_);
    }
    LiveServer(const LiveServer&) = delete;
    LiveServer& operator=(const LiveServer&) = delete;
    ~LiveServer() {
        if (pid_ < 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    [[nodiscard]] bool is_ready() const { return port_ != 0; }

    /// Sends `pieces`, then FIN, and returns all that comes back.
    [[nodiscard]] std::optional<std::string> exchange(const std::vector<std::string_view>& pieces) const {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        std::optional<std::string> output;
        if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
            // Whoever was refused may be sent nothing more: that it does not read on is not judged here.
            for (const std::string_view piece : pieces) static_cast<void>(::send(fd, piece.data(), piece.size(), MSG_NOSIGNAL));
            ::shutdown(fd, SHUT_WR);
            output = read_until(fd, [](const std::string&) { return false; });
        }
        ::close(fd);
        return output;
    }

private:
    pid_t pid_ = -1;
    std::uint16_t port_ = 0;
};

class ServerAnswers : public ::testing::TestWithParam<std::tuple<std::string, CaseGroup>> {
protected:
    void SetUp() override {
        if (server_.is_ready()) return;
        // io_uring can be missing from the build or forbidden by the kernel; the others are always there.
        ASSERT_EQ(engine_, "io_uring") << TINYHTTPD_BINARY << " does not start";
        GTEST_SKIP() << engine_ << " does not start here: see standard error";
    }

    std::string engine_ = std::get<0>(GetParam());
    LiveServer server_{engine_, std::get<1>(GetParam()).arguments};
};

TEST_P(ServerAnswers, AsTheStandardSaysInWhateverPiecesItIsAsked) {
    const std::uint64_t seed = support::any_seed();
    support::Random random(seed);
    for (const Case& one : std::get<1>(GetParam()).cases()) {
        for (int round = 0; round < rounds_per_case; ++round) {
            std::vector<std::string_view> pieces;
            const std::size_t longest = round == 0 ? one.input.size() : 1 + one.input.size() / 4;
            for (std::string_view rest = one.input; !rest.empty();) {
                const std::size_t size = std::min<std::size_t>(rest.size(), round == 0 ? longest : random.between(1, longest));
                pieces.push_back(rest.substr(0, size));
                rest.remove_prefix(size);
            }
            const std::optional<std::string> output = server_.exchange(pieces);
            ASSERT_TRUE(output) << one.section << " " << one.name << ": the connection does not end";
            ASSERT_EQ(judge_answers(*output, one.expected, one.fields), "")
                << one.section << " " << one.name << ", " << support::seed_text(seed) << ", round " << round << ", " << pieces.size()
                << " pieces";
        }
    }
}

#ifdef __linux__
const std::string engines[] = {"epoll", "io_uring"};
#else
const std::string engines[] = {"kqueue"};
#endif

INSTANTIATE_TEST_SUITE_P(OverTcp, ServerAnswers, ::testing::Combine(::testing::ValuesIn(engines), ::testing::ValuesIn(case_groups())),
                         [](const auto& instance) {
                             return std::string(std::get<0>(instance.param)) + "_" + std::string(std::get<1>(instance.param).name);
                         });

}  // namespace
}  // namespace tinyhttpd::testing
