// SPDX-License-Identifier: MIT
// CaptureFile: where the lines of --capture go before the answers that they are about leave. Workers hand entries over and go on; a thread
// of its own writes, and then tells what became of each. No line is dropped, and whoever stalls the file holds up that thread alone. What
// is in a line is capture_line.hpp's business, and who waits for it the caller's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "log/diagnostics.hpp"

namespace tinyhttpd::log {

class CaptureFile {
public:
    /// A line on its way, derived from by who has to know more when it is told. It is the caller's, lives until it is told or let go of
    /// (asserted), and is left alone between submit() and then; afterwards it can be used again, with the memory that its line has.
    class Entry {
    public:
        Entry() = default;
        ~Entry();
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;

        std::string line;  ///< one, with its newline

    private:
        friend class CaptureFile;
        Entry* next_ = nullptr;  // in the queue
        bool is_submitted_ = false;
    };

    /// Tells on the capture's thread that the line of `entry` is in the file (`error` is 0), or why it is not: an errno. For all lines of
    /// one write in order of submission, one after the other. Must not block; may submit() again, but not finish(), abandon() or close().
    /// The entry may be gone when it returns.
    using Done = std::function<void(Entry& entry, int error)>;

    /// Opens `path` as LogFile::open() does ("-" is standard output; a file is appended to, and created with mode 0600) and starts the
    /// thread. The error names the path: the server cannot start. `diagnostics` outlives the capture.
    [[nodiscard]] static Result<std::unique_ptr<CaptureFile>> open(std::string path, Done done, Diagnostics& diagnostics);

    /// close(), with five seconds of patience, unless it has been called.
    ~CaptureFile();
    CaptureFile(const CaptureFile&) = delete;
    CaptureFile& operator=(const CaptureFile&) = delete;

    /// The `n` of the next line, from 1: each is given once. Workers that take theirs at the same time may submit in another order. Any
    /// thread.
    [[nodiscard]] std::uint64_t next_number() { return numbers_.fetch_add(1, std::memory_order_relaxed) + 1; }

    /// Takes an entry that is not submitted (asserted). Lines are written in order of submission, those that wait together. Never waits for
    /// the file and allocates nothing. False, once nothing is taken any more: the entry stays the caller's, and nobody is told. Any thread.
    [[nodiscard]] bool submit(Entry& entry) noexcept;

    /// Takes nothing new any more, and calls `finished` when the last of what was submitted is told, on the capture's thread: for a caller
    /// that has other things to wait for besides. Nothing is left to tell: it is not called. It must not block, and is not called after
    /// abandon() or close().
    void finish(std::function<void()> finished);
    /// Whether nothing that was submitted is left to be told.
    [[nodiscard]] bool finished() const;

    /// Lets go of all entries at once, written or not: for a forced stop. None is told any more when it returns, and all are their owners'
    /// again; a line in the middle of a write(2) may reach the file yet. Waits for nothing but Done. Any thread but the capture's.
    void abandon();

    /// As finish(), but waits itself, no longer than `patience`, then abandon(), and stops the thread. Returns how many lines are not in
    /// the file over the whole life of the capture, which it also reports when there are any. Once.
    std::uint64_t close(std::chrono::milliseconds patience);

private:
    struct State;  // also the thread's, which may outlive this in a system call that nobody can end

    explicit CaptureFile(std::shared_ptr<State> state);
    static void* run(void* argument);

    const std::shared_ptr<State> state_;
    std::atomic<std::uint64_t> numbers_ = 0;
    bool closed_ = false;
};

}  // namespace tinyhttpd::log
