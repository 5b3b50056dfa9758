// SPDX-License-Identifier: MIT
// What tcp::Server asks of the protocol it carries (http::Responder is one). One protocol object per worker, one Session
// per connection; all calls come from the worker's thread. The words it speaks are in base/protocol.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/protocol.hpp"
#include "io/engine.hpp"

namespace tinyhttpd::tcp {

template <class P>
concept Protocol = requires(P protocol, const P& observed, typename P::Session session, std::string_view bytes, Batch& batch, Lease lease,
                            io::Instant now, io::ListenerId listener, std::uint32_t slot) {
    requires std::default_initializable<typename P::Session>;

    // Once per turn of the event loop, before its events. next_tick(): when the next is due even if nothing happens.
    { protocol.tick(now) };
    { observed.next_tick() } -> std::same_as<std::optional<io::Instant>>;

    // A connection begins, on one of the listeners, and ends. The peer's address (PeerName) is passed only to those who want it.
    { observed.wants_peer() } -> std::same_as<bool>;
    { protocol.open(session, bytes, listener) };
    // Before any input: a proxy said that the peer acts for this one.
    { protocol.learn_peer(session, bytes) };
    // The one it was told of, for whoever reports; empty when nobody wanted it.
    { observed.peer(session) } -> std::same_as<std::string_view>;
    { protocol.close(session) };

    // Looks at input (which starts with what it did not consume the last time) and puts answers into the empty batch.
    { protocol.advance(session, bytes, batch) } -> std::same_as<Advance>;
    // The time has come that Next::later spoke of: puts the answer, or a part of it, into the empty batch. `consumed` is 0; with
    // Next::receive the input that waits is shown. An answer that waits is no answer yet: one whose connection ends needs only close().
    { protocol.resume(session, batch) } -> std::same_as<Advance>;
    // Next::held was said: the connection has this number. next_ready() gives the number of one whose answer need not wait any longer, to
    // be asked when the worker was woken; resume() is to be called for it, unless it is being closed.
    { protocol.hold(session, slot) };
    { protocol.next_ready() } -> std::same_as<std::optional<std::uint32_t>>;
    { observed.phase(session) } -> std::same_as<Phase>;
    // The phase's deadline has passed, and this is the input that was not consumed: a last answer may be put into the batch, or held; then
    // the connection is closed.
    { protocol.expire(session, bytes, batch) } -> std::same_as<Next>;
    // The bytes that were leased with a batch are no longer in use.
    { protocol.release(lease) };

    // The worker was woken: something that is not the connections' business may be new.
    { protocol.renew() };
    // From now on every answer says that it is the last on its connection.
    { protocol.announce_close() };
};

}  // namespace tinyhttpd::tcp
