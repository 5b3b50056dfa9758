// SPDX-License-Identifier: MIT
#include "log/capture.hpp"

#include <cerrno>
#include <new>
#include <utility>

#include "log/capture_line.hpp"

namespace tinyhttpd::log {

void CaptureDesk::sit(std::function<void()> wake) {
    const std::scoped_lock lock(wake_mutex_);
    wake_ = std::move(wake);
}

Recorder::Recording CaptureDesk::record(CapturedRequest& request) {
    Entry* const entry = take_free();
    if (entry == nullptr) return {.is_recorded = false};
    request.number = file_.next_number();
    entry->line.clear();
    if (!append_capture_line(entry->line, request) || !file_.submit(*entry)) {
        put_free(*entry);
        return {.is_recorded = false};
    }
    return {.line = entry};
}

Recorder::Line* CaptureDesk::next_told() {
    for (;;) {
        if (looked_at_ == nullptr) {
            const std::scoped_lock lock(mutex_);
            looked_at_ = std::exchange(told_first_, nullptr);
            told_last_ = nullptr;
        }
        if (looked_at_ == nullptr) return nullptr;
        Entry& entry = *std::exchange(looked_at_, looked_at_->next);
        entry.is_told = true;
        if (!entry.is_forgotten) return &entry;
        put_free(entry);
    }
}

void CaptureDesk::forget(Recorder::Line& line) {
    auto& entry = static_cast<Entry&>(line);
    // One that is on its way comes back, or is never told: then it stays where it is.
    entry.is_told ? put_free(entry) : static_cast<void>(entry.is_forgotten = true);
}

void CaptureDesk::told(Entry& entry, int code) {
    entry.error = code;
    entry.next = nullptr;
    const std::scoped_lock wake_lock(wake_mutex_);
    std::unique_lock lock(mutex_);
    (told_first_ == nullptr ? told_first_ : told_last_->next) = &entry;
    const bool is_first = told_last_ == nullptr;
    told_last_ = &entry;
    lock.unlock();
    // Whoever was woken takes all.
    if (is_first && wake_) wake_();
}

CaptureDesk::Entry* CaptureDesk::take_free() {
    if (free_ == nullptr) {
        try {
            entries_.push_back(std::make_unique<Entry>());
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
        entries_.back()->desk = this;
        put_free(*entries_.back());
    }
    Entry& entry = *std::exchange(free_, free_->next);
    entry.is_told = entry.is_forgotten = false;
    return &entry;
}

void CaptureDesk::put_free(Entry& entry) {
    // A line with a large body is not kept for the sake of the next.
    constexpr std::size_t usual = 4096;
    if (entry.line.capacity() > usual) std::string().swap(entry.line);
    entry.next = std::exchange(free_, &entry);
}

Result<std::unique_ptr<Capture>> Capture::open(std::string path, std::size_t workers, Diagnostics& diagnostics) {
    std::unique_ptr<Capture> capture(new Capture);
    const auto tell = [](CaptureFile::Entry& told, int code) {
        auto& entry = static_cast<CaptureDesk::Entry&>(told);
        entry.desk->told(entry, code);
    };
    TRY(capture->file_, CaptureFile::open(std::move(path), tell, diagnostics));
    for (std::size_t i = 0; i < workers; ++i) capture->desks_.push_back(std::make_unique<CaptureDesk>(*capture->file_));
    return capture;
}

}  // namespace tinyhttpd::log
