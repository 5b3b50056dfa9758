// SPDX-License-Identifier: MIT
// The engine contract: how bytes move, and nothing about what they mean. tcp::Server is generic over it; epoll, kqueue,
// io_uring and the fake of the tests each satisfy it. Completion-shaped: a verb submits, wait() reports what became of it.
// A readiness engine imitates that (it tries the system call first and parks on EAGAIN), never the reverse.
//
// Rules that every engine keeps (tests/contract holds each of them to all):
//  - A result is a count or a negative errno. EINTR and EAGAIN never surface. 0 bytes received is the peer's FIN; it comes
//    once, after all of the peer's bytes, and ends receiving.
//  - No event is delivered from inside a submitting call; none for a connection after its `closed`; exactly one `closed`
//    for each close(), one `sent` for each send() that completes before the close, none for a send cut by it.
//  - One wait() delivers at most one `received` per connection. Once receiving is paused, or close() called, no later wait()
//    delivers one (the span in hand may still hold one).
//  - A connection's `received` data is lent until the next wait(); the bytes given to send() are borrowed until its `sent`
//    or `closed`, or the engine's end; the array of slices itself only during the call.
//  - A stale completion never reaches a reused descriptor or slot: ids carry a generation.
//  - Running out of buffers, queue entries or descriptors slows an engine down; it never loses, repeats or spins.
//  - All verbs belong to the thread that calls wait(); only wake() may be called from elsewhere, signal handlers included.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/protocol.hpp"
#include "base/result.hpp"

namespace tinyhttpd::io {

/// Monotonic time as an engine tells it (the fake tells its own).
using Instant = std::chrono::steady_clock::time_point;

/// How long to block before `deadline` (Instant::max(): there is none): a day at most, after which the caller looks again, so that no time,
/// however far away, is more than a system call takes.
[[nodiscard]] constexpr std::chrono::nanoseconds time_left(Instant deadline, Instant now) {
    constexpr std::chrono::hours most{24};
    if (deadline <= now) return {};
    return deadline < now + most ? deadline - now : most;
}

/// Names one connection for as long as it lives: a slot of the caller's choosing, and a generation that differs each time
/// the slot is used again. Slots are small numbers: engines keep an array.
struct ConnectionId {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    friend bool operator==(ConnectionId, ConnectionId) = default;
};

/// Names one listening socket of this engine: the index add_listener() was given.
using ListenerId = std::uint32_t;

/// A connection as accept(2) gives it, and where it came from: what is asked of it may depend on that.
struct Accepted {
    int fd = -1;
    ListenerId listener = 0;
};

enum class EventKind : std::uint8_t {
    accepted,  ///< result: a connected, non-blocking, close-on-exec descriptor the receiver now owns, or -errno
    received,  ///< result: bytes in `data`, 0 for FIN, or -errno (the connection is dead; receiving has ended)
    sent,      ///< result: 0 when every byte was handed to the kernel, or -errno (the connection is dead)
    closed,    ///< the id is free again
    woken,     ///< wake() was called, once or more, since the last `woken`; seldom for nothing
    failed,    ///< result: -errno. The kernel does not serve this engine any more; only its end is left
};

struct Event {
    EventKind kind = EventKind::woken;
    int result = 0;                ///< see EventKind
    ConnectionId connection = {};  ///< received, sent, closed
    ListenerId listener = 0;       ///< accepted
    const char* data = nullptr;    ///< received
};

/// How soon the caller has to hear that a send has completed.
enum class Urgency : std::uint8_t {
    prompt,   ///< at once: it goes on from there
    relaxed,  ///< with whatever comes next, within relaxed_max: an engine may save itself a system call, or a turn of the caller's loop
    last,     ///< at once, and then follows shutdown_send() or close(): the bytes may wait for it, to leave with the FIN
};

inline constexpr std::chrono::milliseconds relaxed_max{10};

/// When a wait that keeps a relaxed send back has to end, if nothing comes before.
[[nodiscard]] constexpr Instant relaxed_deadline(Instant deadline, Instant now) {
    return std::min(deadline, now + relaxed_max);
}

/// What an engine needs to know before it starts.
struct EngineOptions {
    std::size_t receive_bytes = 4096;      ///< bytes asked for per receive (--read-buffer)
    std::uint32_t max_connections = 1024;  ///< slots are below this number
    std::uint32_t accepts_at_once = 16;    ///< connections that one wait() takes from a listener, at most
};

/// Whether an accept(2) error says that descriptors or memory ran out (EMFILE, ENFILE, ENOBUFS, ENOMEM). The listener is then
/// paused, until the caller resumes it: when a descriptor is free again, or after some time.
[[nodiscard]] bool is_exhaustion(int error_number);

template <class E>
concept Engine = requires(E engine, const E& observed, ConnectionId id, ListenerId listener, int fd, std::span<const Slice> slices,
                          Urgency urgency, std::optional<Instant> deadline, const EngineOptions& options) {
    { E::create(options) };  // -> Result<std::unique_ptr<E>>
    { E::name } -> std::convertible_to<std::string_view>;

    // accept, repeating: delivers `accepted` for every connection until paused. The descriptor stays the caller's, and may be
    // shared with other engines. An error of is_exhaustion() is delivered once and pauses the listener, so that nothing spins;
    // the caller resumes it when descriptors may be had again. Other accept errors are the peer's and never surface.
    { engine.add_listener(listener, fd) } -> std::same_as<Result<void>>;
    { engine.pause_accept(listener) };
    { engine.resume_accept(listener) };

    // A new connection: takes ownership of the descriptor (non-blocking stream socket) and starts receiving. `id.slot` is
    // below max_connections and not in use. An error (ENOMEM, ENOSPC) leaves the descriptor closed and the id free. Memory for
    // all the events that a connection may cause is taken here: later on only what a slow peer needs may be refused, and ends
    // that connection (a `sent` or `received` with an error).
    { engine.open(id, fd) } -> std::same_as<Result<void>>;

    // receive, repeating: on from open() until FIN, an error, pause or close. Both are idempotent and cheap.
    { engine.pause_receive(id) };
    { engine.resume_receive(id) };

    // Sends all slices in order; short writes are the engine's business. One send per connection at a time (VERIFY), at
    // least one byte, at most Batch::capacity slices. sent_so_far: bytes of the running send handed to the kernel, so
    // that a caller can tell a slow reader from a stalled one; 0 when none is running.
    { engine.send(id, slices) };  // prompt
    { engine.send(id, slices, urgency) };
    { observed.sent_so_far(id) } -> std::same_as<std::uint64_t>;

    // shutdown(SHUT_WR): the peer sees FIN after the bytes already sent. Requires that no send is running.
    { engine.shutdown_send(id) };

    // Ends receiving, cuts a running send, closes the descriptor; `closed` follows from a later wait().
    { engine.close(id) };

    // The same with RST in place of FIN (a unix socket has none: its peer sees the end). What the peer has not received yet may be lost;
    // unreceived: how many of the bytes that were sent this may be, as far as the system tells.
    { engine.reset(id) };
    { observed.unreceived(id) } -> std::same_as<std::size_t>;

    // Blocks until there is an event or the deadline has come (none: for ever). The span lives until the next wait(). An empty
    // span means the deadline came and nothing else is pending; a deadline in the past polls.
    { engine.wait(deadline) } -> std::same_as<std::span<const Event>>;
    // The time at which wait() last came back from the kernel. Constant between two waits: no clock call per event.
    { observed.now() } -> std::same_as<Instant>;

    { engine.wake() };
};

}  // namespace tinyhttpd::io
