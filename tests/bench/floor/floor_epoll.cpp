// SPDX-License-Identifier: MIT
// floor_epoll: the least that a server on edge-triggered epoll can do: one receive and one send for each batch of requests, and
// a wait for all that is ready. With `close`, each connection is for one request: the answer leaves with a FIN, and the peer's FIN
// is waited for, since what a peer may still send must not cost it the answer (RFC 9112 §9.6). Run by tests/bench/run beside the servers.
// Not a server: it judges nothing and has no limits.
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>
#include <vector>

#include "floor.hpp"

namespace tinyhttpd::bench {
namespace {

struct Connection {
    int fd;
    RequestCount requests;
    std::size_t owed = 0;   // answers not handed to the kernel yet, the current run included
    std::string_view left;  // of the current run
    std::size_t run = 0;    // answers in it
};

// Sends what is owed, as far as the peer takes it: EPOLLOUT goes on later.
void send_owed(Connection& connection, const Answer& answer) {
    while (connection.owed > 0) {
        if (connection.left.empty()) {
            connection.run = std::min(connection.owed, answer.copies());
            connection.left = answer.run(connection.run);
        }
        const ssize_t sent = send(connection.fd, connection.left.data(), connection.left.size(), MSG_NOSIGNAL);
        if (sent < 0) return;
        connection.left.remove_prefix(static_cast<std::size_t>(sent));
        if (connection.left.empty()) connection.owed -= connection.run;
    }
}

// Returns false when the connection is over.
bool serve(Connection& connection, const Answer& answer, std::array<char, 4096>& buffer) {
    for (;;) {
        const ssize_t got = recv(connection.fd, buffer.data(), buffer.size(), 0);
        if (got == 0) return false;
        if (got < 0) return errno == EAGAIN;
        connection.owed += connection.requests.add({buffer.data(), static_cast<std::size_t>(got)});
        send_owed(connection, answer);
        // epoll(7): a short read has emptied the socket; what comes later is a new edge.
        if (static_cast<std::size_t>(got) < buffer.size()) return true;
    }
}

[[noreturn]] void work(int epoll, const Answer& answer) {
    std::array<epoll_event, 512> events;
    std::array<char, 4096> buffer;
    for (;;) {
        const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            const auto index = static_cast<std::size_t>(i);
            auto* const connection = static_cast<Connection*>(events[index].data.ptr);
            if (connection->owed > 0) send_owed(*connection, answer);
            if ((events[index].events & EPOLLIN) != 0 && !serve(*connection, answer, buffer)) {
                close(connection->fd);
                delete connection;
            }
        }
    }
}

// Every worker accepts for itself.
[[noreturn]] void work_closing(int listener, const Answer& answer) {
    const std::string_view bytes = answer.run(1);
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLEXCLUSIVE;
    event.data.fd = listener;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) die("epoll_ctl");
    std::array<epoll_event, 512> events;
    std::array<char, 4096> buffer;
    for (;;) {
        const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == listener) {
                event.data.fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (event.data.fd < 0) continue;  // another worker was faster
                event.events = EPOLLIN | EPOLLET;
                if (epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event) != 0) die("epoll_ctl");
                continue;
            }
            const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
            if (got > 0) {
                if (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_MORE) > 0) shutdown(fd, SHUT_WR);
            } else if (got == 0 || errno != EAGAIN) {
                close(fd);
            }
        }
    }
}

}  // namespace
}  // namespace tinyhttpd::bench

int main(int argc, char** argv) {
    using namespace tinyhttpd::bench;
    const Arguments arguments = parse_arguments(argc, argv);
    const int listener = listen_on(arguments.port);
    if (arguments.closes) {
        fcntl(listener, F_SETFL, O_NONBLOCK);
        for (unsigned i = 1; i < arguments.workers; ++i) std::thread(work_closing, listener, std::cref(arguments.answer)).detach();
        work_closing(listener, arguments.answer);
    }
    std::vector<int> epolls;
    for (unsigned i = 0; i < arguments.workers; ++i) {
        epolls.push_back(epoll_create1(EPOLL_CLOEXEC));
        std::thread(work, epolls.back(), std::cref(arguments.answer)).detach();
    }
    // Dealt out in turn, so that no worker has more than its share.
    for (unsigned next = 0;; next = (next + 1) % arguments.workers) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) die("accept4");
        set_up(fd);
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.ptr = new Connection{.fd = fd, .requests = {}, .left = {}};
        if (epoll_ctl(epolls[next], EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
    }
}
