// SPDX-License-Identifier: MIT
// Drain: the stages in which a worker comes to its end, and how long each connection on which nothing is under way may stay
// meanwhile. It decides; closing, accepting and looking at connections is the server's.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/verify.hpp"
#include "io/engine.hpp"

namespace tinyhttpd::tcp {

class Drain {
public:
    enum class Stage : std::uint8_t {
        serving,
        emptying,  ///< ordered to drain: whatever has already arrived is taken in first, connections in the backlog too
        draining,  ///< accepting has ended; connections leave as their requests are answered
        aborted,
    };

    /// What a connection on which nothing is under way waits for.
    enum class Quiet : std::uint8_t {
        fresh,  ///< its first request: it was let in and nothing has been said on it
        idle,   ///< one more request (keep-alive)
    };

    /// A client that was let in gets this long to say what it came for.
    static constexpr std::chrono::milliseconds fresh_grace{500};
    /// So soon after an answer the next request may be on its way, and a close would cross it.
    static constexpr std::chrono::milliseconds idle_grace{25};

    [[nodiscard]] static constexpr std::chrono::milliseconds grace_of(Quiet quiet) {
        return quiet == Quiet::fresh ? fresh_grace : idle_grace;
    }

    [[nodiscard]] Stage stage() const { return stage_; }
    [[nodiscard]] bool serving() const { return stage_ == Stage::serving; }

    /// The order to drain. False when it has come before.
    bool begin(io::Instant now) {
        if (stage_ != Stage::serving) return false;
        stage_ = Stage::emptying;
        began_ = now;
        look_no_later_than(now);
        return true;
    }
    /// What had arrived has been taken in. Requires Stage::emptying.
    void emptied() {
        VERIFY(stage_ == Stage::emptying);
        stage_ = Stage::draining;
    }
    void abort() { stage_ = Stage::aborted; }

    /// Until when a connection stays that has been quiet since `since`. One that is fresh is given its time anew: its client may have been
    /// told of this server just now.
    [[nodiscard]] io::Instant kept_until(Quiet quiet, io::Instant since) const {
        return (quiet == Quiet::fresh ? began_ : since) + grace_of(quiet);
    }

    /// Whether what is due `then` comes after the end, when draining may take `longest`.
    [[nodiscard]] bool is_too_late(io::Instant then, std::chrono::nanoseconds longest) const {
        return !serving() && then - began_ > longest;
    }

    /// When the server is to look at its connections; Instant::max(): not as far as is known.
    [[nodiscard]] io::Instant look_due() const { return look_due_; }
    void look_no_later_than(io::Instant when) { look_due_ = std::min(look_due_, when); }
    /// It looks now.
    void looked() { look_due_ = io::Instant::max(); }
    /// A connection may have become quiet. Nothing but a branch while serving.
    void became_quiet(io::Instant now) {
        if (stage_ != Stage::serving) [[unlikely]]
            look_no_later_than(now);
    }

private:
    Stage stage_ = Stage::serving;
    io::Instant began_{};
    io::Instant look_due_ = io::Instant::max();
};

}  // namespace tinyhttpd::tcp
