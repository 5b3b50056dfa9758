// SPDX-License-Identifier: MIT
// The words that the TCP layer and a protocol on top of it share: slices of bytes to send, the batch they are gathered
// in, and what a protocol wants next. tcp/ and http/ both speak them, so that neither includes the other.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/verify.hpp"

namespace tinyhttpd {

/// Bytes to send, owned by somebody else. They stay valid and unchanged until the send that uses them completes.
struct Slice {
    const char* data = nullptr;
    std::size_t size = 0;
};

/// A number that a protocol hangs on the bytes of a batch, and gets back once they are no longer in use.
using Lease = std::uint32_t;
inline constexpr Lease no_lease = ~Lease{0};

/// The answers to one or more pipelined requests, gathered for one send.
class Batch {
public:
    static constexpr std::size_t capacity = 16;

    void clear() { count_ = 0, bytes_ = 0, answers = 0, lease = no_lease; }
    /// Requires !full(), asserted.
    [[gnu::always_inline]] void push(Slice slice) {
        VERIFY(count_ < capacity);
        slices_[count_++] = slice;
        bytes_ += slice.size;
    }
    /// The last slice, for a protocol that lengthens a run of equal answers. Requires !empty().
    void extend_last(std::size_t size) {
        ASSERT(count_ > 0);
        slices_[count_ - 1].size += size;
        bytes_ += size;
    }
    [[nodiscard]] std::span<const Slice> slices() const { return {slices_.data(), count_}; }
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] std::size_t room() const { return capacity - count_; }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

    std::uint32_t answers = 0;  ///< final responses in the batch (a 100 Continue is none)
    Lease lease = no_lease;     ///< set by the protocol as soon as a slice points into leased bytes
    /// With Next::later: when; max(): nobody knows, only the peer's leaving or the end of a drain ends it.
    std::chrono::steady_clock::time_point due;

private:
    std::array<Slice, capacity> slices_;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
};

/// What a protocol wants after it has looked at its input. The rare ones come last: one comparison tells them apart.
enum class Next : std::uint8_t {
    receive,  ///< more input; what was not consumed is to be shown again, with more behind it
    flush,    ///< the output limit is reached: send the batch, then call again with what was not consumed
    close,    ///< send the batch, then close in three steps; nothing more is read as a request
    later,    ///< send the batch; the next answer is due at Batch::due, when resume() is called. No input is shown before
    held,     ///< send the batch; the next answer waits for something else than the time: next_ready() calls for it. No input before
    reset,    ///< send the batch; once the peer has it, end the connection with RST
};

struct Advance {
    std::size_t consumed = 0;  ///< bytes at the front of the input that are done with
    Next next = Next::receive;
};

/// What a connection waits for when it waits for input; each phase has its own deadline.
enum class Phase : std::uint8_t {
    idle,  ///< between two requests: nothing of the next one has arrived
    head,  ///< a request has begun (or the connection is new) and its head is not complete
    body,  ///< a request's content is being skipped
};

}  // namespace tinyhttpd
