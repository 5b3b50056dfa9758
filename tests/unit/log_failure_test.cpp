// SPDX-License-Identifier: MIT
// The access log when the disk is full, the reader has gone or stalls, and when the server must stop nevertheless.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <string>
#include <thread>

#include "log/access_log.hpp"
#include "log/log_file.hpp"
#include "unit/log_support.hpp"

namespace tinyhttpd::log {
namespace {

using namespace std::chrono_literals;
using testing::contents;
using testing::instant;
using testing::lines_of;
using testing::numbered;

class LogFailure : public ::testing::Test {
protected:
    LogFailure() { std::signal(SIGPIPE, SIG_IGN); }
    std::unique_ptr<AccessLog> open(AccessLogOptions options) {
        auto log = AccessLog::open(std::move(options), diagnostics_);
        if (!log) throw std::runtime_error(log.error().text());
        return *std::move(log);
    }
    testing::TemporaryDirectory directory_;
    testing::Report report_;
    Diagnostics diagnostics_{Level::info, report_.descriptor()};
};

std::size_t occurrences(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

TEST_F(LogFailure, AFullDiskIsReportedWithACountAndStopsNobody) {
    if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
    auto log = open({.path = "/dev/full", .buffer_bytes = 1000, .overflow = Overflow::block});
    const auto begin = std::chrono::steady_clock::now();
    {
        LogBatch batch(*log);
        for (int i = 0; i < 10'000; ++i) batch.append(numbered("/"));
    }
    EXPECT_EQ(log->close(5s), 10'000U);
    const auto seconds = static_cast<std::size_t>((std::chrono::steady_clock::now() - begin) / 1s);
    const std::size_t reports = occurrences(report_.text(), "error: cannot write the access log /dev/full: no space left on device (");
    EXPECT_GE(reports, 1U) << report_.text();
    EXPECT_LE(reports, seconds + 1) << report_.text();
    EXPECT_NE(report_.text().find("warning: the access log /dev/full lost 10000 lines in all\n"), std::string::npos) << report_.text();
}

TEST_F(LogFailure, AClosedPipeIsReportedAndStopsNobody) {
    testing::Fifo fifo(directory_ / "fifo");
    auto log = open({.path = fifo.path(), .buffer_bytes = 1000, .overflow = Overflow::block});
    fifo.close();
    {
        LogBatch batch(*log);
        for (int i = 0; i < 1000; ++i) batch.append(numbered("/"));
    }
    EXPECT_EQ(log->close(5s), 1000U);
    EXPECT_NE(report_.text().find("error: cannot write the access log " + fifo.path() + ": broken pipe ("), std::string::npos)
        << report_.text();
}

TEST_F(LogFailure, ADiskThatFillsInsideALineDoesNotGlueTheNextOneToIt) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    const std::atomic<bool> never = false;
    const std::string path = directory_ / "access.log";
    auto file = LogFile::open(path, LogFile::access_log);
    ASSERT_TRUE(file.has_value());

    // setrlimit(2): the write that would cross the limit is cut short at it, the next one fails: what a full disk does.
    rlimit small = before;
    small.rlim_cur = 10;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto cut = file->write("first\nsecond\nthird\n", never);
    const auto refused = file->write("fourth\n", never);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    const auto written = file->write("fifth\nsixth\n", never);
    const auto clean = file->write("seventh\n", never);
    std::signal(SIGXFSZ, old_handler);

    EXPECT_EQ(cut.lost_lines, 2U);
    EXPECT_EQ(cut.error, EFBIG);
    EXPECT_EQ(refused.lost_lines, 1U);
    EXPECT_EQ(written.lost_lines, 0U);
    EXPECT_EQ(clean.lost_lines, 0U);
    EXPECT_EQ(contents(path), "first\nseco\nfifth\nsixth\nseventh\n");
}

TEST_F(LogFailure, AStalledReaderDelaysTheEndNoLongerThanAllowed) {
    testing::Fifo fifo(directory_ / "fifo");
    auto log = open({.path = fifo.path(), .buffer_bytes = 10'000, .overflow = Overflow::drop});
    {
        LogBatch batch(*log);
        for (int i = 0; i < 20'000; ++i) batch.append(numbered("/"));
    }
    const std::uint64_t lost = log->close(20ms);
    log.reset();
    std::string text;
    for (std::string part = fifo.read(65536); !part.empty(); part = fifo.read(65536)) text += part;
    EXPECT_TRUE(fifo.ended()) << "the log still holds its descriptor";
    EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(text, '\n')) + lost, 20'000U);
}

/// A pipe that is full, with a writing end on which write(2) blocks.
struct FullPipe {
    FullPipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("pipe2");
        reader = Fd(ends[0]);
        writer = Fd(ends[1]);
        const std::string filler(4096, '.');
        while (::write(writer.get(), filler.data(), filler.size()) > 0) {
        }
    }
    void make_writing_block() const { ::fcntl(writer.get(), F_SETFL, 0); }
    Fd reader;
    Fd writer;
};

TEST_F(LogFailure, AWriteThatCannotBeEndedDoesNotKeepTheProcess) {
    FullPipe pipe;
    pipe.make_writing_block();
    std::uint64_t lost = 0;
    {
        const testing::RedirectedOutput redirected(pipe.writer.get());
        auto log = open({.path = "-"});
        LogBatch(*log).append(numbered("/"));
        lost = log->close(20ms);
    }
    EXPECT_EQ(lost, 1U);
    EXPECT_NE(report_.text().find("warning: the access log standard output lost 1 line in all\n"), std::string::npos) << report_.text();
    pipe.reader.reset();  // lets the thread that was left behind go
}

TEST_F(LogFailure, ANonBlockingStandardOutputIsWaitedForAndNotSpoiled) {
    FullPipe pipe;
    std::string text;
    std::uint64_t lost = 0;
    std::thread reader;
    {
        const testing::RedirectedOutput redirected(pipe.writer.get());
        auto log = open({.path = "-", .overflow = Overflow::block});
        LogBatch batch(*log);
        for (int i = 0; i < 3000; ++i) batch.append(numbered("/"));
        batch.flush();
        reader = std::thread([&] {
            while (std::ranges::count(text, '\n') < 3000) {
                char part[4096];
                const auto count = ::read(pipe.reader.get(), part, sizeof part);
                if (count == 0) break;
                if (count > 0) text.append(part, static_cast<std::size_t>(count));
            }
        });
        lost = log->close(10s);
    }
    EXPECT_EQ(lost, 0U);
    EXPECT_NE(::fcntl(pipe.writer.get(), F_GETFL) & O_NONBLOCK, 0);
    pipe.writer.reset();
    reader.join();
    EXPECT_EQ(std::ranges::count(text, '\n'), 3000);
}

TEST_F(LogFailure, AForcedStopReleasesAWorkerThatWaitsForTheLog) {
    testing::Fifo fifo(directory_ / "fifo");
    auto log = open({.path = fifo.path(), .buffer_bytes = 1, .overflow = Overflow::block});
    std::atomic<int> progress = 0;
    constexpr int lines_count = 100'000;
    std::thread worker([&] {
        LogBatch batch(*log);
        for (int i = 0; i < lines_count; ++i) {
            batch.append(numbered("/"));
            progress.fetch_add(1);
        }
    });
    while (progress.load() < 65) std::this_thread::yield();  // the FIFO holds a thousand lines, and the queue 64: it cannot end by itself
    log->abandon();
    worker.join();
    const std::uint64_t lost = log->close(20ms);
    std::string text;
    for (std::string part = fifo.read(65536); !part.empty(); part = fifo.read(65536)) text += part;
    EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(text, '\n')) + lost, std::uint64_t{lines_count});
}

TEST_F(LogFailure, WithoutMemoryForThemLinesAreCountedAndNobodyDies) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer ends the program when memory runs out";
#endif
    // More than any system gives: on 32 bits, half of what there is to point at.
    constexpr auto too_much = std::size_t{1} << (sizeof(std::size_t) == 8 ? 60 : 31);
    auto log = open({.path = directory_ / "access.log", .buffer_bytes = too_much});
    LogBatch batch(*log);
    for (int i = 0; i < 3; ++i) batch.append(numbered("/"));
    EXPECT_FALSE(batch.due().has_value());
    EXPECT_EQ(log->close(5s), 3U);
    EXPECT_NE(report_.text().find(" lost 3 lines in all\n"), std::string::npos) << report_.text();
}

TEST_F(LogFailure, WhoeverWaitsForTheLastLineIsWokenOnce) {
    testing::Fifo fifo(directory_ / "fifo");
    auto log = open({.path = fifo.path(), .buffer_bytes = 10'000});
    {
        LogBatch batch(*log);
        for (int i = 0; i < 2'000; ++i) batch.append(numbered("/"));  // more than the FIFO holds
    }
    std::atomic<int> calls = 0;
    log->finish([&] {
        ++calls;
        calls.notify_all();
    });
    EXPECT_FALSE(log->finished());
    std::size_t lines = 0;
    while (lines < 2'000) lines += static_cast<std::size_t>(std::ranges::count(fifo.read(65536), '\n'));
    calls.wait(0);
    EXPECT_TRUE(log->finished());
    EXPECT_EQ(log->close(0ms), 0U);
    EXPECT_EQ(calls, 1);
}

TEST_F(LogFailure, ABatchThatOutlivesTheLogIsSafe) {
    auto log = open({.path = directory_ / "access.log"});
    LogBatch batch(*log);
    batch.append(numbered("/"));
    log.reset();
    batch.append(numbered("/"));
    batch.flush();
    batch.tick(instant(5s));
    EXPECT_EQ(contents(directory_ / "access.log"), "");
}

}  // namespace
}  // namespace tinyhttpd::log
