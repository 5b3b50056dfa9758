// SPDX-License-Identifier: MIT
#include "tcp/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#ifdef __linux__
#include <linux/filter.h>
#endif

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <thread>
#include <utility>

#include "base/socket_address.hpp"
#include "base/verify.hpp"
#include "os/directory_lock.hpp"

namespace tinyhttpd::tcp {

namespace {

Result<Fd> stream_socket(int family, const std::string& subject) {
#ifdef SOCK_CLOEXEC
    Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return fail("listen on", subject);
#else
    Fd fd(::socket(family, SOCK_STREAM, 0));
    if (!fd) return fail("listen on", subject);
    ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
    ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
#endif
    return fd;
}

void set_option(int fd, int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value);
}

bool needs_zone(const SocketAddress& address) {
    if (address.family() != AF_INET6) return false;
    sockaddr_in6 facts{};
    std::memcpy(&facts, &address.storage, sizeof facts);
    return IN6_IS_ADDR_LINKLOCAL(&facts.sin6_addr) && facts.sin6_scope_id == 0;
}

std::string remedy_for(int code, const SocketAddress& address) {
    switch (code) {
        case EINVAL: return needs_zone(address) ? "a link-local address needs its interface, as in [fe80::1%eth0]:8000" : "";
        case EADDRINUSE: return "try port 0";
        case EACCES: return "ports below 1024 need privileges";
        case EADDRNOTAVAIL: return "no interface has this address";
        case EAFNOSUPPORT: return "this system has no IPv6";
        default: return {};
    }
}

enum class Stack : bool { single, dual };

Result<Fd> bind_tcp(const SocketAddress& address, Stack stack, int backlog, const std::string& subject) {
    TRY(Fd fd, stream_socket(address.family(), subject));
    // Without this a restart has to wait for TIME_WAIT; two listeners on a port still exclude each other.
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    // Accepted sockets inherit it: an answer must not wait for the acknowledgement of the one before.
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    if (address.family() == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, stack == Stack::single ? 1 : 0);
    if (::bind(fd.get(), address.get(), address.size) != 0 || ::listen(fd.get(), backlog) != 0) {
        const int code = errno;
        return fail("listen on", subject, code, remedy_for(code, address));
    }
    return fd;
}

std::uint16_t bound_port(int fd) {
    const auto address = bound_address(fd);
    return address ? address->port : std::uint16_t{0};
}

int int_option(int fd, int option) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/// True when `path` is a socket on which nobody answers. A file of any other kind is never replaced.
bool is_stale_socket(const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
    // It does not block: a server with a full backlog would hold the start for as long as it likes (EAGAIN: it is alive).
    const Result<Fd> probe = stream_socket(AF_UNIX, path);
    const SocketAddress address = SocketAddress::unix_path(path);
    return probe && ::connect(probe->get(), address.get(), address.size) != 0 && errno == ECONNREFUSED;
}

int bind_with_mode(int fd, const SocketAddress& address, std::uint32_t mode) {
    // The kernel gives the file 0777 less the umask, in the bind itself: there is no moment with a wider mode.
    const mode_t before = ::umask(static_cast<mode_t>(~mode & 0777));
    const int result = ::bind(fd, address.get(), address.size);
    const int code = errno;
    ::umask(before);
    errno = code;
    return result;
}

/// Segments that begin a handshake are dropped; those of a handshake that has begun are not. Elsewhere than on Linux nothing happens:
/// the moment in which a client may be reset stays, short as it is.
void refuse_handshakes([[maybe_unused]] int fd) {
#ifdef __linux__
    // socket(7), SO_ATTACH_FILTER. What a TCP socket's filter sees begins with the TCP header: RFC 9293 §3.1, octet 13 holds the flags.
    constexpr std::uint32_t flags_at = 13, syn = 0x02, ack = 0x10, all = ~std::uint32_t{0};
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags_at),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, syn | ack),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, syn, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, all),
    };
    const sock_fprog filter{.len = static_cast<unsigned short>(std::size(program)), .filter = program};
    ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
#endif
}

}  // namespace

Result<Listener> Listener::open(const ListenAddress& address, const ListenOptions& options) {
    // A server that was killed keeps its sockets until the kernel has taken its io_uring apart, 10 to 30 ms later.
    constexpr std::chrono::milliseconds pause{10};
    for (int attempts_left = 20;; --attempts_left) {
        Result<Listener> listener = open_once(address, options);
        if (listener || listener.error().code != EADDRINUSE || attempts_left == 0) return listener;
        std::this_thread::sleep_for(pause);
    }
}

Result<Listener> Listener::open_once(const ListenAddress& address, const ListenOptions& options) {
    Listener listener(address);
    switch (address.kind) {
        case ListenAddress::Kind::ipv4:
        case ListenAddress::Kind::ipv6:
        case ListenAddress::Kind::any: TRY_VOID(listener.open_tcp(options)); break;
        case ListenAddress::Kind::localhost: TRY_VOID(listener.open_localhost(options)); break;
        case ListenAddress::Kind::unix_path: TRY_VOID(listener.open_unix(options)); break;
        case ListenAddress::Kind::inherited: VERIFY(address.kind != ListenAddress::Kind::inherited);
    }
    return listener;
}

Result<Listener> Listener::adopt(Fd socket, const std::string& subject) {
    const int fd = socket.get();
    const std::optional<ListenAddress> address = bound_address(fd);
    // socket(7), SO_ACCEPTCONN. A connection (Accept=yes) or a datagram socket would fail at its first accept, again and again.
    if (!address || int_option(fd, SO_TYPE) != SOCK_STREAM || int_option(fd, SO_ACCEPTCONN) != 1)
        return fail("listen on", subject, 0,
                    "descriptor " + std::to_string(fd) + " is no listening stream socket (in a socket unit: ListenStream= and Accept=no)");
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (address->kind != ListenAddress::Kind::unix_path) set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    Listener listener(*address);
    listener.is_inherited_ = true;
    listener.sockets_.push_back(std::move(socket));
    return listener;
}

Result<void> Listener::open_tcp(const ListenOptions& options) {
    const std::string subject = to_string(address_);
    if (address_.kind == ListenAddress::Kind::ipv4) {
        TRY(Fd fd, bind_tcp(SocketAddress::ipv4(address_.host, address_.port), Stack::single, options.backlog, subject));
        sockets_.push_back(std::move(fd));
    } else if (address_.kind == ListenAddress::Kind::ipv6) {
        if (const auto problem = zone_problem(address_)) return fail("listen on", subject, 0, *problem);
        TRY(Fd fd, bind_tcp(SocketAddress::ipv6(address_.host, address_.port), Stack::single, options.backlog, subject));
        sockets_.push_back(std::move(fd));
    } else {
        Result<Fd> fd = bind_tcp(SocketAddress::ipv6("::", address_.port), Stack::dual, options.backlog, subject);
        // A kernel without IPv6 still has "all addresses".
        if (!fd && fd.error().code == EAFNOSUPPORT) {
            address_.kind = ListenAddress::Kind::ipv4;
            address_.host = "0.0.0.0";
            fd = bind_tcp(SocketAddress::ipv4(address_.host, address_.port), Stack::single, options.backlog, subject);
        }
        TRY(Fd bound, std::move(fd));
        sockets_.push_back(std::move(bound));
    }
    address_.port = bound_port(sockets_[0].get());
    return {};
}

Result<void> Listener::open_localhost(const ListenOptions& options) {
    const std::string subject = to_string(address_);
    // A port that the kernel picks for 127.0.0.1 may be taken on ::1: then another one is picked.
    for (int attempts_left = address_.port == 0 ? 16 : 1;; --attempts_left) {
        TRY(Fd v4, bind_tcp(SocketAddress::ipv4("127.0.0.1", address_.port), Stack::single, options.backlog, subject));
        const std::uint16_t port = bound_port(v4.get());
        Result<Fd> v6 = bind_tcp(SocketAddress::ipv6("::1", port), Stack::single, options.backlog, subject);
        if (!v6 && v6.error().code == EADDRINUSE && attempts_left > 1) continue;
        // No IPv6, or none on the loopback interface: localhost is 127.0.0.1 there.
        if (!v6 && v6.error().code != EAFNOSUPPORT && v6.error().code != EADDRNOTAVAIL) return std::unexpected(std::move(v6).error());
        address_.port = port;
        sockets_.push_back(std::move(v4));
        if (v6) sockets_.push_back(*std::move(v6));
        return {};
    }
}

Result<void> Listener::open_unix(const ListenOptions& options) {
    const std::string subject = to_string(address_);
    const SocketAddress address = SocketAddress::unix_path(address_.host);
    TRY(Fd fd, stream_socket(AF_UNIX, subject));
    // A socket that is bound and not yet listened on looks like one that a dead server has left: servers that start at once would take
    // it from each other. Whoever comes second waits until the first one listens.
    const DirectoryLock lock(address_.host, std::chrono::seconds(1));
    int bound = bind_with_mode(fd.get(), address, options.unix_mode);
    int code = errno;
    // Without the lock what looks stale may be another server's in the next moment.
    if (bound != 0 && code == EADDRINUSE && lock.state() == DirectoryLock::State::busy)
        return fail("listen on", subject, 0, reason_text(code) + ", and somebody holds a lock on its directory: it cannot be replaced");
    if (bound != 0 && code == EADDRINUSE && is_stale_socket(address_.host)) {
        ::unlink(address_.host.c_str());
        bound = bind_with_mode(fd.get(), address, options.unix_mode);
        code = errno;
    }
    if (bound != 0) return fail("listen on", subject, code, code == EADDRINUSE ? "another server answers there, or it is no socket" : "");
    struct stat status{};
    if (::lstat(address_.host.c_str(), &status) == 0) path_.emplace(address_.host, status);
    if (::listen(fd.get(), options.backlog) != 0) return fail("listen on", subject);
    sockets_.push_back(std::move(fd));
    return {};
}

void Listener::turn_away() {
    if (is_inherited_) return;
    path_.reset();
    if (address_.kind == ListenAddress::Kind::unix_path) return;
    for (const Fd& socket : sockets_) refuse_handshakes(socket.get());
}

std::string Listener::url() const {
    switch (address_.kind) {
        case ListenAddress::Kind::unix_path: return "unix:" + address_.host;
        case ListenAddress::Kind::any: return "http://[::]:" + std::to_string(address_.port);
        case ListenAddress::Kind::ipv4:
        case ListenAddress::Kind::ipv6:
        case ListenAddress::Kind::localhost: return "http://" + to_string(address_);
        case ListenAddress::Kind::inherited: break;
    }
    std::unreachable();
}

}  // namespace tinyhttpd::tcp
