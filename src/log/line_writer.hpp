// SPDX-License-Identifier: MIT
// LineWriter: lines for a descriptor that somebody else may stall: a full pipe, a terminal that was stopped with Ctrl-S. It has a thread
// of its own, started with the first line, and only that thread waits in write(2). Making the descriptor non-blocking is no way out: the
// flag belongs to the open file description (open(2)), which others share.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/fd.hpp"

namespace tinyhttpd::log {

class LineWriter {
public:
    /// The line that says that so many lines were lost.
    using LostLine = std::function<std::string(std::uint64_t)>;

    /// Lines that wait, at most; further ones are lost.
    static constexpr std::size_t waiting_max = 256;

    /// Writes to `descriptor`, which is borrowed. Once writing is possible again, lines that were lost are made up for by `lost_line`.
    LineWriter(int descriptor, LostLine lost_line);
    /// Writes to a descriptor of its own, and closes it when this has gone and all is written.
    explicit LineWriter(Fd descriptor);
    /// Does not wait: the thread goes on alone, until all is written or the process ends.
    ~LineWriter();
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;

    /// Takes a line, to be written in one write(2) if the kernel takes it so, or loses it. Never waits for the descriptor. Any thread.
    void put(std::string line) noexcept;
    /// Counts a line that could not even be made.
    void lose() noexcept;

    /// Whether every line that was taken is written.
    [[nodiscard]] bool empty() const;
    /// `call` is called each time that it becomes empty, on the writer's thread; it must not block. Not after ~LineWriter.
    void when_empty(std::function<void()> call);
    /// Waits until it is empty, but no longer than `patience`.
    void wait(std::chrono::milliseconds patience);

    struct State;  ///< also the thread's, which may outlive this

private:
    std::shared_ptr<State> state_;
};

}  // namespace tinyhttpd::log
