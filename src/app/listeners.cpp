// SPDX-License-Identifier: MIT
#include "app/listeners.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "app/descriptors.hpp"
#include "base/write_all.hpp"
#include "config/value.hpp"
#include "log/line_writer.hpp"
#include "os/service_notice.hpp"
#include "tcp/inherited_sockets.hpp"

namespace tinyhttpd {

Result<std::vector<tcp::Listener>> open_listeners(const config::Config& config, log::Diagnostics& diagnostics) {
    std::vector<tcp::Listener> listeners;
    auto passed_in = tcp::InheritedSockets::of_this_process();
    for (const ListenAddress& address : config.listen) {
        if (address.kind == ListenAddress::Kind::inherited) {
            TRY(std::vector<tcp::Listener> inherited, passed_in.take(address.host));
            std::ranges::move(inherited, std::back_inserter(listeners));
        } else {
            TRY(tcp::Listener listener, tcp::Listener::open(address, {config.backlog, config.unix_mode}));
            listeners.push_back(std::move(listener));
        }
    }
    if (const std::string names = passed_in.left_over(); !names.empty())
        diagnostics.warn("no --listen takes the inherited sockets " + names + ": their clients wait for ever");
    return listeners;
}

std::vector<tcp::ListeningSocket> sockets_of(const std::vector<tcp::Listener>& listeners) {
    std::vector<tcp::ListeningSocket> sockets;
    for (const tcp::Listener& listener : listeners) {
        for (const Fd& socket : listener.sockets()) sockets.push_back({.fd = socket.get(), .has_successor = listener.is_inherited()});
    }
    return sockets;
}

std::vector<http::Origin> origins_of(const std::vector<tcp::Listener>& listeners) {
    std::vector<http::Origin> origins;
    for (const tcp::Listener& listener : listeners) {
        const http::Origin origin{.has_authority = listener.port() != 0, .is_secure = false};
        origins.insert(origins.end(), listener.sockets().size(), origin);
    }
    return origins;
}

void notify_service_manager(std::string_view state, log::Diagnostics& diagnostics) {
    if (auto sent = notify_service(std::getenv("NOTIFY_SOCKET"), state); !sent) diagnostics.warn(sent.error().text());
}

namespace {

std::string ready_subject(const config::Config& config) {
    return "descriptor " + std::to_string(*config.ready_fd) + " of --ready-fd";
}

/// Whether a few lines can be written now: poll(2) says so of a pipe in which PIPE_BUF bytes fit, and of what has been closed, too.
bool has_room(int fd) {
    pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
    return ::poll(&entry, 1, 0) != 0;
}

}  // namespace

Result<Fd> ready_descriptor(const config::Config& config) {
    if (!config.ready_fd) return Fd();
    return take_passed_in(*config.ready_fd, ready_subject(config));
}

Result<std::optional<PortFile>> announce(const config::Config& config, const std::vector<tcp::Listener>& listeners, Fd ready,
                                         log::Diagnostics& diagnostics) {
    std::optional<PortFile> port_file;
    if (config.port_file) {
        const auto has_port = std::ranges::find_if(listeners, [](const tcp::Listener& listener) { return listener.port() != 0; });
        if (has_port == listeners.end()) return fail("write the port file", *config.port_file, 0, "no listener has a port");
        TRY(PortFile written, PortFile::write(*config.port_file, has_port->port()));
        port_file.emplace(std::move(written));
    }
    if (ready) {
        if (has_room(ready.get())) {
            TRY_VOID(write_all(ready.get(), "\n", ready_subject(config)));
            ready.reset();
        } else {
            log::LineWriter(std::move(ready)).put("\n");
        }
    }
    if (!config.quiet) {
        std::string lines;
        for (const tcp::Listener& listener : listeners) lines += "tinyhttpd: listening on " + config::escaped(listener.url()) + "\n";
        if (has_room(STDOUT_FILENO)) {
            TRY_VOID(write_all(STDOUT_FILENO, lines, "standard output"));
        } else {
            log::LineWriter(STDOUT_FILENO, {}).put(std::move(lines));
        }
    }
    notify_service_manager("READY=1", diagnostics);
    return port_file;
}

}  // namespace tinyhttpd
