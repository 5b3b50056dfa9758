// SPDX-License-Identifier: MIT
// Acceptor: the accepting half of a worker: when to stop taking connections from the listening sockets and when to go on.
// Where an accepted connection goes is the server's business.
#pragma once

#include <chrono>
#include <span>

#include "base/result.hpp"
#include "io/engine.hpp"

namespace tinyhttpd::tcp {

template <io::Engine Engine>
class Acceptor {
public:
    /// `retry`: how long accepting stays paused when descriptors ran out and no connection of this worker closes.
    Acceptor(Engine& engine, std::chrono::nanoseconds retry) : engine_(engine), retry_(retry) {}

    [[nodiscard]] Result<void> listen(std::span<const int> fds) {
        for (const int fd : fds) {
            TRY_VOID(engine_.add_listener(count_, fd));
            ++count_;
        }
        return {};
    }

    /// There is no room for more: until resume().
    void pause() {
        paused_ = true;
        for (io::ListenerId listener = 0; listener < count_; ++listener) engine_.pause_accept(listener);
    }
    /// Descriptors or memory ran out: until resume() or resume_when_due().
    void pause_and_retry(io::Instant now) {
        pause();
        due_ = now + retry_;
    }
    void resume() {
        if (!paused_ || ended_) return;
        paused_ = false;
        due_ = io::Instant::max();
        for (io::ListenerId listener = 0; listener < count_; ++listener) engine_.resume_accept(listener);
    }
    void resume_when_due(io::Instant now) {
        if (now >= due_) resume();
    }
    /// When resume_when_due() is to be called; Instant::max(): not at all.
    [[nodiscard]] io::Instant due() const { return due_; }

    /// Pauses for good.
    void end() {
        pause();
        ended_ = true;
        due_ = io::Instant::max();
    }

private:
    Engine& engine_;
    std::chrono::nanoseconds retry_;
    io::ListenerId count_ = 0;
    bool paused_ = false;
    bool ended_ = false;
    io::Instant due_ = io::Instant::max();
};

}  // namespace tinyhttpd::tcp
