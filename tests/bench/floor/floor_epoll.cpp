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

class Workers {
public:
    Workers(const Arguments& arguments, int listener)
        : arguments_(arguments), listener_(listener), placement_(arguments.rule, arguments.workers), epolls_(arguments.workers) {
        for (int& epoll : epolls_) epoll = epoll_create1(EPOLL_CLOEXEC);
    }

    /// Every worker accepts, for whichever of them the connection belongs to.
    [[noreturn]] void work(unsigned self) {
        if (arguments_.pinned) placement_.pin(self);
        epoll_event listening{};
        listening.events = EPOLLIN | EPOLLEXCLUSIVE;
        if (epoll_ctl(epolls_[self], EPOLL_CTL_ADD, listener_, &listening) != 0) die("epoll_ctl");
        std::array<epoll_event, 512> events;
        std::array<char, 4096> buffer;
        for (;;) {
            const int count = epoll_wait(epolls_[self], events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < count; ++i) {
                const epoll_event& event = events[static_cast<std::size_t>(i)];
                auto* const connection = static_cast<Connection*>(event.data.ptr);
                if (connection == nullptr) {
                    accept_one();
                } else if (!(arguments_.closes ? answer_once(*connection, buffer) : answer(*connection, event.events, buffer))) {
                    close(connection->fd);
                    delete connection;
                }
            }
        }
    }

private:
    void accept_one() {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;  // another worker was faster
        if (!arguments_.closes) set_up(fd);
        epoll_event event{};
        event.events = arguments_.closes ? EPOLLIN | EPOLLET : EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.ptr = new Connection{.fd = fd, .requests = {}, .left = {}};
        if (epoll_ctl(epolls_[placement_.worker_of(fd)], EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
    }

    // Both return false when the connection is over.
    bool answer(Connection& connection, std::uint32_t events, std::array<char, 4096>& buffer) const {
        if (connection.owed > 0) send_owed(connection, arguments_.answer);
        return (events & EPOLLIN) == 0 || serve(connection, arguments_.answer, buffer);
    }
    bool answer_once(Connection& connection, std::array<char, 4096>& buffer) const {
        const std::string_view bytes = arguments_.answer.run(1);
        const ssize_t got = recv(connection.fd, buffer.data(), buffer.size(), 0);
        if (got > 0 && send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_MORE) > 0) shutdown(connection.fd, SHUT_WR);
        return got > 0 || (got < 0 && errno == EAGAIN);
    }

    const Arguments& arguments_;
    const int listener_;
    Placement placement_;
    std::vector<int> epolls_;
};

}  // namespace
}  // namespace tinyhttpd::bench

int main(int argc, char** argv) {
    using namespace tinyhttpd::bench;
    const Arguments arguments = parse_arguments(argc, argv);
    const int listener = listen_on(arguments.port);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    Workers workers(arguments, listener);
    for (unsigned i = 1; i < arguments.workers; ++i) std::thread(&Workers::work, &workers, i).detach();
    workers.work(0);
}
