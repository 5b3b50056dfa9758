// SPDX-License-Identifier: MIT
// What both floors share: the arguments, the listening socket, and the count of pipelined requests. A floor answers with
// bytes it was given, one copy for each request, and knows nothing of HTTP: what a server spends above it is its own.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

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

struct Arguments {
    Answer answer;
    std::uint16_t port;
    unsigned workers;
    bool closes;  ///< each connection is for one request
};

/// PROGRAM ANSWER-FILE PORT WORKERS [close]
inline Arguments parse_arguments(int argc, char** argv) {
    const bool closes = argc == 5 && std::string_view(argv[4]) == "close";
    if (argc != 4 && !closes) {
        std::fprintf(stderr, "usage: %s ANSWER-FILE PORT WORKERS [close]\n", argv[0]);
        std::exit(2);
    }
    std::ifstream file(argv[1], std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.empty()) die(argv[1]);
    return {Answer(std::move(bytes)), static_cast<std::uint16_t>(std::atoi(argv[2])),
            static_cast<unsigned>(std::max(1, std::atoi(argv[3]))), closes};
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
