// SPDX-License-Identifier: MIT
// The queue is a list through the entries, so that handing over costs no memory. While the thread writes, the texts of the lines are its
// own: an owner who is let go of meanwhile may free its entry.
#include "log/capture_file.hpp"

#include <array>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include "base/verify.hpp"
#include "log/log_file.hpp"
#include "log/small_thread.hpp"

namespace tinyhttpd::log {

CaptureFile::Entry::~Entry() {
    VERIFY(!is_submitted_);
}

struct CaptureFile::State {
    State(LogFile opened, Done told, Diagnostics& to)
        : file(std::move(opened)), done(std::move(told)), diagnostics(to), failed(to, Level::error, "line") {}

    void write_until_closed();
    void abandon(std::unique_lock<std::mutex>& lock);

    // The thread alone, while it lives.
    LogFile file;
    const Done done;
    std::array<std::string, LogFile::texts_max> lines;  ///< the texts of `batch`

    std::atomic<bool> stop = false;  ///< what is not written is lost

    std::mutex mutex;  // all below, but what the thread reports while `telling`
    std::condition_variable work;
    std::condition_variable changed;
    Diagnostics& diagnostics;
    RepeatedReport failed;
    Entry* first = nullptr;
    Entry* last = nullptr;
    std::size_t waiting = 0;                         ///< from `first` to `last`
    std::array<Entry*, LogFile::texts_max> batch{};  ///< what is being written and told
    std::size_t batch_size = 0;
    bool telling = false;  ///< the batch is written, and Done is being called
    bool closed = false;   ///< nothing new is taken
    bool abandoned = false;
    bool ended = false;  ///< the thread has nothing left to do
    std::function<void()> finished;
    std::uint64_t lost = 0;

private:
    [[nodiscard]] LogFile::Written write_batch();
    void take_batch();
    void return_lines();
    void tell_batch(const LogFile::Written& written);
    void report(const LogFile::Written& written) noexcept;
};

/// The thread.
void CaptureFile::State::write_until_closed() {
    std::unique_lock lock(mutex);
    for (;;) {
        work.wait(lock, [this] { return first != nullptr || closed; });
        if (first == nullptr) break;  // after abandon(), too
        take_batch();
        lock.unlock();
        const LogFile::Written written = write_batch();
        lock.lock();
        if (abandoned) break;
        return_lines();
        lost += written.lost_lines;
        telling = true;
        lock.unlock();
        tell_batch(written);
        lock.lock();
        telling = false;
        batch_size = 0;
        changed.notify_all();
        if (first == nullptr && finished) finished();
    }
    lock.unlock();
    // Not with the last share of this, which may be this thread's and go a moment after close() has returned.
    file.close();
    lock.lock();
    ended = true;
    changed.notify_all();
}

/// Requires mutex, as return_lines().
void CaptureFile::State::take_batch() {
    while (first != nullptr && batch_size < batch.size()) {
        lines[batch_size].swap(first->line);
        batch[batch_size++] = first;
        first = first->next_;
        --waiting;
    }
}

void CaptureFile::State::return_lines() {
    for (std::size_t i = 0; i < batch_size; ++i) {
        batch[i]->line.swap(lines[i]);
        batch[i]->is_submitted_ = false;
    }
}

LogFile::Written CaptureFile::State::write_batch() {
    std::array<std::string_view, LogFile::texts_max> texts;
    for (std::size_t i = 0; i < batch_size; ++i) texts[i] = lines[i];
    return file.write(std::span(texts.data(), batch_size), stop);
}

void CaptureFile::State::tell_batch(const LogFile::Written& written) {
    if (written.lost_lines > 0) report(written);
    // An entry is a line, and those that are lost are the last.
    const std::size_t in_file = batch_size - written.lost_lines;
    for (std::size_t i = 0; i < batch_size; ++i) done(*batch[i], i < in_file ? 0 : written.error);
}

void CaptureFile::State::report(const LogFile::Written& written) noexcept {
    const auto now = std::chrono::steady_clock::now();
    try {
        failed.add(now, Error{"write the capture", file.name(), written.error}.text(), written.lost_lines);
    } catch (const std::bad_alloc&) {
        failed.add(now, "cannot write the capture", written.lost_lines);
    }
}

/// Requires mutex, by `lock`.
void CaptureFile::State::abandon(std::unique_lock<std::mutex>& lock) {
    closed = true;
    finished = nullptr;
    stop.store(true, std::memory_order_relaxed);
    if (!abandoned) {
        abandoned = true;
        lost += waiting;
        for (; first != nullptr; first = first->next_) first->is_submitted_ = false;
        waiting = 0;
        // A batch that is being told is counted, and its owners' already.
        if (!telling) {
            lost += batch_size;
            for (std::size_t i = 0; i < batch_size; ++i) batch[i]->is_submitted_ = false;
        }
        work.notify_all();
    }
    changed.wait(lock, [this] { return !telling; });
}

CaptureFile::CaptureFile(std::shared_ptr<State> state) : state_(std::move(state)) {}

CaptureFile::~CaptureFile() {
    if (!closed_) close(std::chrono::seconds(5));
}

Result<std::unique_ptr<CaptureFile>> CaptureFile::open(std::string path, Done done, Diagnostics& diagnostics) {
    TRY(auto file, LogFile::open(std::move(path), LogFile::capture));
    auto state = std::make_shared<State>(std::move(file), std::move(done), diagnostics);
    auto kept = std::make_unique<std::shared_ptr<State>>(state);
    if (const int code = start_small_thread(run, kept.get()); code != 0) return fail("start the capture's thread", {}, code);
    static_cast<void>(kept.release());
    return std::unique_ptr<CaptureFile>(new CaptureFile(std::move(state)));
}

void* CaptureFile::run(void* argument) {
    const std::unique_ptr<std::shared_ptr<State>> kept(static_cast<std::shared_ptr<State>*>(argument));
    (*kept)->write_until_closed();
    return nullptr;
}

bool CaptureFile::submit(Entry& entry) noexcept {
    State& state = *state_;
    std::unique_lock lock(state.mutex);
    if (state.closed) return false;
    VERIFY(!entry.is_submitted_ && entry.line.ends_with('\n'));
    entry.is_submitted_ = true;
    entry.next_ = nullptr;
    const bool is_only = state.first == nullptr;
    (is_only ? state.first : state.last->next_) = &entry;
    state.last = &entry;
    ++state.waiting;
    lock.unlock();
    // The thread would wait at once for a mutex that is still held.
    if (is_only) state.work.notify_one();
    return true;
}

void CaptureFile::finish(std::function<void()> finished) {
    const std::lock_guard lock(state_->mutex);
    state_->closed = true;
    state_->finished = std::move(finished);
    state_->work.notify_all();
}

bool CaptureFile::finished() const {
    const std::lock_guard lock(state_->mutex);
    return state_->abandoned || (state_->first == nullptr && state_->batch_size == 0);
}

void CaptureFile::abandon() {
    std::unique_lock lock(state_->mutex);
    state_->abandon(lock);
}

std::uint64_t CaptureFile::close(std::chrono::milliseconds patience) {
    closed_ = true;
    State& state = *state_;
    std::unique_lock lock(state.mutex);
    state.closed = true;
    state.finished = nullptr;
    state.work.notify_all();
    const auto ended = [&state] { return state.ended; };
    if (!state.changed.wait_for(lock, patience, ended)) {
        state.abandon(lock);
        // It looks up from a full pipe soon. It cannot from a blocking write(2) to a reader that stalls: then the process goes without it.
        state.changed.wait_for(lock, std::chrono::milliseconds(200), ended);
    }
    const std::uint64_t lost = state.lost;
    lock.unlock();
    state.failed.flush();
    if (lost > 0)
        state.diagnostics.warn("the capture " + state.file.name() + " lost " + std::to_string(lost) + (lost == 1 ? " line" : " lines") +
                               " in all");
    return lost;
}

}  // namespace tinyhttpd::log
