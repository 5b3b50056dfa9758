// SPDX-License-Identifier: MIT
// One connection as tcp::Server keeps it, small because 10,000 idle ones must be cheap, and the table of them: slots that are
// used again and again, each time under another generation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/block_pool.hpp"
#include "base/protocol.hpp"
#include "base/slot_array.hpp"
#include "base/verify.hpp"
#include "io/engine.hpp"
#include "tcp/deadlines.hpp"

namespace tinyhttpd::tcp {

enum class ConnectionState : std::uint8_t {
    free,       ///< the slot is not in use
    greeting,   ///< waiting for a proxy's header (ServerLimits::proxy_protocol); what has come of it is kept
    receiving,  ///< waiting for input
    sending,    ///< a batch is on its way; input that comes meanwhile is kept
    waiting,    ///< for the time of its answer, or until the peer has what comes before a reset; input is kept as well
    lingering,  ///< the last answer is out and FIN sent: what still comes is discarded, until the peer's FIN or a bound
    closing,    ///< the engine was told to close; the slot is free again when it says `closed`
};

/// Input that was not consumed, in a block of the pool; without any it owns none.
class SavedInput {
public:
    [[nodiscard]] bool empty() const { return size_ == 0; }
    /// Until the next append(), assign() or clear().
    [[nodiscard]] std::string_view view() const { return {block_.get(), size_}; }

    /// Adds `bytes` at the end; all must fit into a block. False when there is no memory.
    [[nodiscard, gnu::noinline]] bool append(BlockPool& pool, std::string_view bytes) {
        if (!block_) block_ = pool.take();
        if (!block_) return false;
        VERIFY(size_ + bytes.size() <= pool.block_size());
        std::memcpy(block_.get() + size_, bytes.data(), bytes.size());
        size_ += static_cast<std::uint32_t>(bytes.size());
        return true;
    }
    /// Keeps `rest`, which may lie in view(), and nothing else. False when there is no memory.
    [[nodiscard]] bool assign(BlockPool& pool, std::string_view rest) {
        if (!rest.empty()) [[unlikely]]
            return replace(pool, rest);
        clear(pool);
        return true;
    }
    void clear(BlockPool& pool) {
        if (block_) [[unlikely]]
            give_back(pool);
    }

private:
    // Out of line, so that the usual case is a look at block_.
    [[gnu::noinline]] bool replace(BlockPool& pool, std::string_view rest) {
        if (!block_) block_ = pool.take();
        if (!block_) return false;
        // A head that drips in stays where it is: moving it for every byte would cost the square of its length.
        if (rest.data() != block_.get()) std::memmove(block_.get(), rest.data(), rest.size());
        size_ = static_cast<std::uint32_t>(rest.size());
        return true;
    }
    [[gnu::noinline]] void give_back(BlockPool& pool) {
        pool.give_back(std::move(block_));
        size_ = 0;
    }

    BlockPool::Block block_;
    std::uint32_t size_ = 0;
};

template <class Session>
struct Connection {
    DeadlineLink deadline;  ///< its `slot` is this connection's
    std::uint32_t generation = 0;
    ConnectionState state = ConnectionState::free;
    Next after_send = Next::receive;  ///< what happens when the running send has completed
    bool paused = false;              ///< receiving is paused: input came while sending or waiting
    bool finished = false;            ///< the peer's FIN or an error came while sending or waiting
    Lease lease = no_lease;           ///< of the running send
    std::uint32_t answers = 0;        ///< final responses in the running send
    SavedInput saved;                 ///< input that was not consumed
    io::Instant since;       ///< when what has a bound in all began (skipped content, lingering); when the answer is due that waits
    std::uint64_t mark = 0;  ///< sending: bytes sent at the last look; waiting: its place among the delays; free: the next free slot
    Session session;

    [[nodiscard]] io::ConnectionId id() const { return {deadline.slot, generation}; }
};

template <class Connection>
class ConnectionTable {
public:
    /// A connection in a free slot; null when there are `most` of them, or memory has run out.
    [[nodiscard]] Connection* take(std::uint32_t most) {
        if (free_ == none && !add_chunk()) return nullptr;
        if (free_ >= most) return nullptr;
        Connection& connection = slots_[free_];
        connection.deadline.slot = free_;
        free_ = static_cast<std::uint32_t>(connection.mark);
        ++in_use_;
        return &connection;
    }
    /// The slot is free again; whoever still holds its id holds a stale one.
    void give_back(Connection& connection) {
        connection.state = ConnectionState::free;
        ++connection.generation;
        connection.mark = std::exchange(free_, connection.deadline.slot);
        --in_use_;
    }

    [[nodiscard]] Connection& operator[](std::uint32_t slot) { return slots_[slot]; }
    [[nodiscard]] bool empty() const { return in_use_ == 0; }

    template <class Visit>
    void for_each(Visit visit) {
        for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
            if (slots_[slot].state != ConnectionState::free) visit(slots_[slot]);
        }
    }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    /// Requires that none is free.
    bool add_chunk() {
        const std::uint32_t first = slots_.size();
        if (!slots_.ensure(first)) return false;
        for (std::uint32_t slot = slots_.size(); slot-- > first;) slots_[slot].mark = std::exchange(free_, slot);
        return true;
    }

    SlotArray<Connection> slots_;
    std::uint32_t free_ = none;  ///< the first free slot, in whose mark is the next one
    std::uint32_t in_use_ = 0;
};

}  // namespace tinyhttpd::tcp
