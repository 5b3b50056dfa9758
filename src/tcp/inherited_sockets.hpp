// SPDX-License-Identifier: MIT
// InheritedSockets: the listening sockets that a service manager opened and passed to this process (socket activation), by the
// protocol of sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, descriptors from 3 on. No libsystemd. main() asks it for
// what `--listen systemd` names; whatever is taken is a Listener like any other.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "tcp/listener.hpp"

namespace tinyhttpd::tcp {

class InheritedSockets {
public:
    /// The variables of the protocol; null: not set.
    struct Variables {
        const char* pid = nullptr;    ///< LISTEN_PID: whom the sockets are for
        const char* count = nullptr;  ///< LISTEN_FDS
        const char* names = nullptr;  ///< LISTEN_FDNAMES, separated by ':'; not set: all are called "unknown"
    };

    /// Understands the variables of a process whose id is `self`; touches no descriptor yet.
    InheritedSockets(const Variables& variables, pid_t self);
    [[nodiscard]] static InheritedSockets of_this_process();

    /// Those called `name`, or all for an empty name, in the order of their descriptors; at least one. An error says why there is none,
    /// or which of them is no listening stream socket. Each is given out once.
    [[nodiscard]] Result<std::vector<Listener>> take(const std::string& name);
    /// The names of those that nobody took, for a warning: clients that connect to them would wait for ever. Empty: there are none.
    [[nodiscard]] std::string left_over() const;

private:
    struct Entry {
        int fd;
        std::string name;
        bool taken = false;
    };

    [[nodiscard]] static std::string names_of(const std::vector<Entry>& entries);

    std::vector<Entry> entries_;
    std::string none_because_;  ///< why there are no entries
};

}  // namespace tinyhttpd::tcp
