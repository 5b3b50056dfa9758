// SPDX-License-Identifier: MIT
// FakeNetwork: the world that a FakeEngine lives in. Listeners with a backlog, connections with a bounded socket buffer in
// each direction, the peers at their far ends, and a clock that only moves when an engine waits. Everything that chance
// decides comes from one seed. It knows nothing of events or slots: that is fake_engine.hpp.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/verify.hpp"
#include "io/engine.hpp"
#include "support/random.hpp"

namespace tinyhttpd::support {

using io::Instant;
using Microseconds = std::chrono::microseconds;

/// How unkind the network is. Probabilities are from 0 to 1; the default is a network without surprises.
struct FakeKnobs {
    double partial_receive = 0;     ///< a receive yields fewer bytes than there are
    double partial_send = 0;        ///< the kernel takes fewer bytes than it has room for
    double receive_error = 0;       ///< per receive: ECONNRESET or ETIMEDOUT, and the connection is dead
    double send_error = 0;          ///< per step of a send: ECONNRESET, EPIPE or ETIMEDOUT, and the connection is dead
    double accept_error = 0;        ///< per accept: EMFILE, ENOBUFS (delivered) or ECONNABORTED (the connection is gone)
    double delay = 0;               ///< per completion: it is held back for up to delay_max, others overtake it
    double spurious_wake = 0;       ///< per wait: somebody calls wake()
    double short_batch = 0;         ///< per wait: only a few of the events that are ready are delivered
    double eager_send = 0;          ///< per send: the first bytes go out within the submitting call
    double descheduled = 0;         ///< per turn of a worker (FakeSchedule): it gets no other for some milliseconds
    double data_lost_by_reset = 0;  ///< per RST that meets unread bytes: they are lost (as BSD has it), else readable (as Linux has it)
    Microseconds delay_max{2000};
    Microseconds turn_max{20};                    ///< one wait() takes up to this long by itself
    std::size_t socket_buffer_bytes = 64 * 1024;  ///< what each direction holds before the sender has to wait
};

/// Two connected sockets, non-blocking and close-on-exec.
struct DescriptorPair {
    DescriptorPair() {
        int ends[2];
        VERIFY(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        for (const int end : ends) VERIFY(::fcntl(end, F_SETFL, O_NONBLOCK) == 0 && ::fcntl(end, F_SETFD, FD_CLOEXEC) == 0);
        near = Fd(ends[0]);
        far = Fd(ends[1]);
    }
    Fd near;
    Fd far;
};

/// One direction of a connection: bytes sent and not yet read, bounded, and the FIN behind them.
class FakePipe {
public:
    [[nodiscard]] std::size_t size() const { return bytes_.size() - read_; }
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::size_t room(std::size_t capacity) const { return capacity > size() ? capacity - size() : 0; }
    void append(std::string_view bytes) { bytes_ += bytes; }
    [[nodiscard]] std::string take(std::size_t count) {
        std::string taken = bytes_.substr(read_, count);
        read_ += taken.size();
        if (read_ == bytes_.size() || read_ > 64 * 1024) bytes_.erase(0, std::exchange(read_, 0));
        return taken;
    }
    void clear() { bytes_.clear(), read_ = 0; }

    bool fin = false;

private:
    std::string bytes_;
    std::size_t read_ = 0;
};

/// A connection as the network sees it. The engine holds one end, a FakePeer the other.
struct FakeLink {
    FakePipe to_engine;
    FakePipe to_peer;
    bool accepted = false;       ///< out of the backlog
    bool peer_closed = false;    ///< nobody reads any more: the next bytes are answered with RST
    bool engine_closed = false;  ///< the same at the other end
    int engine_error = 0;        ///< what the engine's next call fails with: the connection is dead
    bool peer_reset = false;     ///< the peer has been sent RST, or lost the connection
    bool faulted = false;        ///< the network itself broke it (FakeKnobs), neither end did
    Fd witness;                  ///< the far end of the descriptor the engine's side was given
};

class FakeNetwork;

/// The far end of one connection, played by a test. Copies are the same peer.
class FakePeer {
public:
    FakePeer(FakeNetwork& network, std::shared_ptr<FakeLink> link) : network_(&network), link_(std::move(link)) {}

    /// Sends what the socket has room for and says how much that was: 0 when it is full, or the connection has ended.
    std::size_t write(std::string_view bytes);
    /// What has been delivered since the last read(), at most `limit` bytes. Not reading is how a peer stalls the engine.
    std::string read(std::size_t limit = ~std::size_t{0}) { return link_->to_peer.take(std::min(limit, link_->to_peer.size())); }
    [[nodiscard]] bool saw_fin() const { return link_->to_peer.fin && link_->to_peer.empty() && !link_->peer_reset; }
    [[nodiscard]] bool saw_reset() const { return link_->peer_reset && link_->to_peer.empty(); }
    [[nodiscard]] bool saw_end() const { return saw_fin() || saw_reset(); }
    /// The network broke the connection by a knob.
    [[nodiscard]] bool faulted() const { return link_->faulted; }
    [[nodiscard]] bool accepted() const { return link_->accepted; }
    [[nodiscard]] bool engine_closed() const { return link_->engine_closed; }

    /// shutdown(SHUT_WR): no more bytes, but goes on reading.
    void half_close() { link_->to_engine.fin = true; }
    /// close(2): FIN, or RST when there are unread bytes or more of them come.
    void close();
    /// RST.
    void reset();

private:
    FakeNetwork* network_;
    std::shared_ptr<FakeLink> link_;
};

class FakeNetwork {
public:
    explicit FakeNetwork(std::uint64_t seed, FakeKnobs knobs_ = {}) : knobs(knobs_), random(seed) {}

    /// A listening descriptor, for Engine::add_listener(). It has no socket behind it; connect() names it by its number.
    [[nodiscard]] Fd listen() {
        Fd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
        VERIFY(listener.get() >= 0);
        backlogs_[listener.get()] = {};
        return listener;
    }
    [[nodiscard]] FakePeer connect(int listener) {
        auto link = std::make_shared<FakeLink>();
        backlogs_.at(listener).push_back(link);
        links_.push_back(link);
        return {*this, std::move(link)};
    }

    [[nodiscard]] Instant now() const { return now_; }
    /// Runs `action` when the clock comes to `when`; an empty one just makes the clock stop there.
    void at(Instant when, std::function<void()> action) { agenda_.push({when, agenda_count_++, std::move(action)}); }
    void after(Microseconds delay, std::function<void()> action) { at(now_ + delay, std::move(action)); }

    /// While set, every accept fails with EMFILE.
    bool descriptors_exhausted = false;
    FakeKnobs knobs;
    Random random;

    /// Connections of which the engine's end was neither opened and closed nor closed by whoever accepted it.
    [[nodiscard]] std::size_t open_links() {
        notice_closed_descriptors();
        return static_cast<std::size_t>(std::ranges::count_if(links_, [](const auto& link) { return !link->engine_closed; }));
    }
    [[nodiscard]] std::size_t backlog(int listener) const { return backlogs_.at(listener).size(); }

    // For FakeEngine.

    /// The next connection of the backlog as a descriptor, -EAGAIN, or an exhaustion error as accept(2) gives it.
    [[nodiscard]] int accept(int listener);
    /// The connection whose descriptor accept() gave out and open() now takes.
    [[nodiscard]] std::shared_ptr<FakeLink> claim(int fd) {
        notice_closed_descriptors();
        const auto found = accepted_.find(fd);
        VERIFY(found != accepted_.end());
        auto link = std::move(found->second);
        accepted_.erase(found);
        return link;
    }
    void close_engine_end(FakeLink& link);
    void reset_peer(FakeLink& link) {
        link.peer_reset = true;
        if (random.chance(knobs.data_lost_by_reset)) link.to_peer.clear();
    }
    void kill(FakeLink& link, int error_number) {
        link.faulted = true;
        link.engine_error = error_number;
        reset_peer(link);
    }

    /// The clock moves on by what one wait() takes by itself.
    void pass_a_turn() { now_ += Microseconds(random.between(1, static_cast<std::uint64_t>(knobs.turn_max.count()))); }
    /// Does what is due. Returns when nothing is.
    void run_due() {
        notice_closed_descriptors();
        while (!agenda_.empty() && agenda_.top().when <= now_) {
            const auto action = agenda_.top().action;
            agenda_.pop();
            if (action) action();
        }
    }
    [[nodiscard]] std::optional<Instant> next_due() const { return agenda_.empty() ? std::nullopt : std::optional(agenda_.top().when); }
    void advance_to(Instant when) { now_ = std::max(now_, when); }

private:
    friend class FakePeer;

    struct Happening {
        Instant when;
        std::uint64_t order;  ///< what was scheduled first happens first
        std::function<void()> action;
        friend bool operator<(const Happening& left, const Happening& right) {
            return std::pair(left.when, left.order) > std::pair(right.when, right.order);
        }
    };

    /// A descriptor that was accepted may be closed without ever being opened: its far end shows that as end of file.
    void notice_closed_descriptors() {
        std::erase_if(accepted_, [this](auto& entry) {
            char byte = 0;
            if (::recv(entry.second->witness.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0) return false;
            close_engine_end(*entry.second);
            return true;
        });
    }

    Instant now_{std::chrono::hours(1)};
    std::map<int, std::deque<std::shared_ptr<FakeLink>>> backlogs_;
    std::map<int, std::shared_ptr<FakeLink>> accepted_;
    std::vector<std::shared_ptr<FakeLink>> links_;
    std::priority_queue<Happening> agenda_;
    std::uint64_t agenda_count_ = 0;
};

inline std::size_t FakePeer::write(std::string_view bytes) {
    VERIFY(!link_->to_engine.fin);
    if (link_->peer_reset || link_->engine_error != 0) return 0;
    if (link_->engine_closed) {  // RFC 9293 §3.10.7.1: a segment that comes to a closed connection is answered with RST
        network_->reset_peer(*link_);
        return 0;
    }
    const std::size_t taken = std::min(bytes.size(), link_->to_engine.room(network_->knobs.socket_buffer_bytes));
    link_->to_engine.append(bytes.substr(0, taken));
    return taken;
}

inline void FakePeer::close() {
    if (!link_->to_peer.empty()) return reset();
    link_->to_engine.fin = true;
    link_->peer_closed = true;
}

inline void FakePeer::reset() {
    link_->peer_closed = true;
    link_->peer_reset = true;
    link_->to_peer.clear();
    if (link_->engine_closed || link_->engine_error != 0) return;
    link_->engine_error = ECONNRESET;
    if (network_->random.chance(network_->knobs.data_lost_by_reset)) link_->to_engine.clear();
}

inline int FakeNetwork::accept(int listener) {
    auto& waiting = backlogs_.at(listener);
    if (waiting.empty()) return -EAGAIN;
    if (descriptors_exhausted) return -EMFILE;
    if (random.chance(knobs.accept_error)) {
        if (random.chance(0.3)) return -EMFILE;
        if (random.chance(0.3)) return -ENOBUFS;
        kill(*waiting.front(), ECONNABORTED);
        waiting.front()->engine_closed = true;
        waiting.pop_front();
        return accept(listener);
    }
    DescriptorPair ends;
    notice_closed_descriptors();
    waiting.front()->accepted = true;
    waiting.front()->witness = std::move(ends.far);
    accepted_[ends.near.get()] = waiting.front();
    waiting.pop_front();
    return ends.near.release();
}

inline void FakeNetwork::close_engine_end(FakeLink& link) {
    if (std::exchange(link.engine_closed, true)) return;
    link.witness.reset();
    // RFC 1122 §4.2.2.13: bytes that nobody has read turn the close into a reset, which may destroy the answer.
    if (!link.to_engine.empty() && !link.peer_reset) reset_peer(link);
    link.to_engine.clear();
    link.to_peer.fin = true;
}

}  // namespace tinyhttpd::support
