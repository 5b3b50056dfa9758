// SPDX-License-Identifier: MIT
// Listener: one `--listen` value, bound, or a listening socket that was passed in. Opened by the main thread before any worker
// runs, shared by all of them, closed (and the file of a unix socket of our own removed) when the last one has stopped accepting.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/listen_address.hpp"
#include "base/result.hpp"
#include "os/owned_path.hpp"

namespace tinyhttpd::tcp {

struct ListenOptions {
    int backlog = 4096;
    std::uint32_t unix_mode = 0660;
};

class Listener {
public:
    /// Binds and listens. Never shares a port with another process (no SO_REUSEPORT); a unix socket's file is replaced only when
    /// nobody answers on it. A taken address is tried again for a fifth of a second. Must run before other threads exist: the umask is
    /// changed around the bind of a unix socket. Inherited sockets are not its business (asserted): see InheritedSockets.
    [[nodiscard]] static Result<Listener> open(const ListenAddress& address, const ListenOptions& options);
    /// Takes over a socket that somebody else has bound and listens on, after a look at whether that is so. The file of a unix socket
    /// is theirs and stays; so do backlog and mode. Errors call it `subject`.
    [[nodiscard]] static Result<Listener> adopt(Fd socket, const std::string& subject);

    Listener(Listener&&) = default;
    Listener& operator=(Listener&&) = delete;

    /// A drain begins: who has connected may still be accepted, nobody else can connect. Without this a client whose connection is
    /// established between the last accept and the end of the socket would be reset. Inherited sockets stay open to all.
    void turn_away();

    /// Somebody else goes on listening on it.
    [[nodiscard]] bool is_inherited() const { return is_inherited_; }
    /// One, or two for `localhost` (127.0.0.1 and ::1).
    [[nodiscard]] const std::vector<Fd>& sockets() const { return sockets_; }
    /// "http://127.0.0.1:43210", "unix:/path": what the ready line says.
    [[nodiscard]] std::string url() const;
    /// The port that was asked for or picked; 0 for a unix socket.
    [[nodiscard]] std::uint16_t port() const { return address_.port; }

private:
    explicit Listener(ListenAddress address) : address_(std::move(address)) {}

    [[nodiscard]] static Result<Listener> open_once(const ListenAddress& address, const ListenOptions& options);
    [[nodiscard]] Result<void> open_tcp(const ListenOptions& options);
    [[nodiscard]] Result<void> open_localhost(const ListenOptions& options);
    [[nodiscard]] Result<void> open_unix(const ListenOptions& options);

    ListenAddress address_;  ///< the port resolved; never `inherited`
    bool is_inherited_ = false;
    std::vector<Fd> sockets_;
    std::optional<OwnedPath> path_;  ///< the file of a unix socket; removed before the socket is closed, so declared behind it
};

}  // namespace tinyhttpd::tcp
