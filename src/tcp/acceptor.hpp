// SPDX-License-Identifier: MIT
// Acceptor: the accepting half of a worker: when to stop taking connections from the listening sockets and when to go on.
// Where an accepted connection goes is the server's business.
#pragma once

#include <chrono>
#include <span>

#include "base/result.hpp"
#include "io/engine.hpp"
#include "tcp/server_limits.hpp"

namespace tinyhttpd::tcp {

template <io::Engine Engine>
class Acceptor {
public:
    /// `retry`: how long accepting stays paused when descriptors ran out and no connection of this worker closes.
    Acceptor(Engine& engine, std::chrono::nanoseconds retry) : engine_(engine), retry_(retry) {}

    /// `sockets` outlive the acceptor.
    [[nodiscard]] Result<void> listen(std::span<const ListeningSocket> sockets) {
        for (io::ListenerId listener = 0; listener < sockets.size(); ++listener)
            TRY_VOID(engine_.add_listener(listener, sockets[listener].fd));
        sockets_ = sockets;
        return {};
    }

    /// There is no room for more: until resume().
    void pause() {
        paused_ = true;
        for (io::ListenerId listener = 0; listener < sockets_.size(); ++listener) engine_.pause_accept(listener);
    }
    /// Descriptors or memory ran out: until resume() or resume_when_due().
    void pause_and_retry(io::Instant now) {
        pause();
        if (!ended_) due_ = now + retry_;
    }
    void resume() {
        if (!paused_ || ended_) return;
        paused_ = false;
        due_ = io::Instant::max();
        for (io::ListenerId listener = 0; listener < sockets_.size(); ++listener) {
            if (!left_to_successors_ || !sockets_[listener].has_successor) engine_.resume_accept(listener);
        }
    }
    void resume_when_due(io::Instant now) {
        if (now >= due_) resume();
    }
    /// When resume_when_due() is to be called; Instant::max(): not at all.
    [[nodiscard]] io::Instant due() const { return due_; }

    /// Pauses for good where somebody else goes on.
    void leave_to_successors() {
        left_to_successors_ = true;
        for (io::ListenerId listener = 0; listener < sockets_.size(); ++listener) {
            if (sockets_[listener].has_successor) engine_.pause_accept(listener);
        }
    }
    /// Pauses for good.
    void end() {
        pause();
        ended_ = true;
        due_ = io::Instant::max();
    }

private:
    Engine& engine_;
    std::chrono::nanoseconds retry_;
    std::span<const ListeningSocket> sockets_;
    bool paused_ = false;
    bool left_to_successors_ = false;
    bool ended_ = false;
    io::Instant due_ = io::Instant::max();
};

}  // namespace tinyhttpd::tcp
