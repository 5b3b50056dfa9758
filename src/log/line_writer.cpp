// SPDX-License-Identifier: MIT
#include "log/line_writer.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "base/write_all.hpp"
#include "log/small_thread.hpp"

namespace tinyhttpd::log {

struct LineWriter::State {
    State(Fd own, int fd, LostLine line) : owned(std::move(own)), descriptor(fd), lost_line(std::move(line)) {}

    struct Line {
        std::string text;
        std::uint64_t stands_for = 1;  ///< lines that are lost with it
    };

    [[nodiscard]] bool empty() const { return waiting.empty() && !writing; }
    void write_until_ended();
    void make_up_for_lost();

    const Fd owned;
    const int descriptor;
    const LostLine lost_line;

    std::mutex mutex;  // all below
    std::condition_variable changed;
    std::deque<Line> waiting;
    std::uint64_t lost = 0;
    bool writing = false;  ///< a line that is no longer in `waiting`
    bool started = false;
    bool ended = false;  ///< no line follows those that wait
    std::function<void()> when_empty;
};

/// The thread.
void LineWriter::State::write_until_ended() {
    std::unique_lock lock(mutex);
    for (;;) {
        changed.wait(lock, [this] { return !waiting.empty() || ended; });
        if (waiting.empty()) return;
        const Line line = std::move(waiting.front());
        waiting.pop_front();
        writing = true;
        lock.unlock();
        const bool written = write_all(descriptor, line.text, {}).has_value();
        lock.lock();
        writing = false;
        if (!written)
            lost += line.stands_for;
        else if (waiting.empty() && lost > 0 && lost_line)
            make_up_for_lost();
        if (!empty()) continue;
        changed.notify_all();
        if (when_empty && !ended) when_empty();
    }
}

/// Requires mutex.
void LineWriter::State::make_up_for_lost() {
    try {
        waiting.push_back({lost_line(lost), lost});
        lost = 0;
    } catch (const std::exception&) {  // no memory: after a later line
    }
}

namespace {

extern "C" void* write_lines(void* argument) {
    const std::unique_ptr<std::shared_ptr<LineWriter::State>> kept(static_cast<std::shared_ptr<LineWriter::State>*>(argument));
    (*kept)->write_until_ended();
    return nullptr;
}

/// Requires the mutex of `state`, and lines that wait.
void start_thread(const std::shared_ptr<LineWriter::State>& state) noexcept {
    if (state->started) return;
    std::unique_ptr<std::shared_ptr<LineWriter::State>> kept(new (std::nothrow) std::shared_ptr<LineWriter::State>(state));
    // No memory, or a limit on processes: whoever looks at the writer next tries again.
    if (!kept || start_small_thread(write_lines, kept.get()) != 0) return;
    static_cast<void>(kept.release());
    state->started = true;
}

}  // namespace

LineWriter::LineWriter(int descriptor, LostLine lost_line) : state_(std::make_shared<State>(Fd(), descriptor, std::move(lost_line))) {}

LineWriter::LineWriter(Fd descriptor) {
    const int number = descriptor.get();
    state_ = std::make_shared<State>(std::move(descriptor), number, LostLine());
}

LineWriter::~LineWriter() {
    const std::lock_guard lock(state_->mutex);
    state_->ended = true;
    state_->changed.notify_all();
}

void LineWriter::put(std::string line) noexcept {
    State& state = *state_;
    const std::lock_guard lock(state.mutex);
    if (state.waiting.size() >= waiting_max) {
        ++state.lost;
        return;
    }
    try {
        state.waiting.push_back({std::move(line)});
    } catch (const std::exception&) {  // no memory
        ++state.lost;
        return;
    }
    state.changed.notify_all();
    start_thread(state_);
}

void LineWriter::lose() noexcept {
    const std::lock_guard lock(state_->mutex);
    ++state_->lost;
}

bool LineWriter::empty() const {
    const std::lock_guard lock(state_->mutex);
    if (state_->empty()) return true;
    start_thread(state_);
    return false;
}

void LineWriter::when_empty(std::function<void()> call) {
    const std::lock_guard lock(state_->mutex);
    state_->when_empty = std::move(call);
    if (!state_->empty()) start_thread(state_);
}

void LineWriter::wait(std::chrono::milliseconds patience) {
    std::unique_lock lock(state_->mutex);
    if (!state_->empty()) start_thread(state_);
    state_->changed.wait_for(lock, patience, [this] { return state_->empty(); });
}

}  // namespace tinyhttpd::log
