// SPDX-License-Identifier: MIT
// One simulated client: connects at some moment, sends its script in pieces of any size at any pace, reads (or does not), and
// leaves as clients do. It keeps what an oracle needs to know of it; judging is simulation_test.cpp's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulation/script.hpp"
#include "support/fake_network.hpp"

namespace tinyhttpd::simulation {

using support::FakeNetwork;
using support::FakePeer;
using support::Instant;
using support::Microseconds;

/// What a client does when it has sent what it wanted to send.
enum class Leaving : std::uint8_t {
    waits,        ///< for the server to close
    half_closes,  ///< and reads until the end
    resets,
    closes,       ///< without reading what may still come
    stalls,       ///< as waits, but it stopped in the middle of its script
    never_reads,  ///< until the server has closed
};

class Client {
public:
    Client(FakeNetwork& network, int listener, std::uint32_t number_, const Settings& settings, Random& random, Leaving leaving_,
           Microseconds pace)
        : number(number_), leaving(leaving_), network_(network), listener_(listener), random_(random.next()), pace_(pace) {
        script = make_script(number, settings, random_);
        if (settings.proxy_protocol) wire_ = make_proxy_header(number, random_);
        for (const Request& request : script) {
            // An empty line before it is not yet a request.
            begins.push_back(wire_.size() + (request.bytes.starts_with("\r\n") ? 2 : 0));
            wire_ += request.bytes;
            ends.push_back(wire_.size());
        }
        // Those that leave or stall do so anywhere, in the middle of a request too.
        const bool whole =
            leaving == Leaving::waits || leaving == Leaving::never_reads || (leaving == Leaving::half_closes && random_.chance(0.7));
        limit_ = whole ? wire_.size() : random_.below(wire_.size() + 1);
        piece_ = random_.chance(0.3) ? wire_.size() : random_.between(1, random_.chance(0.3) ? 5 : 800);
        read_piece_ = random_.chance(0.5) ? ~std::size_t{0} : random_.between(500, 20'000);
        may_hang_ = std::ranges::any_of(script, [](const Request& request) { return request.expected.may_fail_by(Fault::hang); });
    }

    void start(Microseconds when) {
        network_.after(when, [this] {
            if (refused) return;
            peer_.emplace(network_.connect(listener_));
            connected_at = network_.now();
            step();
        });
    }

    // ---- what the oracle asks
    std::uint32_t number;  ///< in its targets
    std::vector<Request> script;
    std::vector<std::size_t> begins, ends;  ///< of each request, in what is sent
    Leaving leaving;
    std::string stream;       ///< all that came back
    std::size_t written = 0;  ///< bytes the network has taken
    Instant connected_at{}, last_write{}, last_read{}, ended_at{};
    bool refused = false;        ///< set when the server does not listen any more
    bool left = false;           ///< it reset or closed, without waiting for the end
    bool lost_patience = false;  ///< it closed, as nothing had come for so long
    bool half_closed = false;
    bool was_reset = false;   ///< that is how its connection ended for it
    bool overstayed = false;  ///< it sent bytes after the server had closed
    std::optional<std::size_t> written_at_drain = {};
    std::optional<std::size_t> written_at_resume = {};  ///< when SIGCONT came
    bool was_cut_off = false;                           ///< the server had not closed it when the abort came

    [[nodiscard]] std::size_t means_to_write() const { return limit_; }
    [[nodiscard]] bool connected() const { return peer_.has_value(); }
    [[nodiscard]] bool ended() const { return left || lost_patience || ended_at != Instant{} || (refused && !connected()); }
    [[nodiscard]] bool faulted() const { return peer_ && peer_->faulted(); }
    [[nodiscard]] bool was_accepted() const { return peer_ && peer_->accepted(); }
    [[nodiscard]] bool is_held_by_the_server() const { return peer_ && !peer_->engine_closed(); }
    [[nodiscard]] bool is_at_an_empty_line() const {
        return written > 0 && wire_[written - 1] == '\r' && std::ranges::find(begins, written + 1) != begins.end();
    }
    /// Requests whose last byte was sent, and requests of which any byte was.
    [[nodiscard]] std::size_t complete_requests() const { return complete_requests(written); }
    [[nodiscard]] std::size_t complete_requests(std::size_t sent) const {
        return static_cast<std::size_t>(std::ranges::count_if(ends, [&](auto end) { return end <= sent; }));
    }
    [[nodiscard]] std::size_t begun_requests(std::size_t sent) const {
        return static_cast<std::size_t>(std::ranges::count_if(begins, [&](auto begin) { return begin < sent; }));
    }

private:
    void step() {
        if (leaving != Leaving::never_reads || peer_->engine_closed()) {
            const std::string bytes = peer_->read(read_piece_);
            if (!bytes.empty()) last_read = network_.now();
            stream += bytes;
        }
        if (peer_->saw_end()) {
            ended_at = network_.now();
            was_reset = peer_->saw_reset();
            return;
        }
        if (written < limit_) {
            if (peer_->engine_closed()) overstayed = true;
            const std::size_t count = peer_->write(std::string_view(wire_).substr(written, std::min(piece_, limit_ - written)));
            written += count;
            if (count > 0) last_write = network_.now();
        } else if (leaving == Leaving::half_closes && !half_closed) {
            peer_->half_close();
            half_closed = true;
        } else if (leaving == Leaving::resets || leaving == Leaving::closes) {
            if (random_.chance(0.3)) {
                leaving == Leaving::resets ? peer_->reset() : peer_->close();
                left = true;
                return;
            }
        }
        const auto quiet = network_.now() - std::max({last_read, last_write, connected_at});
        if (may_hang_ && quiet > std::chrono::minutes(2)) {  // longer than anything may take that is not for ever
            peer_->close();
            lost_patience = true;
            return;
        }
        // One that has nothing to do looks less and less often.
        const bool is_busy = quiet < std::chrono::milliseconds(50);
        patience_ = is_busy ? pace_ : std::min<Microseconds>(patience_ * 2, std::chrono::seconds(1));
        network_.after(Microseconds(random_.between(1, static_cast<std::uint64_t>(patience_.count()))), [this] { step(); });
    }

    FakeNetwork& network_;
    int listener_;
    Random random_;
    Microseconds pace_;  ///< between two steps, at most, while there is something to do
    Microseconds patience_ = pace_;
    std::string wire_;
    std::size_t limit_;  ///< of `wire_`, it sends no more
    std::size_t piece_;
    std::size_t read_piece_;
    bool may_hang_;
    std::optional<FakePeer> peer_;
};

}  // namespace tinyhttpd::simulation
