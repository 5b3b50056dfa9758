// SPDX-License-Identifier: MIT
// What both floors share: the arguments, the listening socket, where connections are placed, and the count of pipelined requests. A
// floor answers with bytes it was given, one copy for each request, and knows nothing of HTTP: what a server spends above it is its own.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinyhttpd::bench {

[[noreturn]] inline void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

/// The answer, repeated as often as a batch of pipelined requests needs it.
class Answer {
public:
    explicit Answer(std::string bytes) : size_(bytes.size()) {
        for (std::size_t i = 0; i < copies(); ++i) run_ += bytes;
    }
    [[nodiscard]] std::size_t copies() const { return size_ > run_bytes_max ? 1 : run_bytes_max / size_; }
    /// The bytes of `count` answers; count is at most copies().
    [[nodiscard]] std::string_view run(std::size_t count) const { return std::string_view(run_).substr(0, count * size_); }

private:
    static constexpr std::size_t run_bytes_max = 16384;
    std::size_t size_;
    std::string run_;
};

/// How many requests have come on one connection. A load generator repeats one request, so the end of the first is looked
/// for once, and from then on bytes are counted.
class RequestCount {
public:
    /// Requests completed by `received`.
    [[nodiscard]] std::size_t add(std::string_view received) {
        if (request_size_ == 0) [[unlikely]] {
            const std::size_t end = received.find("\r\n\r\n");
            request_size_ = end == std::string_view::npos ? received.size() : end + 4;
        }
        std::size_t count = 0;
        for (rest_ += received.size(); rest_ >= request_size_; rest_ -= request_size_) ++count;
        return count;
    }

private:
    std::size_t request_size_ = 0;
    std::size_t rest_ = 0;
};

/// Which worker a connection goes to. The CPU that its packets arrive on is the one that wakes its worker: where the worker runs on
/// that CPU, neither a wake-up nor a cache line crosses to another.
class Placement {
public:
    enum class Rule { by_cpu, even };

    Placement(Rule rule, unsigned workers) : rule_(rule), workers_(workers) {
        cpu_set_t mask;
        if (sched_getaffinity(0, sizeof mask, &mask) != 0) die("sched_getaffinity");
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (CPU_ISSET(static_cast<std::size_t>(cpu), &mask)) cpus_.push_back(cpu);
        }
    }

    /// The calling thread runs on the CPU of this worker alone.
    void pin(unsigned worker) const {
        cpu_set_t mask;
        CPU_ZERO(&mask);
        CPU_SET(static_cast<std::size_t>(cpus_[worker % cpus_.size()]), &mask);
        if (sched_setaffinity(0, sizeof mask, &mask) != 0) die("sched_setaffinity");
    }

    [[nodiscard]] unsigned worker_of(int connection) {
        if (rule_ == Rule::by_cpu) {
            int cpu = -1;
            socklen_t size = sizeof cpu;
            getsockopt(connection, SOL_SOCKET, SO_INCOMING_CPU, &cpu, &size);
            const auto at = std::ranges::find(cpus_, cpu);
            if (at != cpus_.end()) return static_cast<unsigned>(at - cpus_.begin()) % workers_;
        }
        return next_.fetch_add(1, std::memory_order_relaxed) % workers_;
    }

private:
    Rule rule_;
    unsigned workers_;
    std::vector<int> cpus_;
    std::atomic<unsigned> next_ = 0;
};

struct Arguments {
    Answer answer;
    std::uint16_t port;
    unsigned workers;
    bool closes = false;  ///< each connection is for one request
    bool pinned = true;   ///< each worker stays on its CPU
    Placement::Rule rule = Placement::Rule::by_cpu;
};

/// PROGRAM ANSWER-FILE PORT WORKERS [close] [even] [unpinned]
inline Arguments parse_arguments(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: %s ANSWER-FILE PORT WORKERS [close] [even] [unpinned]\n", argv[0]);
        std::exit(2);
    }
    std::string bytes;
    std::FILE* const file = std::fopen(argv[1], "rb");
    if (file == nullptr) die(argv[1]);
    std::array<char, 65536> piece;
    while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), file)) bytes.append(piece.data(), got);
    std::fclose(file);
    if (bytes.empty()) die(argv[1]);
    Arguments arguments{.answer = Answer(std::move(bytes)),
                        .port = static_cast<std::uint16_t>(std::atoi(argv[2])),
                        .workers = static_cast<unsigned>(std::max(1, std::atoi(argv[3])))};
    for (int i = 4; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "close") arguments.closes = true;
        if (word == "even") arguments.rule = Placement::Rule::even;
        if (word == "unpinned") arguments.pinned = false;
    }
    return arguments;
}

/// A listening socket on the loopback address.
inline int listen_on(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("bind");
    if (listen(fd, 4096) != 0) die("listen");
    return fd;
}

/// What a server sets on a connection.
inline void set_up(int connection) {
    const int on = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace tinyhttpd::bench
