// SPDX-License-Identifier: MIT
#include "probe/client.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/verify.hpp"
#include "probe/response_reader.hpp"

namespace tinyhttpd::probe {

namespace {

using Clock = std::chrono::steady_clock;

/// One connection. Every call returns 0 or more, or a negative errno; ETIMEDOUT once the deadline has passed.
class Connection {
public:
    explicit Connection(Clock::time_point deadline) : deadline_(deadline) {}

    int connect(const SocketAddress& address) {
        fd_ = Fd(::socket(address.family(), SOCK_STREAM, 0));
        if (!fd_) return -errno;
        ::fcntl(fd_.get(), F_SETFD, FD_CLOEXEC);
        ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
        if (::connect(fd_.get(), address.get(), address.size) == 0) return 0;
        // unix(7): EAGAIN when the backlog of a unix socket is full, which poll(2) does not wait for; the next attempt may find room.
        if (errno != EINPROGRESS && errno != EINTR) return -errno;
        if (const int code = wait(POLLOUT); code != 0) return code;
        int code = 0;
        socklen_t size = sizeof code;
        ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &code, &size);
        return -code;
    }

    /// Requires that connect() has succeeded.
    int send(std::string_view bytes) {
        VERIFY(fd_);
        while (!bytes.empty()) {
            const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), no_signal);
            if (count >= 0) {
                bytes.remove_prefix(static_cast<std::size_t>(count));
            } else if (const int code = wait_after_failure(POLLOUT); code != 0) {
                return code;
            }
        }
        return 0;
    }

    ssize_t receive(std::span<char> into) {
        for (;;) {
            // Also when bytes keep coming: an endless answer has a deadline.
            if (Clock::now() >= deadline_) return -ETIMEDOUT;
            const ssize_t count = ::recv(fd_.get(), into.data(), into.size(), 0);
            if (count >= 0) return count;
            if (const int code = wait_after_failure(POLLIN); code != 0) return code;
        }
    }

private:
#ifdef MSG_NOSIGNAL
    static constexpr int no_signal = MSG_NOSIGNAL;
#else
    static constexpr int no_signal = 0;  // the caller ignores SIGPIPE
#endif

    int wait_after_failure(short events) {
        if (errno == EINTR) return 0;
        return errno == EAGAIN || errno == EWOULDBLOCK ? wait(events) : -errno;
    }

    int wait(short events) {
        using std::chrono::milliseconds;
        for (;;) {
            const auto left = std::chrono::ceil<milliseconds>(deadline_ - Clock::now()).count();
            if (left <= 0) return -ETIMEDOUT;
            pollfd entry{.fd = fd_.get(), .events = events, .revents = 0};
            const int ready = ::poll(&entry, 1, static_cast<int>(std::min<milliseconds::rep>(left, 3'600'000)));
            if (ready > 0) return 0;
            if (ready < 0 && errno != EINTR) return -errno;
        }
    }

    Fd fd_;
    Clock::time_point deadline_;
};

std::unexpected<std::string> failed(ssize_t code) {
    return std::unexpected(code == -ETIMEDOUT ? std::string("timed out") : reason_text(static_cast<int>(-code)));
}

}  // namespace

std::expected<Answer, std::string> ask_once(const Target& target, std::string_view request, std::chrono::microseconds timeout) {
    Connection connection(Clock::now() + timeout);
    int connected = -ECONNREFUSED;
    for (const SocketAddress& address : target.addresses) {
        const int code = connection.connect(address);
        // What the first address said, when none of them answers: [::1] of localhost is the less telling one.
        if (code == 0 || &address == &target.addresses.front()) connected = code;
        if (code == 0) break;
    }
    if (connected != 0) return failed(connected);
    // A server may answer and close before it has read everything; what it said counts.
    const int sent = connection.send(request);
    if (sent == -ETIMEDOUT) return failed(sent);

    ResponseReader reader;
    std::array<char, 16 * 1024> piece{};
    auto progress = ResponseReader::Progress::more;
    while (progress == ResponseReader::Progress::more) {
        const ssize_t count = connection.receive(piece);
        if (count < 0) return failed(count);
        progress = count == 0 ? reader.finish() : reader.read({piece.data(), static_cast<std::size_t>(count)});
    }
    if (progress == ResponseReader::Progress::failed) return std::unexpected(std::string(reader.failure()));
    return Answer{reader.status(), reader.body()};
}

}  // namespace tinyhttpd::probe
