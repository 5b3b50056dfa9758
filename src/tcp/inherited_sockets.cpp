// SPDX-License-Identifier: MIT
#include "tcp/inherited_sockets.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

namespace tinyhttpd::tcp {

namespace {

constexpr int first_descriptor = 3;  // sd_listen_fds(3): SD_LISTEN_FDS_START
constexpr int most = 1024;           // more than any unit has; a number out of thin air is caught before it is looped over

std::optional<int> parse_number(std::string_view text) {
    int number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
    return number;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    for (;;) {
        const std::size_t end = text.find(':');
        out.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return out;
        text.remove_prefix(end + 1);
    }
}

}  // namespace

InheritedSockets::InheritedSockets(const Variables& variables, pid_t self) {
    if (variables.pid == nullptr || variables.count == nullptr) {
        none_because_ =
            "no socket was passed in, LISTEN_FDS and LISTEN_PID are not set (start it by a socket unit, or with "
            "systemd-socket-activate -l 8000 tinyhttpd --listen systemd)";
        return;
    }
    const std::optional<int> pid = parse_number(variables.pid);
    if (pid != self) {
        none_because_ = "the sockets in LISTEN_FDS are for process " + std::string(variables.pid) + ", this is " + std::to_string(self) +
                        " (a script in between has to exec tinyhttpd)";
        return;
    }
    const int count = parse_number(variables.count).value_or(-1);
    if (count < 1 || count > most) {
        none_because_ = "LISTEN_FDS=" + std::string(variables.count) + " is no number of sockets from 1 to " + std::to_string(most);
        return;
    }
    const auto size = static_cast<std::size_t>(count);
    const std::vector<std::string> names = variables.names != nullptr ? split(variables.names) : std::vector<std::string>(size, "unknown");
    if (names.size() != size) {
        none_because_ = "LISTEN_FDNAMES has " + std::to_string(names.size()) + " names for " + std::to_string(size) + " sockets";
        return;
    }
    for (std::size_t i = 0; i < size; ++i) entries_.push_back({.fd = first_descriptor + static_cast<int>(i), .name = names[i]});
}

InheritedSockets InheritedSockets::of_this_process() {
    return {{std::getenv("LISTEN_PID"), std::getenv("LISTEN_FDS"), std::getenv("LISTEN_FDNAMES")}, ::getpid()};
}

Result<std::vector<Listener>> InheritedSockets::take(const std::string& name) {
    const std::string subject = to_string(ListenAddress{ListenAddress::Kind::inherited, name, 0});
    if (entries_.empty()) return fail("listen on", subject, 0, none_because_);
    std::vector<Listener> out;
    bool known = false;
    for (Entry& entry : entries_) {
        if (!name.empty() && entry.name != name) continue;
        known = true;
        if (std::exchange(entry.taken, true)) continue;
        TRY(Listener listener, Listener::adopt(Fd(entry.fd), subject));
        out.push_back(std::move(listener));
    }
    if (!known) return fail("listen on", subject, 0, "no socket of this name was passed in, only " + names_of(entries_));
    if (out.empty()) return fail("listen on", subject, 0, "another --listen has these sockets already");
    return out;
}

std::string InheritedSockets::left_over() const {
    std::vector<Entry> rest;
    std::ranges::copy_if(entries_, std::back_inserter(rest), [](const Entry& entry) { return !entry.taken; });
    return names_of(rest);
}

std::string InheritedSockets::names_of(const std::vector<Entry>& entries) {
    std::string out;
    for (const Entry& entry : entries) out += (out.empty() ? "'" : ", '") + entry.name + '\'';
    return out;
}

}  // namespace tinyhttpd::tcp
