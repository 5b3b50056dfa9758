// SPDX-License-Identifier: MIT
#include "os/service_notice.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/fd.hpp"
#include "base/socket_address.hpp"

namespace tinyhttpd {

namespace {

Fd datagram_socket() {
#ifdef SOCK_CLOEXEC
    return Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
#else
    Fd fd(::socket(AF_UNIX, SOCK_DGRAM, 0));
    if (fd) ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
    return fd;
#endif
}

}  // namespace

Result<void> notify_service(const char* socket, std::string_view state) {
    if (socket == nullptr || *socket == '\0') return {};
    const std::string_view name = socket;
    const bool is_abstract = name.front() == '@';
    const auto failed = [&](int code, std::string remedy = {}) {
        return fail("notify the service manager at", std::string(name), code, std::move(remedy));
    };
    if (!is_abstract && name.front() != '/') return failed(0, "NOTIFY_SOCKET is neither a path nor @name");
    if (name.size() > unix_path_max) return failed(ENAMETOOLONG);
    const SocketAddress address = is_abstract ? SocketAddress::unix_abstract(name.substr(1)) : SocketAddress::unix_path(name);

    const Fd fd = datagram_socket();
    if (!fd) return failed(errno);
    const timeval patience{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    for (;;) {
        if (::sendto(fd.get(), state.data(), state.size(), 0, address.get(), address.size) >= 0) return {};
        if (errno != EINTR) return failed(errno);
    }
}

}  // namespace tinyhttpd
