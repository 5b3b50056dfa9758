// SPDX-License-Identifier: MIT
// The worlds that the contract suite puts an engine in: real sockets (TCP on loopback, unix) with peers that are plain
// non-blocking descriptors of the test, or the fake network. Each world offers the same few calls; what is checked is in
// engine_driver.hpp and tests/contract.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/verify.hpp"
#include "io/engine.hpp"
#include "support/fake_engine.hpp"
#include "support/random.hpp"

namespace tinyhttpd::support {

/// The far end of a real connection: the calls of FakePeer on a socket. Copies are the same peer.
class SocketPeer {
public:
    explicit SocketPeer(Fd fd) : state_(std::make_shared<State>(std::move(fd))) {}

    std::size_t write(std::string_view bytes) {
        if (state_->reset || bytes.empty()) return 0;
#ifdef MSG_NOSIGNAL
        const ssize_t count = ::send(state_->fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
#else
        const ssize_t count = ::send(state_->fd.get(), bytes.data(), bytes.size(), 0);
#endif
        if (count >= 0) return static_cast<std::size_t>(count);
        VERIFY(errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNRESET || errno == EPIPE);
        return 0;
    }
    std::string read(std::size_t limit = ~std::size_t{0}) {
        std::string bytes;
        while (bytes.size() < limit && !state_->fin && !state_->reset) {
            char buffer[64 * 1024];
            const ssize_t count = ::recv(state_->fd.get(), buffer, std::min(sizeof buffer, limit - bytes.size()), 0);
            if (count > 0) bytes.append(buffer, static_cast<std::size_t>(count));
            state_->fin = count == 0;
            state_->reset = count < 0 && (errno == ECONNRESET || errno == EPIPE);
            if (count < 0) break;
        }
        return bytes;
    }
    // These three know what read() has come across.
    [[nodiscard]] bool saw_fin() const { return state_->fin; }
    [[nodiscard]] bool saw_reset() const { return state_->reset; }
    [[nodiscard]] bool saw_end() const { return saw_fin() || saw_reset(); }

    void half_close() { ::shutdown(state_->fd.get(), SHUT_WR); }
    void close() { state_->fd.reset(); }
    void reset() {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(state_->fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }

private:
    struct State {
        explicit State(Fd fd_) : fd(std::move(fd_)) {}
        Fd fd;
        bool fin = false;
        bool reset = false;
    };
    std::shared_ptr<State> state_;
};

inline void set_flags(int fd) {
    VERIFY(::fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
#ifdef SO_NOSIGPIPE
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

enum class Buffers : std::uint8_t { normal, small };

inline void shrink_buffer(int fd, int option) {
    constexpr int small_bytes = 4096;
    VERIFY(::setsockopt(fd, SOL_SOCKET, option, &small_bytes, sizeof small_bytes) == 0);
}

/// TCP on loopback, on ports that the kernel picks.
class TcpSockets {
public:
    static constexpr std::string_view name = "tcp";
    static constexpr bool resets = true;  ///< a peer that leaves bytes unread shows as ECONNRESET

    [[nodiscard]] Fd listen() {
        Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
        const sockaddr_in address = loopback(0);
        VERIFY(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        VERIFY(::listen(fd.get(), 4096) == 0);
        return fd;
    }
    [[nodiscard]] Fd connect(int listener, Buffers buffers) {
        Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
        if (buffers == Buffers::small) shrink_buffer(fd.get(), SO_RCVBUF);
        sockaddr_in address{};
        socklen_t size = sizeof address;
        VERIFY(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        VERIFY(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
        const int on = 1;
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return fd;
    }

private:
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }
};

/// Unix stream sockets in a temporary directory.
class UnixSockets {
public:
    static constexpr std::string_view name = "unix";
#if defined(__linux__)
    static constexpr bool resets = true;
#else
    static constexpr bool resets = false;
#endif

    UnixSockets() {
        std::string pattern = (std::filesystem::temp_directory_path() / "contract.XXXXXX").string();
        VERIFY(::mkdtemp(pattern.data()) != nullptr);
        directory_ = pattern;
    }
    UnixSockets(const UnixSockets&) = delete;
    UnixSockets& operator=(const UnixSockets&) = delete;
    ~UnixSockets() {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    [[nodiscard]] Fd listen() {
        Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = (directory_ / std::to_string(fd.get())).string();
        VERIFY(path.size() < sizeof address.sun_path);
        path.copy(address.sun_path, path.size());
        VERIFY(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        VERIFY(::listen(fd.get(), 4096) == 0);
        return fd;
    }
    [[nodiscard]] Fd connect(int listener, Buffers buffers) {
        Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
        if (buffers == Buffers::small) shrink_buffer(fd.get(), SO_SNDBUF);
        sockaddr_un address{};
        socklen_t size = sizeof address;
        VERIFY(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        VERIFY(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
        return fd;
    }

private:
    std::filesystem::path directory_;
};

enum class Presence : std::uint8_t {
    required,  ///< an engine that cannot start is a failure
    optional,  ///< the kernel may refuse it (io_uring): the tests are skipped with its reason
};

template <io::Engine E, class Sockets, Presence presence_>
class SocketWorld {
public:
    using Engine = E;
    using Peer = SocketPeer;
    static constexpr Presence presence = presence_;
    static constexpr bool resets = Sockets::resets;
    static constexpr bool real = true;
    static std::string name() { return std::string(E::name) + '_' + std::string(Sockets::name); }

    explicit SocketWorld(std::uint64_t) {}
    void reseed(std::uint64_t) {}

    [[nodiscard]] auto make_engine(const io::EngineOptions& options) { return E::create(options); }
    [[nodiscard]] int listen() {
        listeners_.push_back(sockets_.listen());
        set_flags(listeners_.back().get());
        return listeners_.back().get();
    }
    [[nodiscard]] Peer connect(int listener, Buffers buffers = Buffers::normal) {
        Fd fd = sockets_.connect(listener, buffers);
        set_flags(fd.get());
        return Peer(std::move(fd));
    }
    static void shrink_send_buffer(int fd) { shrink_buffer(fd, SO_SNDBUF); }

    /// Lets this process have no more descriptors until the object is gone.
    class Exhaustion {
    public:
        explicit Exhaustion(SocketWorld&) {
            VERIFY(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
            const Fd lowest_free(::dup(0));
            rlimit now = before_;
            now.rlim_cur = static_cast<rlim_t>(lowest_free.get());
            VERIFY(lowest_free.get() >= 0 && ::setrlimit(RLIMIT_NOFILE, &now) == 0);
        }
        Exhaustion(const Exhaustion&) = delete;
        Exhaustion& operator=(const Exhaustion&) = delete;
        ~Exhaustion() { ::setrlimit(RLIMIT_NOFILE, &before_); }

    private:
        rlimit before_{};
    };

private:
    Sockets sockets_;
    std::vector<Fd> listeners_;
};

struct Kind {
    static constexpr std::string_view name = "kind";
    static FakeKnobs knobs() { return {}; }
};
struct Wild {
    static constexpr std::string_view name = "wild";
    static FakeKnobs knobs() {
        return {
            .partial_receive = 0.5, .partial_send = 0.5, .delay = 0.3, .short_batch = 0.3, .eager_send = 0.5, .data_lost_by_reset = 0.5};
    }
};

template <class Manners>
class FakeWorld {
public:
    using Engine = FakeEngine;
    using Peer = FakePeer;
    static constexpr Presence presence = Presence::required;
    static constexpr bool resets = true;
    static constexpr bool real = false;
    static std::string name() { return "fake_" + std::string(Manners::name); }

    explicit FakeWorld(std::uint64_t seed) : network_(std::make_shared<FakeNetwork>(seed, Manners::knobs())) {}

    /// A new network; engines of the old one have to be gone.
    void reseed(std::uint64_t seed) { network_ = std::make_shared<FakeNetwork>(seed, Manners::knobs()); }

    [[nodiscard]] auto make_engine(const io::EngineOptions& options) { return FakeEngine::create(options, network_); }
    [[nodiscard]] int listen() {
        listeners_.push_back(network_->listen());
        return listeners_.back().get();
    }
    [[nodiscard]] Peer connect(int listener, Buffers = Buffers::normal) { return network_->connect(listener); }
    static void shrink_send_buffer(int) {}

    class Exhaustion {
    public:
        explicit Exhaustion(FakeWorld& world) : network_(world.network_) { network_->descriptors_exhausted = true; }
        Exhaustion(const Exhaustion&) = delete;
        Exhaustion& operator=(const Exhaustion&) = delete;
        ~Exhaustion() { network_->descriptors_exhausted = false; }

    private:
        std::shared_ptr<FakeNetwork> network_;
    };

private:
    std::shared_ptr<FakeNetwork> network_;
    std::vector<Fd> listeners_;
};

}  // namespace tinyhttpd::support
