// SPDX-License-Identifier: MIT
#include "io/socket_calls.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h>
#include <sys/syscall.h>
#endif

#include <array>
#include <cerrno>

namespace tinyhttpd::io {

namespace {

#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;
#else
constexpr int send_flags = 0;  // macOS: accept_once() sees to SIGPIPE
#endif
#ifdef MSG_MORE
constexpr int more_flag = MSG_MORE;
#else
constexpr int more_flag = 0;
#endif

int accept_once(int listener) {
#ifdef SOCK_NONBLOCK
    return ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
    const int fd = ::accept(listener, nullptr, nullptr);
    if (fd >= 0) {
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
#ifdef SO_NOSIGPIPE
        const int on = 1;
        ::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
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

namespace {

// recv(3) and send(3) of glibc are cancellation points, which cost a threaded program 90 instructions per request and which
// nothing here uses.
#ifdef __linux__
long receive_once(int fd, char* buffer, std::size_t size) {
    return ::syscall(SYS_recvfrom, fd, buffer, size, 0, nullptr, nullptr);
}
long send_once(int fd, const Slice& slice, int flags) {
    return ::syscall(SYS_sendto, fd, slice.data, slice.size, flags, nullptr, 0);
}
#else
long receive_once(int fd, char* buffer, std::size_t size) {
    return ::recv(fd, buffer, size, 0);
}
long send_once(int fd, const Slice& slice, int flags) {
    return ::send(fd, slice.data, slice.size, flags);
}
#endif

long send_one(int fd, const Slice& slice, int flags) {
    for (;;) {
        const long count = send_once(fd, slice, flags);
        if (count >= 0) return count;
        if (errno != EINTR) return -errno;
    }
}

long send_several(int fd, std::span<const Slice> slices, int flags) {
    std::array<iovec, Batch::capacity> vectors;
    for (std::size_t i = 0; i < slices.size(); ++i) vectors[i] = {const_cast<char*>(slices[i].data), slices[i].size};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(slices.size());
    for (;;) {
        const ssize_t count = ::sendmsg(fd, &message, flags);
        if (count >= 0) return count;
        if (errno != EINTR) return -errno;
    }
}

}  // namespace

long receive_bytes(int fd, char* buffer, std::size_t size) {
    for (;;) {
        const long count = receive_once(fd, buffer, size);
        if (count >= 0) return count;
        if (errno != EINTR) return -errno;
    }
}

long send_slices(int fd, std::span<const Slice> slices, bool more) {
    const int flags = more ? send_flags | more_flag : send_flags;
    return slices.size() == 1 ? send_one(fd, slices.data()[0], flags) : send_several(fd, slices, flags);
}

void reset_at_close(int fd) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::size_t unreceived_bytes(int fd) {
    int count = 0;
#if defined(SIOCOUTQ)
    const int result = ::ioctl(fd, SIOCOUTQ, &count);
#elif defined(SO_NWRITE)
    socklen_t size = sizeof count;
    const int result = ::getsockopt(fd, SOL_SOCKET, SO_NWRITE, &count, &size);
#elif defined(FIONWRITE)
    const int result = ::ioctl(fd, FIONWRITE, &count);
#else
    const int result = -1;
#endif
    return result == 0 && count > 0 ? static_cast<std::size_t>(count) : 0;
}

}  // namespace tinyhttpd::io
