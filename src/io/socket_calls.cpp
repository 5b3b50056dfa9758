// SPDX-License-Identifier: MIT
#include "io/socket_calls.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace tinyhttpd::io {

namespace {

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;
#else
constexpr int send_flags = 0;  // macOS: the program ignores SIGPIPE
#endif

int accept_once(int listener) {
#ifdef SOCK_NONBLOCK
    return ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
    const int fd = ::accept(listener, nullptr, nullptr);
    if (fd >= 0) {
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    return fd;
#endif
}

/// accept(2): errors already pending on the new connection are passed up; the next one may be fine.
bool is_peers_error(int error_number) {
    switch (error_number) {
        case EINTR:
        case ECONNABORTED:
        case EPROTO:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EOPNOTSUPP:
        case ETIMEDOUT: return true;
        default: return false;
    }
}

}  // namespace

int accept_connection(int listener) {
    for (;;) {
        const int fd = accept_once(listener);
        if (fd >= 0) return fd;
        if (!is_peers_error(errno)) return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    }
}

long receive_bytes(int fd, char* buffer, std::size_t size) {
    for (;;) {
        const ssize_t count = ::recv(fd, buffer, size, 0);
        if (count >= 0) return count;
        if (errno != EINTR) return -errno;
    }
}

long send_slices(int fd, std::span<const Slice> slices) {
    std::array<iovec, Batch::capacity> vectors;
    msghdr message{};
    if (slices.size() > 1) {
        for (std::size_t i = 0; i < slices.size(); ++i) vectors[i] = {const_cast<char*>(slices[i].data), slices[i].size};
        message.msg_iov = vectors.data();
        message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(slices.size());
    }
    for (;;) {
        const ssize_t count =
            slices.size() == 1 ? ::send(fd, slices[0].data, slices[0].size, send_flags) : ::sendmsg(fd, &message, send_flags);
        if (count >= 0) return count;
        if (errno != EINTR) return -errno;
    }
}

}  // namespace tinyhttpd::io
