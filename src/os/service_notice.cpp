// SPDX-License-Identifier: MIT
#include "os/service_notice.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <thread>
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

/// 0, or an errno.
int send_to(const Fd& fd, const SocketAddress& address, std::string_view text, int flags) {
    while (::sendto(fd.get(), text.data(), text.size(), flags, address.get(), address.size) < 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
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

    Fd fd = datagram_socket();
    if (!fd) return failed(errno);
    const int code = send_to(fd, address, state, MSG_DONTWAIT);
    if (code == 0) return {};
    if (code != EAGAIN && code != ENOBUFS) return failed(code);  // ENOBUFS: the BSDs
    try {
        // What becomes of it nobody hears: whoever does not read his notices would not act on it either.
        std::thread([fd = std::move(fd), address, text = std::string(state)] { send_to(fd, address, text, 0); }).detach();
    } catch (const std::system_error&) {  // EAGAIN, a limit on processes
        return failed(code);
    }
    return {};
}

}  // namespace tinyhttpd
