// SPDX-License-Identifier: MIT
// What the io_uring engine keeps of each connection, and how it marks an operation so that its completion tells which it was
// and whose. For uring_engine.hpp alone.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "base/protocol.hpp"
#include "base/sparing_vector.hpp"
#include "io/engine.hpp"
#include "io/slot_queue.hpp"

namespace tinyhttpd::io {

enum class UringOperation : std::uint8_t { receive, send, close, poll, cancel };

/// The user_data of an operation: the slot, above it the kind (low half), the generation (high half).
namespace uring_tag {

inline constexpr unsigned slot_bits = 29;
inline constexpr std::uint32_t slot_max = (std::uint32_t{1} << slot_bits) - 1;

[[nodiscard]] constexpr std::uint64_t make(UringOperation kind, ConnectionId id) {
    return std::uint64_t{id.generation} << 32 | static_cast<std::uint32_t>(kind) << slot_bits | id.slot;
}
[[nodiscard]] constexpr UringOperation kind_of(std::uint64_t tag) {
    return static_cast<UringOperation>(static_cast<std::uint32_t>(tag) >> slot_bits);
}
[[nodiscard]] constexpr ConnectionId id_of(std::uint64_t tag) {
    return {static_cast<std::uint32_t>(tag) & slot_max, static_cast<std::uint32_t>(tag >> 32)};
}

}  // namespace uring_tag

/// The state of a connection's receive in the kernel.
enum class UringReceive : std::uint8_t {
    none,        ///< not in the kernel: to be armed again when wanted
    armed,       ///< will complete, mostly again and again
    cancelling,  ///< will complete once more, with or without bytes
    ended,       ///< FIN or an error came
};
enum class UringLife : std::uint8_t { free, open, closing, descriptor_closed };

/// Input of a connection that is paused, copied so that it does not hold receive buffers.
struct Spill {
    SparingVector<char> bytes;
    std::size_t shown = 0;
    int end = 0;  ///< what to show after the bytes: 0 or a negative errno
    bool ended = false;
    std::unique_ptr<Spill> next;  ///< of those that are lent

    void clear() {
        bytes.clear();
        shown = 0;
        ended = false;
    }
    [[nodiscard]] std::size_t left() const { return bytes.size() - shown; }
};

/// A send of several slices, or in several steps: the kernel reads this until the send completes.
struct Message {
    msghdr header{};
    std::uint64_t sent = 0;  ///< bytes that the kernel has taken
    std::array<iovec, Batch::capacity> vectors;

    /// Leaves out the first `bytes`, which have been sent.
    void advance(std::size_t bytes) {
        sent += bytes;
        iovec*& first = header.msg_iov;
        while (header.msg_iovlen > 0 && bytes >= first->iov_len) {
            bytes -= first->iov_len;
            ++first;
            --header.msg_iovlen;
        }
        if (bytes > 0) *first = {static_cast<char*>(first->iov_base) + bytes, first->iov_len - bytes};
    }
};

/// Small, since it is most of what an idle connection costs the engine.
struct UringConnection {
    int fd = -1;
    std::uint32_t generation = 0;
    union {
        const char* data = nullptr;  ///< of a single slice
        Message* message;            ///< owned
    } outgoing;
    std::size_t send_left = 0;     ///< not 0: a send is running
    std::unique_ptr<Spill> spill;  ///< input, or its end, that has not been shown
    std::uint32_t turn = 0;        ///< of the last span with a `received` for this connection
    QueueLink link;                ///< of revisited_
    UringReceive receive = UringReceive::none;
    UringLife life = UringLife::free;
    bool wanted = false;     ///< receiving is not paused
    bool gathered = false;   ///< outgoing is a message
    bool silent = false;     ///< the running send is in silent_
    bool multishot = false;  ///< one receive completes again and again, rather than once
    bool starved = false;    ///< input could not be kept for want of memory: receiving ends there, with ENOMEM
};

static_assert(sizeof(UringConnection) <= 48);

/// Objects kept for reuse, so that a steady load allocates nothing.
template <class T>
class Spares {
public:
    /// Null when memory has run out.
    [[nodiscard]] std::unique_ptr<T> take() {
        if (count_ == 0) return std::unique_ptr<T>(new (std::nothrow) T);
        return std::move(kept_[--count_]);
    }
    void keep(std::unique_ptr<T> spare) {
        if (count_ < kept_.size()) kept_[count_++] = std::move(spare);
    }

private:
    std::array<std::unique_ptr<T>, 32> kept_;
    std::size_t count_ = 0;
};

}  // namespace tinyhttpd::io
