// SPDX-License-Identifier: MIT
// Capture: --capture as the workers see it. Each has a desk of its own, where it leaves lines and is told what became of them: the file's
// thread puts them on the desk and wakes the worker. main opens it before the workers start, and closes it when they have returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/recorder.hpp"
#include "base/result.hpp"
#include "log/capture_file.hpp"
#include "log/diagnostics.hpp"

namespace tinyhttpd::log {

/// One thread, the worker's, but where it says otherwise.
class CaptureDesk {
public:
    explicit CaptureDesk(CaptureFile& file) : file_(file) {}
    CaptureDesk(const CaptureDesk&) = delete;
    CaptureDesk& operator=(const CaptureDesk&) = delete;

    /// Who is to be woken when a line is told; empty: nobody. The file's thread calls it, and not after this has returned with another.
    void sit(std::function<void()> wake);

    /// As Recorder's.
    [[nodiscard]] Recorder::Recording record(CapturedRequest& request);
    [[nodiscard]] Recorder::Line* next_told();
    void forget(Recorder::Line& line);

private:
    friend class Capture;
    struct Entry : CaptureFile::Entry, Recorder::Line {
        CaptureDesk* desk = nullptr;
        bool is_told = false;
        bool is_forgotten = false;
        Entry* next = nullptr;  ///< on one of the desk's lists
    };

    /// The file's thread.
    void told(Entry& entry, int code);
    [[nodiscard]] Entry* take_free();
    void put_free(Entry& entry);

    CaptureFile& file_;
    std::vector<std::unique_ptr<Entry>> entries_;
    Entry* free_ = nullptr;
    Entry* looked_at_ = nullptr;  ///< told, and taken off the list below

    std::mutex wake_mutex_;  // wake_ alone: whoever is woken takes the other at once
    std::function<void()> wake_;

    std::mutex mutex_;  // all below
    Entry* told_first_ = nullptr;
    Entry* told_last_ = nullptr;
};

class Capture {
public:
    /// `path` as CaptureFile::open() takes it. `diagnostics` outlives the capture.
    [[nodiscard]] static Result<std::unique_ptr<Capture>> open(std::string path, std::size_t workers, Diagnostics& diagnostics);

    [[nodiscard]] CaptureDesk& desk(std::size_t worker) { return *desks_[worker]; }
    /// To finish, abandon and close.
    [[nodiscard]] CaptureFile& file() { return *file_; }

private:
    Capture() = default;

    std::vector<std::unique_ptr<CaptureDesk>> desks_;
    std::unique_ptr<CaptureFile> file_;  // the first to go: it holds what lies on the desks
};

}  // namespace tinyhttpd::log
