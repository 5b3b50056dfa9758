// SPDX-License-Identifier: MIT
// Capture: what a worker leaves at its desk, and what it is told there: each line of its own once, in order, and not those it has
// forgotten; whom it wakes, and whom no more. The file behind it is log_capture_file_test.cpp's.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "log/capture.hpp"
#include "unit/allocation_count.hpp"
#include "unit/log_support.hpp"

namespace tinyhttpd::log {
namespace {

using namespace std::chrono_literals;
using testing::contents;
using testing::lines_of;
using Line = Recorder::Line;

/// A worker that sleeps until its desk wakes it.
class Sleeper {
public:
    explicit Sleeper(CaptureDesk& desk) : desk_(desk) {
        desk_.sit([this] {
            const std::lock_guard lock(mutex_);
            ++wakes_;
            changed_.notify_all();
        });
    }
    ~Sleeper() { desk_.sit({}); }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;

    /// The next line that is told, as soon as there is one; null: none has come for a long time.
    Line* next() {
        for (;;) {
            if (Line* const line = desk_.next_told()) return line;
            std::unique_lock lock(mutex_);
            if (!changed_.wait_for(lock, 10s, [this] { return wakes_ > seen_; })) return nullptr;
            seen_ = wakes_;
        }
    }
    [[nodiscard]] int wakes() {
        const std::lock_guard lock(mutex_);
        return wakes_;
    }

private:
    CaptureDesk& desk_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int wakes_ = 0;
    int seen_ = 0;
};

/// Leaves a line of this target; null: it was not taken.
Line* leave(CaptureDesk& desk, const std::string& target, std::uint32_t connection = 0, std::string_view body = {}) {
    CapturedRequest request{
        .protocol = "HTTP/1.1", .method = "GET", .target = target, .body = body, .body_bytes = body.size(), .status = 200};
    const Recorder::Recording recording = desk.record(request);
    EXPECT_EQ(recording.is_recorded, recording.line != nullptr);
    if (recording.line != nullptr) recording.line->connection = connection;
    return recording.line;
}

std::string value_of(const std::string& line, const std::string& name) {
    const std::size_t at = line.find('"' + name + "\":") + name.size() + 3;
    const std::string value = line.substr(at, line.find_first_of(",}", at) - at);
    return value.starts_with('"') ? value.substr(1, value.size() - 2) : value;
}

class CaptureTest : public ::testing::Test {
protected:
    CaptureTest() { std::signal(SIGPIPE, SIG_IGN); }
    std::unique_ptr<Capture> open(const std::string& path, std::size_t workers = 1) {
        auto capture = Capture::open(path, workers, diagnostics_);
        if (!capture) throw std::runtime_error(capture.error().text());
        return *std::move(capture);
    }
    /// Waits until the file's thread has told all that was left.
    static void wait_until_told(Capture& capture) {
        while (!capture.file().finished()) std::this_thread::yield();
    }
    /// A FIFO that is full: what is written from now on waits until somebody reads.
    static void fill(const testing::Fifo& fifo) {
        const Fd writer(::open(fifo.path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
        const std::string bytes(4096, '\n');
        while (::write(writer.get(), bytes.data(), bytes.size()) > 0) {
        }
        while (::write(writer.get(), "\n", 1) > 0) {
        }
    }

    testing::TemporaryDirectory directory_;
    const std::string path_ = directory_ / "requests.jsonl";
    testing::Report report_;
    Diagnostics diagnostics_{Level::info, report_.descriptor()};
};

TEST_F(CaptureTest, AWorkerIsToldOfEachOfItsLinesWhenItIsInTheFileAndInOrder) {
    auto capture = open(path_);
    CaptureDesk& desk = capture->desk(0);
    Sleeper worker(desk);
    std::uint32_t told = 0;
    for (std::uint32_t left = 0; told < 500;) {
        for (std::uint32_t some = 0; some < 7 && left < 500; ++some, ++left)
            ASSERT_NE(leave(desk, "/" + std::to_string(left), left), nullptr);
        Line* const line = worker.next();
        ASSERT_NE(line, nullptr) << "it was never woken for line " << told;
        EXPECT_EQ(line->connection, told);
        EXPECT_EQ(line->error, 0);
        ASSERT_NE(contents(path_).find("\"target\":\"/" + std::to_string(told) + '"'), std::string::npos);
        desk.forget(*line);
        ++told;
    }
    EXPECT_EQ(desk.next_told(), nullptr);
    EXPECT_EQ(lines_of(contents(path_)).size(), 500U);
}

TEST_F(CaptureTest, OfSeveralWorkersEachIsToldOfItsOwnAndNoNumberIsThereTwice) {
    constexpr std::size_t workers = 2;
    constexpr std::uint32_t lines_each = 3000;
    auto capture = open(path_, workers);
    std::vector<std::thread> threads;
    std::atomic<int> wrong = 0;
    for (std::size_t worker = 0; worker < workers; ++worker) {
        threads.emplace_back([&, worker] {
            CaptureDesk& desk = capture->desk(worker);
            Sleeper sleeper(desk);
            std::uint32_t left = 0, told = 0, waiting = 0;
            std::vector<Line*> gone;
            while (told < lines_each) {
                for (; left < lines_each && waiting < 1 + left % 50; ++left, ++waiting) {
                    Line* const line = leave(desk, "/" + std::to_string(worker) + '/' + std::to_string(left), left);
                    wrong += line == nullptr;
                    // Of every tenth the client leaves at once, of another tenth a while after.
                    if (left % 10 == 3) desk.forget(*line);
                    if (left % 10 == 7) gone.push_back(line);
                }
                // What is forgotten is not told: it has to be counted here.
                while (told < lines_each && told % 10 == 3) ++told, --waiting;
                if (told == lines_each) break;
                Line* const line = sleeper.next();
                if (line == nullptr || line->connection != told || line->error != 0) {
                    ++wrong;
                    return;
                }
                std::erase(gone, line);
                desk.forget(*line);
                ++told, --waiting;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(capture->file().close(10s), 0U);
    std::vector<std::uint64_t> numbers;
    std::vector<std::vector<int>> targets(workers);
    for (const std::string& line : lines_of(contents(path_))) {
        numbers.push_back(std::stoul(value_of(line, "n")));
        const std::string target = value_of(line, "target");
        targets.at(static_cast<std::size_t>(target[1] - '0')).push_back(std::stoi(target.substr(3)));
    }
    std::ranges::sort(numbers);
    ASSERT_EQ(numbers.size(), workers * lines_each);
    for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], i + 1);
    for (const auto& mine : targets) EXPECT_TRUE(std::ranges::is_sorted(mine));
}

TEST_F(CaptureTest, WhatIsForgottenBeforeItIsToldIsWrittenAllTheSameAndNobodyIsCalled) {
    auto capture = open(path_);
    CaptureDesk& desk = capture->desk(0);
    Sleeper worker(desk);
    Line* const forgotten = leave(desk, "/forgotten");
    ASSERT_NE(forgotten, nullptr);
    desk.forget(*forgotten);
    Line* const other = leave(desk, "/other", 7);
    EXPECT_NE(other, forgotten) << "it is on its way still";
    EXPECT_EQ(worker.next(), other);
    desk.forget(*other);
    EXPECT_EQ(desk.next_told(), nullptr);
    EXPECT_EQ(lines_of(contents(path_)).size(), 2U);
}

TEST_F(CaptureTest, WhatIsForgottenWhenItIsToldAndNotYetTakenIsPassedOver) {
    auto capture = open(path_);
    CaptureDesk& desk = capture->desk(0);
    Line* const first = leave(desk, "/a", 1);
    Line* const second = leave(desk, "/b", 2);
    Line* const third = leave(desk, "/c", 3);
    wait_until_told(*capture);
    desk.forget(*second);
    EXPECT_EQ(desk.next_told(), first);
    desk.forget(*third);  // it is told, and looked at next
    EXPECT_EQ(desk.next_told(), nullptr);
    desk.forget(*first);
    EXPECT_EQ(desk.next_told(), nullptr);
}

TEST_F(CaptureTest, MemoryIsUsedAgain) {
    auto capture = open(path_);
    CaptureDesk& desk = capture->desk(0);
    std::vector<Line*> seen;
    for (int i = 0; i < 300; ++i) {
        Line* const line = leave(desk, "/");
        if (std::ranges::find(seen, line) == seen.end()) seen.push_back(line);
        if (i % 3 == 0) desk.forget(*line);  // before
        wait_until_told(*capture);
        Line* const told = desk.next_told();
        EXPECT_EQ(told, i % 3 == 0 ? nullptr : line);
        if (told != nullptr) desk.forget(*told);
    }
    EXPECT_EQ(seen.size(), 1U);
    const std::uint64_t before = tinyhttpd::testing::allocations_of_this_thread();
    for (int i = 0; i < 100; ++i) {
        Line* const line = leave(desk, "/");
        wait_until_told(*capture);
        desk.forget(*desk.next_told());
        EXPECT_EQ(line, seen[0]);
    }
    EXPECT_EQ(tinyhttpd::testing::allocations_of_this_thread() - before, 0U);
}

TEST_F(CaptureTest, ThatOfALargeLineIsGivenBack) {
    auto capture = open(path_);
    CaptureDesk& desk = capture->desk(0);
    const auto record = [&](std::size_t body_size) {
        const std::string body(body_size, 'b');
        const std::uint64_t before = tinyhttpd::testing::allocations_of_this_thread();
        leave(desk, "/", 0, body);
        const std::uint64_t allocations = tinyhttpd::testing::allocations_of_this_thread() - before;
        wait_until_told(*capture);
        desk.forget(*desk.next_told());
        return allocations;
    };
    record(1'000'000);
    EXPECT_GT(record(1'000), 0U) << "a thousand uploads at once would leave their size behind for good";
    EXPECT_EQ(record(1'000), 0U);
}

TEST_F(CaptureTest, AFailureIsToldWithItsReasonAndTheNextLineIsTriedAgain) {
    testing::Fifo fifo(directory_ / "fifo");
    auto capture = open(fifo.path());
    CaptureDesk& desk = capture->desk(0);
    Sleeper worker(desk);
    fifo.close();
    for (std::uint32_t i = 0; i < 3; ++i) {
        leave(desk, "/", i);
        Line* const line = worker.next();
        ASSERT_NE(line, nullptr);
        EXPECT_EQ(line->error, EPIPE);
        EXPECT_EQ(line->connection, i);
        desk.forget(*line);
    }
    const Fd reader(::open(fifo.path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    leave(desk, "/");
    Line* const line = worker.next();
    ASSERT_NE(line, nullptr);
    EXPECT_EQ(line->error, 0) << "an earlier line's error is not this one's";
    desk.forget(*line);
}

TEST_F(CaptureTest, NobodyIsWokenWhoHasLeftItsDesk) {
    testing::Fifo fifo(directory_ / "fifo");
    auto capture = open(fifo.path());
    CaptureDesk& desk = capture->desk(0);
    std::optional<Sleeper> worker(desk);
    fill(fifo);
    Line* const line = leave(desk, "/");
    EXPECT_EQ(desk.next_told(), nullptr) << "the reader stalls";
    worker.reset();  // a wake from now on would be of what is gone
    while (!fifo.read(65536).empty()) {
    }
    wait_until_told(*capture);
    EXPECT_EQ(desk.next_told(), line);
    desk.forget(*line);
}

TEST_F(CaptureTest, OneWakeIsForAllThatIsTold) {
    auto capture = open(path_);
    CaptureDesk& desk = capture->desk(0);
    Sleeper worker(desk);
    for (int i = 0; i < 100; ++i) leave(desk, "/");
    wait_until_told(*capture);
    EXPECT_EQ(worker.wakes(), 1);
    int told = 0;
    while (Line* const line = desk.next_told()) {
        desk.forget(*line);
        ++told;
    }
    EXPECT_EQ(told, 100);
    leave(desk, "/");
    wait_until_told(*capture);
    EXPECT_EQ(worker.wakes(), 2) << "it sleeps, although there is something";
    desk.forget(*desk.next_told());
}

TEST_F(CaptureTest, WhatIsAbandonedIsNeverToldAndNothingIsTakenAnyMore) {
    testing::Fifo fifo(directory_ / "fifo");
    auto capture = open(fifo.path(), 2);
    CaptureDesk& desk = capture->desk(0);
    Sleeper worker(desk);
    fill(fifo);
    Line* const waits = leave(desk, "/");
    Line* const gone = leave(desk, "/");
    desk.forget(*gone);
    capture->file().abandon();
    EXPECT_EQ(leave(desk, "/"), nullptr);
    EXPECT_EQ(leave(capture->desk(1), "/"), nullptr);
    while (!fifo.read(65536).empty()) {
    }
    EXPECT_EQ(desk.next_told(), nullptr);
    desk.forget(*waits);
    EXPECT_EQ(desk.next_told(), nullptr);
    EXPECT_EQ(worker.wakes(), 0);
}

TEST_F(CaptureTest, WhatIsWaitedForWhenItIsTakenApartIsNobodysAnyMore) {
    testing::Fifo fifo(directory_ / "fifo");
    auto capture = open(fifo.path());
    fill(fifo);
    leave(capture->desk(0), "/");
    leave(capture->desk(0), "/");
    capture->file().close(0ms);
    capture.reset();  // asserted: nothing that is freed here is on its way
}

TEST_F(CaptureTest, ARequestForWhichThereIsNoMemoryIsNotRecordedAndTheNextIs) {
    auto capture = open(path_);
    CaptureDesk& desk = capture->desk(0);
    const std::string body(10'000, 'b');
    Line* first = nullptr;
    for (int i = 0; i < 2; ++i) {
        {
            const tinyhttpd::testing::OutOfMemory now;
            CapturedRequest request{.method = "GET", .target = "/", .body = body, .body_bytes = body.size(), .status = 200};
            EXPECT_FALSE(desk.record(request).is_recorded) << i;
        }
        Line* const line = leave(desk, "/", 0, body);  // and from then on there is one in reserve
        ASSERT_NE(line, nullptr);
        if (first == nullptr) first = line;
        EXPECT_EQ(line, first) << "each that is not recorded would cost some of the memory that there is not";
        wait_until_told(*capture);
        desk.forget(*desk.next_told());
    }
    EXPECT_EQ(lines_of(contents(path_)).size(), 2U);
}

}  // namespace
}  // namespace tinyhttpd::log
