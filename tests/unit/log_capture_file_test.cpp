// SPDX-License-Identifier: MIT
// The file of --capture: what is in it before an answer leaves, and what becomes of the lines when the disk is full, the reader has gone
// or stalls, and when the server must stop nevertheless.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "log/capture_file.hpp"
#include "unit/log_support.hpp"

namespace tinyhttpd::log {
namespace {

using namespace std::chrono_literals;
using testing::contents;
using testing::lines_of;

struct Line : CaptureFile::Entry {
    explicit Line(const std::string& text) { line = text + '\n'; }
    int times_told = 0;
    int error = -1;  ///< once told
    std::size_t place = 0;
};

/// For what a test waits for while the capture's thread is busy. Not within a Line, which is gone as soon as its test has seen it told.
std::mutex mutex;
std::condition_variable changed;

/// Numbers lines in the order in which they are told.
class Told {
public:
    void operator()(CaptureFile::Entry& entry, int error) {
        const std::lock_guard lock(mutex);
        auto& line = static_cast<Line&>(entry);
        line.error = error;
        line.place = count_++;
        ++line.times_told;
        changed.notify_all();
    }

private:
    std::size_t count_ = 0;
};

/// The error that the line is told.
int told(const Line& line) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&line] { return line.times_told > 0; });
    return line.error;
}

class CaptureFileTest : public ::testing::Test {
protected:
    CaptureFileTest() { std::signal(SIGPIPE, SIG_IGN); }
    std::unique_ptr<CaptureFile> open(const std::string& path, CaptureFile::Done done = Told()) {
        auto capture = CaptureFile::open(path, std::move(done), diagnostics_);
        if (!capture) throw std::runtime_error(capture.error().text());
        return *std::move(capture);
    }
    testing::TemporaryDirectory directory_;
    const std::string path_ = directory_ / "requests.jsonl";
    testing::Report report_;
    Diagnostics diagnostics_{Level::info, report_.descriptor()};
};

TEST_F(CaptureFileTest, ALineIsInTheFileBeforeItsAnswerMayLeave) {
    std::atomic<int> missing = 0;
    auto capture = open(path_, [&](CaptureFile::Entry& entry, int error) {
        if (entry.line.empty() || !contents(path_).ends_with(entry.line)) ++missing;
        Told()(entry, error);
    });
    for (int i = 0; i < 200; ++i) {
        Line line(std::to_string(i));
        ASSERT_TRUE(capture->submit(line));
        ASSERT_EQ(told(line), 0);
    }
    EXPECT_EQ(missing, 0);
    EXPECT_EQ(capture->close(5s), 0U);
    EXPECT_EQ(lines_of(contents(path_)).size(), 200U);
    EXPECT_EQ(report_.text(), "");
}

TEST_F(CaptureFileTest, OfManyWorkersEveryLineIsThereWholeOnceAndInOrder) {
    constexpr int workers = 4;
    constexpr int lines_each = 2000;
    auto capture = open(path_);
    std::vector<std::vector<std::unique_ptr<Line>>> lines(workers);
    for (int worker = 0; worker < workers; ++worker) {
        for (int i = 0; i < lines_each; ++i)
            lines[static_cast<std::size_t>(worker)].push_back(std::make_unique<Line>(std::to_string(worker) + ' ' + std::to_string(i)));
    }
    std::vector<std::thread> threads;
    for (auto& mine : lines) {
        threads.emplace_back([&] {
            for (const auto& line : mine) ASSERT_TRUE(capture->submit(*line));
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(capture->close(30s), 0U);

    std::vector<int> next(workers);
    for (const std::string& text : lines_of(contents(path_))) {
        const auto worker = static_cast<std::size_t>(text.front() - '0');
        ASSERT_EQ(text.substr(2), std::to_string(next[worker]++)) << text;
    }
    EXPECT_EQ(next, std::vector<int>(workers, lines_each));
    for (const auto& mine : lines) {
        for (std::size_t i = 0; i < mine.size(); ++i) {
            ASSERT_EQ(mine[i]->times_told, 1);
            ASSERT_EQ(mine[i]->error, 0);
            ASSERT_TRUE(i == 0 || mine[i - 1]->place < mine[i]->place);
        }
    }
}

TEST_F(CaptureFileTest, EveryRequestHasANumberOfItsOwn) {
    auto capture = open(path_);
    std::vector<std::uint64_t> numbers(4000);
    std::vector<std::thread> threads;
    for (std::size_t worker = 0; worker < 4; ++worker) {
        threads.emplace_back([&, worker] {
            for (std::size_t i = 0; i < 1000; ++i) numbers[worker * 1000 + i] = capture->next_number();
        });
    }
    for (std::thread& thread : threads) thread.join();
    std::ranges::sort(numbers);
    for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], i + 1);
}

TEST_F(CaptureFileTest, WhatClientsSentIsForItsOwnerAlone) {
    open(path_);
    struct stat facts{};
    ASSERT_EQ(::stat(path_.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST_F(CaptureFileTest, WhatWasCapturedBeforeStays) {
    for (const char* text : {"first", "second"}) {
        auto capture = open(path_);
        Line line(text);
        ASSERT_TRUE(capture->submit(line));
        EXPECT_EQ(capture->close(5s), 0U);
    }
    EXPECT_EQ(contents(path_), "first\nsecond\n");
}

TEST_F(CaptureFileTest, AFileThatIsEmptiedBetweenTestsGoesOnFromItsBeginning) {
    auto capture = open(path_);
    Line before("a test");
    ASSERT_TRUE(capture->submit(before));
    ASSERT_EQ(told(before), 0);
    ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
    Line after("the next");
    ASSERT_TRUE(capture->submit(after));
    ASSERT_EQ(told(after), 0);
    EXPECT_EQ(contents(path_), "the next\n");
}

TEST_F(CaptureFileTest, APathThatCannotBeOpenedIsAnErrorThatNamesIt) {
    const auto capture = CaptureFile::open(directory_ / "nowhere/requests", Told(), diagnostics_);
    ASSERT_FALSE(capture.has_value());
    EXPECT_EQ(capture.error().text(), "cannot open the capture " + directory_ / "nowhere/requests" + ": no such file or directory");
}

TEST_F(CaptureFileTest, ADashIsStandardOutput) {
    const Fd file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const testing::RedirectedOutput redirected(file.get());
    auto capture = open("-");
    Line line("to a pipe");
    ASSERT_TRUE(capture->submit(line));
    EXPECT_EQ(capture->close(5s), 0U);
    EXPECT_EQ(contents(path_), "to a pipe\n");
}

TEST_F(CaptureFileTest, AnEntryServesOneRequestAfterTheOtherWithTheMemoryItHas) {
    auto capture = open(path_);
    Line line(std::string(1000, 'x'));
    const auto* const memory = line.line.data();
    for (int i = 0; i < 100; ++i) {
        line.times_told = 0;
        ASSERT_TRUE(capture->submit(line));
        ASSERT_EQ(told(line), 0);
        ASSERT_EQ(line.line.data(), memory);
        ASSERT_EQ(line.line, std::string(1000, 'x') + '\n');
    }
    EXPECT_EQ(capture->close(5s), 0U);
    EXPECT_EQ(contents(path_).size(), 100 * 1001U);
}

TEST_F(CaptureFileTest, WithAFullDiskEachRequestIsToldAndTheReportIsOne) {
    if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
    auto capture = open("/dev/full");
    std::vector<std::unique_ptr<Line>> lines;
    for (int i = 0; i < 300; ++i) {
        lines.push_back(std::make_unique<Line>("x"));
        ASSERT_TRUE(capture->submit(*lines.back()));
    }
    for (const auto& line : lines) ASSERT_EQ(told(*line), ENOSPC);
    EXPECT_EQ(capture->close(5s), 300U);
    const auto reports = lines_of(report_.text());
    ASSERT_GE(reports.size(), 2U) << report_.text();
    EXPECT_EQ(reports.front().find("tinyhttpd: error: cannot write the capture /dev/full: no space left on device ("), 0U) << reports[0];
    EXPECT_LT(reports.size(), 30U) << report_.text();
    int counted = 0;
    for (std::size_t i = 0; i + 1 < reports.size(); ++i) counted += std::stoi(reports[i].substr(reports[i].rfind('(') + 1));
    EXPECT_EQ(counted, 300) << report_.text();
    EXPECT_EQ(reports.back(), "tinyhttpd: warning: the capture /dev/full lost 300 lines in all");
}

TEST_F(CaptureFileTest, WhenTheReaderHasGoneEachRequestIsTold) {
    testing::Fifo fifo(directory_ / "fifo");
    auto capture = open(fifo.path());
    fifo.close();
    Line line("x");
    ASSERT_TRUE(capture->submit(line));
    EXPECT_EQ(told(line), EPIPE);
    EXPECT_EQ(capture->close(5s), 1U);
    EXPECT_NE(report_.text().find("error: cannot write the capture " + fifo.path() + ": broken pipe (1 line)\n"), std::string::npos)
        << report_.text();
}

/// A capture that is busy with one line while more are submitted, which then form a batch.
class Batched {
public:
    void operator()(CaptureFile::Entry& entry, int error) {
        {
            std::unique_lock lock(mutex);
            begun_ = true;
            changed.notify_all();
            changed.wait(lock, [this] { return go_on_; });
        }
        Told()(entry, error);
    }
    void submit(CaptureFile& capture, const std::vector<Line*>& lines) {
        ASSERT_TRUE(capture.submit(*lines.front()));
        std::unique_lock lock(mutex);
        changed.wait(lock, [this] { return begun_; });
        for (std::size_t i = 1; i < lines.size(); ++i) ASSERT_TRUE(capture.submit(*lines[i]));
        go_on_ = true;
        changed.notify_all();
    }

private:
    bool begun_ = false;
    bool go_on_ = false;
};

TEST_F(CaptureFileTest, ADiskThatFillsWithinABatchFailsThoseThatAreNotInItAndSpoilsNoLineBehind) {
    Batched batched;
    auto capture = open(path_, std::ref(batched));
    Line zeroth("0");
    Line first("first");
    Line second("second");
    Line third("third");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    // setrlimit(2): the write that would cross the limit is cut short at it, the next one fails: what a full disk does.
    rlimit small = before;
    small.rlim_cur = 12;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    batched.submit(*capture, {&zeroth, &first, &second, &third});
    for (Line* line : {&zeroth, &first, &second, &third}) told(*line);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, old_handler);
    EXPECT_EQ(zeroth.error, 0);
    EXPECT_EQ(first.error, 0);
    EXPECT_EQ(second.error, EFBIG);
    EXPECT_EQ(third.error, EFBIG);
    Line fourth("fourth");
    ASSERT_TRUE(capture->submit(fourth));
    EXPECT_EQ(told(fourth), 0);
    EXPECT_EQ(capture->close(5s), 2U);
    EXPECT_EQ(contents(path_), "0\nfirst\nseco\nfourth\n");
}

TEST_F(CaptureFileTest, LinesLongerThanAPipeArriveWhole) {
    testing::Fifo fifo(directory_ / "fifo");
    Batched batched;
    auto capture = open(fifo.path(), std::ref(batched));
    std::vector<std::unique_ptr<Line>> lines;
    std::vector<Line*> all;
    std::string expected;
    for (std::size_t i = 0; i < 150; ++i) {
        lines.push_back(std::make_unique<Line>(std::string(i * 300, static_cast<char>('a' + i % 26))));
        all.push_back(lines.back().get());
        expected += lines.back()->line;
    }
    batched.submit(*capture, all);
    std::string text;
    while (text.size() < expected.size()) text += fifo.read(7777);
    EXPECT_TRUE(text == expected);
    EXPECT_EQ(capture->close(5s), 0U);
    EXPECT_EQ(fifo.read(1), "");
    EXPECT_TRUE(fifo.ended()) << "whoever reads the capture waits for an end that does not come";
}

TEST_F(CaptureFileTest, AStalledReaderHoldsUpNobodyButTheAnswers) {
    testing::Fifo fifo(directory_ / "fifo");
    auto capture = open(fifo.path());
    {
        // A pipe holds 64 kB: the first few lines get in, the others would wait for ever.
        std::vector<std::unique_ptr<Line>> lines;
        for (int i = 0; i < 1000; ++i) {
            lines.push_back(std::make_unique<Line>(std::string(1000, 'x')));
            ASSERT_TRUE(capture->submit(*lines.back()));
        }
        EXPECT_EQ(told(*lines.front()), 0);
        EXPECT_EQ(lines.back()->times_told, 0);
        EXPECT_FALSE(capture->finished());
        const std::uint64_t lost = capture->close(20ms);
        const auto out = std::ranges::count_if(lines, [](const auto& line) { return line->times_told == 1 && line->error == 0; });
        EXPECT_EQ(lost, 1000U - static_cast<std::uint64_t>(out));
        EXPECT_EQ(lines.back()->times_told, 0);
    }  // and all may go
    EXPECT_NE(report_.text().find(" lines in all\n"), std::string::npos) << report_.text();
    capture.reset();
    // The end comes when nobody has the pipe open for writing any more.
    while (!fifo.ended()) static_cast<void>(fifo.read(65536));
}

TEST_F(CaptureFileTest, AForcedStopLetsEntriesGoWhileTheirLineIsBeingWritten) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);  // write(2) blocks on this one, and nobody can end it
    const Fd reader(ends[0]);
    const Fd writer(ends[1]);
    const std::string text(300'000, 'x');
    std::string read(text.size() + 1, '\0');
    std::uint64_t lost = 0;
    std::vector<int> told;
    std::vector<bool> taken;
    {
        // Nothing is expected in here: what a test prints goes to standard output.
        const testing::RedirectedOutput redirected(writer.get());
        auto capture = open("-");
        {
            Line line(text);
            Line next("next");
            taken.push_back(capture->submit(line));
            const auto first = ::read(reader.get(), read.data(), 1);
            taken.push_back(capture->submit(next));  // while the thread is in write(2)
            capture->abandon();
            taken.push_back(capture->submit(next));
            told = {line.times_told, next.times_told};
            read.resize(first == 1 ? 1 : 0);
        }
        lost = capture->close(0ms);
        // The thread goes on with what is its own: the reader sees the line whole, although its owner has gone.
        std::string part(65536, '\0');
        while (read.size() < text.size() + 1) {
            const auto count = ::read(reader.get(), part.data(), part.size());
            if (count <= 0) break;
            read.append(part, 0, static_cast<std::size_t>(count));
        }
    }
    EXPECT_EQ(taken, (std::vector<bool>{true, true, false}));
    EXPECT_EQ(told, (std::vector<int>{0, 0}));
    EXPECT_EQ(lost, 2U);
    EXPECT_TRUE(read == text + '\n');
}

TEST_F(CaptureFileTest, AForcedStopReturnsWhenNobodyIsBeingToldAnyMore) {
    bool telling = false;
    bool go_on = false;
    bool returned = false;
    auto capture = open(path_, [&](CaptureFile::Entry& entry, int error) {
        {
            std::unique_lock lock(mutex);
            telling = true;
            changed.notify_all();
            changed.wait(lock, [&] { return go_on; });
        }
        Told()(entry, error);
    });
    Line line("x");
    ASSERT_TRUE(capture->submit(line));
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return telling; });
    std::thread main_thread([&] {
        capture->abandon();
        const std::lock_guard returning(mutex);
        returned = true;
        changed.notify_all();
    });
    EXPECT_FALSE(changed.wait_for(lock, 50ms, [&] { return returned; }));
    go_on = true;
    changed.notify_all();
    changed.wait(lock, [&] { return returned; });
    EXPECT_EQ(line.times_told, 1);
    EXPECT_EQ(line.error, 0);
    lock.unlock();
    main_thread.join();
    EXPECT_EQ(capture->close(0ms), 0U);
}

TEST_F(CaptureFileTest, WhoeverWaitsForTheLastLineIsWokenOnce) {
    testing::Fifo fifo(directory_ / "fifo");
    auto capture = open(fifo.path());
    std::vector<std::unique_ptr<Line>> lines;
    for (int i = 0; i < 200; ++i) {
        lines.push_back(std::make_unique<Line>(std::string(1000, 'x')));  // more than the FIFO holds
        ASSERT_TRUE(capture->submit(*lines.back()));
    }
    std::atomic<int> calls = 0;
    capture->finish([&] {
        ++calls;
        calls.notify_all();
    });
    EXPECT_FALSE(capture->finished());
    Line late("late");
    EXPECT_FALSE(capture->submit(late));
    std::size_t count = 0;
    while (count < lines.size()) count += static_cast<std::size_t>(std::ranges::count(fifo.read(65536), '\n'));
    calls.wait(0);
    EXPECT_TRUE(capture->finished());
    EXPECT_EQ(capture->close(0ms), 0U);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(report_.text(), "");
    for (const auto& line : lines) EXPECT_EQ(line->error, 0);
}

TEST_F(CaptureFileTest, AForcedStopWhileAnswersAreToldTellsNothingBehindIt) {
    for (int round = 0; round < 200; ++round) {
        auto capture = open(path_);
        std::vector<std::unique_ptr<Line>> lines;
        for (int i = 0; i < 200; ++i) {
            lines.push_back(std::make_unique<Line>("x"));
            ASSERT_TRUE(capture->submit(*lines.back()));
        }
        told(*lines[static_cast<std::size_t>(round) % 100]);
        capture->abandon();
        std::uint64_t in_file = 0;
        for (const auto& line : lines) {
            ASSERT_LE(line->times_told, 1);
            if (line->times_told == 1) {
                ASSERT_EQ(line->error, 0);
                ++in_file;
            }
        }
        lines.clear();
        ASSERT_EQ(capture->close(0ms), 200 - in_file);
    }
}

}  // namespace
}  // namespace tinyhttpd::log
