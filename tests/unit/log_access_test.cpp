// SPDX-License-Identifier: MIT
// AccessLog and LogBatch when all goes well: when a batch is written, the time in its lines, rotation, overflow, and what it costs.
#include "log/access_log.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "unit/allocation_count.hpp"
#include "unit/log_support.hpp"

namespace tinyhttpd::log {
namespace {

using namespace std::chrono_literals;
using testing::contents;
using testing::instant;
using testing::lines_of;
using testing::numbered;
using testing::request_of;

class LogAccess : public ::testing::Test {
protected:
    std::unique_ptr<AccessLog> open(AccessLogOptions options) {
        auto log = AccessLog::open(std::move(options), diagnostics_);
        if (!log) throw std::runtime_error(log.error().text());
        return *std::move(log);
    }
    testing::TemporaryDirectory directory_;
    const std::string path_ = directory_ / "access.log";
    testing::Report report_;
    Diagnostics diagnostics_{Level::info, report_.descriptor()};
};

TEST_F(LogAccess, LinesOfOneWorkerAreWrittenInTheirOrder) {
    auto log = open({.path = path_});
    {
        LogBatch batch(*log);
        for (int i = 0; i < 10000; ++i) batch.append(numbered("/" + std::to_string(i)));
    }
    EXPECT_EQ(log->close(5s), 0U);
    const auto lines = lines_of(contents(path_));
    ASSERT_EQ(lines.size(), 10000U);
    for (int i = 0; i < 10000; ++i) ASSERT_EQ(request_of(lines[static_cast<std::size_t>(i)]), "GET /" + std::to_string(i) + " HTTP/1.1");
    EXPECT_EQ(report_.text(), "");
}

TEST_F(LogAccess, LinesForWhichThereIsNoMemoryAreCountedAsLost) {
    auto log = open({.path = path_, .buffer_bytes = 4096});
    {
        LogBatch batch(*log);
        batch.append(numbered("/before"));
        // Too long for the first block, which the log's thread may give back in time.
        const std::string target = "/meanwhile" + std::string(2000, 'x');
        const Exchange line = numbered(target);
        {
            const tinyhttpd::testing::OutOfMemory now;
            batch.tick(instant(5s));  // hands the first one over
            for (int i = 0; i < 10; ++i) batch.append(line);
            batch.tick(instant(10s));
        }
        batch.append(numbered("/after"));
    }
    const std::uint64_t lost = log->close(5s);
    const auto lines = lines_of(contents(path_));
    EXPECT_EQ(lost, 10U);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(request_of(lines.front()), "GET /before HTTP/1.1");
    EXPECT_EQ(request_of(lines.back()), "GET /after HTTP/1.1");
    EXPECT_NE(report_.text().find("lost"), std::string::npos);
}

TEST_F(LogAccess, LeavingTheProgramWritesEverything) {
    {
        const auto log = open({.path = path_});
        LogBatch batch(*log);
        batch.append(numbered("/last"));
    }
    EXPECT_EQ(lines_of(contents(path_)).size(), 1U);
}

TEST_F(LogAccess, AnOldFileIsAppendedToAndANewOneIsNotForEverybody) {
    for (int run = 0; run < 2; ++run) {
        const auto log = open({.path = path_});
        LogBatch(*log).append(numbered("/"));
    }
    EXPECT_EQ(lines_of(contents(path_)).size(), 2U);
    struct stat file{};
    ASSERT_EQ(::stat(path_.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0137U, 0U);
}

TEST_F(LogAccess, AnUnusablePathIsToldAtStart) {
    const auto log = AccessLog::open({.path = directory_ / "no/such/directory"}, diagnostics_);
    ASSERT_FALSE(log.has_value());
    EXPECT_EQ(log.error().text(), "cannot open the access log " + directory_ / "no/such/directory" + ": no such file or directory");
}

TEST_F(LogAccess, ABatchIsHandedOverWhenItIsFull) {
    auto log = open({.path = path_, .buffer_bytes = 4096, .flush_after = 1h});
    LogBatch batch(*log);
    batch.tick(instant(0ms));
    batch.append(numbered("/"));
    const std::size_t line = std::string("127.0.0.1 - - [22/Nov/2026:22:08:00 +0000] \"GET / HTTP/1.1\" 200 12\n").size();
    std::size_t lines = 1;
    for (; batch.due() && lines < 10'000; ++lines) batch.append(numbered("/"));
    EXPECT_GE(lines * line, 4096U);
    EXPECT_LT((lines - 1) * line, 4096U);
    log->close(5s);
    EXPECT_EQ(lines_of(contents(path_)).size(), lines);
}

TEST_F(LogAccess, ALineLargerThanTheBufferIsWholeAndInItsPlace) {
    const std::string target = "/" + std::string(100'000, 'x');
    for (const std::size_t buffer_bytes : {1U, 1000U}) {
        const std::string path = directory_ / std::to_string(buffer_bytes);
        auto log = open({.path = path, .buffer_bytes = buffer_bytes});
        {
            LogBatch batch(*log);
            batch.append(numbered("/before"));
            batch.append(numbered(target));
            batch.append(numbered("/after"));
        }
        EXPECT_EQ(log->close(5s), 0U);
        const auto lines = lines_of(contents(path));
        ASSERT_EQ(lines.size(), 3U);
        EXPECT_EQ(request_of(lines[0]), "GET /before HTTP/1.1");
        EXPECT_EQ(request_of(lines[1]), "GET " + target + " HTTP/1.1");
        EXPECT_EQ(request_of(lines[2]), "GET /after HTTP/1.1");
    }
}

TEST_F(LogAccess, ALineIsNotKeptLongerThanTheFlushTime) {
    auto log = open({.path = path_, .flush_after = 1s});
    LogBatch batch(*log);
    batch.tick(instant(0ms));
    EXPECT_FALSE(batch.due());
    batch.append(numbered("/1"));
    batch.tick(instant(700ms));
    batch.append(numbered("/2"));
    EXPECT_EQ(batch.due(), instant(1000ms));
    batch.tick(instant(999ms));
    EXPECT_EQ(batch.due(), instant(1000ms));
    batch.tick(instant(1000ms));
    EXPECT_FALSE(batch.due());
    batch.append(numbered("/3"));
    EXPECT_EQ(batch.due(), instant(2000ms));
    batch.flush();
    EXPECT_FALSE(batch.due());
    log->close(5s);
    EXPECT_EQ(lines_of(contents(path_)).size(), 3U);
}

TEST_F(LogAccess, TheTimeIsRightAcrossSecondsAndAskedForOnceASecond) {
    ::setenv("TZ", "UTC0", 1);
    ::tzset();
    const auto start = std::chrono::system_clock::from_time_t(1795385280) + 250ms;
    std::chrono::milliseconds since = 0ms;
    int asked = 0;
    auto log = open({.path = path_, .clock = [&] {
                         ++asked;
                         return start + since;
                     }});
    {
        LogBatch batch(*log);
        asked = 0;
        for (; since < 3s; since += 50ms) {
            batch.tick(instant(since));
            batch.append(numbered("/" + std::to_string((250ms + since) / 1s)));
        }
    }
    log->close(5s);
    EXPECT_EQ(asked, 4);  // at once, and at 0.75, 1.75 and 2.75 seconds
    for (const auto& line : lines_of(contents(path_))) {
        const auto second = line.substr(line.find("22:08:") + 6, 2);
        EXPECT_EQ(request_of(line), "GET /" + second.substr(1) + " HTTP/1.1") << line;
    }
    ::unsetenv("TZ");
    ::tzset();
}

/// Appends `count` lines named PREFIX/0, PREFIX/1, … and counts them in `progress`.
void append_numbered(const AccessLog& log, const std::string& prefix, int count, std::atomic<int>& progress) {
    LogBatch batch(log);
    for (int i = 0; i < count; ++i) {
        batch.append(numbered(prefix + "/" + std::to_string(i)));
        progress.fetch_add(1, std::memory_order_relaxed);
    }
}

/// Each prefix's lines are there once each and in order.
void expect_all_lines(const std::vector<std::string>& lines, int threads, int count) {
    EXPECT_EQ(lines.size(), static_cast<std::size_t>(threads) * static_cast<std::size_t>(count));
    std::map<std::string, int> next;
    for (const auto& line : lines) {
        const std::string request = request_of(line);
        const std::string prefix = request.substr(4, 2);
        ASSERT_EQ(request, "GET " + prefix + "/" + std::to_string(next[prefix]++) + " HTTP/1.1");
    }
    EXPECT_EQ(next.size(), static_cast<std::size_t>(threads));
}

TEST_F(LogAccess, RotationUnderLoadLosesAndRepeatsNoLine) {
    constexpr int threads_count = 3;
    constexpr int lines_count = 30'000;
    constexpr int rotations = 5;
    auto log = open({.path = path_, .buffer_bytes = 2000, .overflow = Overflow::block});
    std::atomic<int> progress = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < threads_count; ++i)
        threads.emplace_back([&, i] { append_numbered(*log, "/" + std::string(1, static_cast<char>('a' + i)), lines_count, progress); });
    for (int rotation = 0; rotation < rotations; ++rotation) {
        while (progress.load() < (rotation + 1) * threads_count * lines_count / (rotations + 1)) std::this_thread::yield();
        // A second rotation before the first was noticed renames nothing.
        std::error_code ignored;
        std::filesystem::rename(path_, path_ + "." + std::to_string(rotation), ignored);
        log->reopen();
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(log->close(5s), 0U);

    std::string all;
    std::size_t files = 0;
    for (int rotation = 0; rotation <= rotations; ++rotation) {
        const std::string text = contents(rotation < rotations ? path_ + "." + std::to_string(rotation) : path_);
        if (!text.empty()) ++files;
        EXPECT_TRUE(text.empty() || text.back() == '\n') << "file " << rotation << " ends inside a line";
        all += text;
    }
    EXPECT_GE(files, 2U);
    expect_all_lines(lines_of(all), threads_count, lines_count);
    EXPECT_EQ(report_.text(), "");
}

TEST_F(LogAccess, LinesBeforeARotationStayInTheOldFile) {
    auto log = open({.path = path_});
    {
        LogBatch batch(*log);
        batch.append(numbered("/old"));
        batch.flush();
        std::filesystem::rename(path_, path_ + ".1");
        log->reopen();
        batch.append(numbered("/new"));
    }
    log->close(5s);
    ASSERT_EQ(lines_of(contents(path_ + ".1")).size(), 1U);
    ASSERT_EQ(lines_of(contents(path_)).size(), 1U);
    EXPECT_NE(contents(path_ + ".1").find("/old"), std::string::npos);
    EXPECT_NE(contents(path_).find("/new"), std::string::npos);
}

TEST_F(LogAccess, AFailedRotationKeepsTheOldFileAndSaysSo) {
    std::filesystem::create_directory(directory_ / "sub");
    const std::string path = directory_ / "sub/access.log";
    auto log = open({.path = path});
    std::filesystem::rename(directory_ / "sub", directory_ / "gone");
    log->reopen();
    LogBatch(*log).append(numbered("/kept"));
    EXPECT_EQ(log->close(5s), 0U);
    EXPECT_EQ(lines_of(contents(directory_ / "gone/access.log")).size(), 1U);
    EXPECT_EQ(report_.text(),
              "tinyhttpd: error: cannot reopen the access log " + path + ": no such file or directory (the old file stays in use)\n");
}

TEST_F(LogAccess, DescriptorsDoNotLeak) {
    const auto open_descriptors = [] {
        std::size_t count = 0;
        std::error_code error;
        for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error)) ++count;
        return count;
    };
    const std::size_t before = open_descriptors();
    if (before == 0) GTEST_SKIP() << "no /proc/self/fd here";
    {
        const auto log = open({.path = path_});
        for (int i = 0; i < 100; ++i) {
            log->reopen();
            LogBatch(*log).append(numbered("/"));
        }
        EXPECT_FALSE(AccessLog::open({.path = "/"}, diagnostics_).has_value());
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST_F(LogAccess, DroppedLinesAreCountedExactly) {
    testing::Fifo fifo(directory_ / "fifo");
    constexpr int threads_count = 3;
    constexpr int lines_count = 20'000;
    auto log = open({.path = fifo.path(), .buffer_bytes = 2000, .overflow = Overflow::drop});
    std::atomic<int> progress = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < threads_count; ++i)
        threads.emplace_back([&, i] { append_numbered(*log, "/" + std::string(1, static_cast<char>('a' + i)), lines_count, progress); });
    for (auto& thread : threads) thread.join();  // nobody reads, and nobody waits for that

    std::string text;
    std::atomic<bool> closed = false;
    std::thread reader([&] {
        for (bool last = false; !last;) {
            last = closed.load();
            for (std::string part = fifo.read(65536); !part.empty(); part = fifo.read(65536)) text += part;
            std::this_thread::yield();
        }
    });
    const std::uint64_t lost = log->close(10s);
    closed = true;
    reader.join();
    EXPECT_GT(lost, 0U);
    EXPECT_EQ(lines_of(text).size() + lost, std::size_t{threads_count} * lines_count);
    EXPECT_NE(report_.text().find("warning: the access log " + fifo.path() + " cannot keep up: lines were dropped ("), std::string::npos)
        << report_.text();
    EXPECT_NE(report_.text().find("warning: the access log " + fifo.path() + " lost " + std::to_string(lost) + " lines in all\n"),
              std::string::npos)
        << report_.text();
}

TEST_F(LogAccess, BlockLosesNothingToASlowReader) {
    testing::Fifo fifo(directory_ / "fifo");
    constexpr int threads_count = 2;
    constexpr int lines_count = 5000;
    auto log = open({.path = fifo.path(), .buffer_bytes = 1000, .overflow = Overflow::block});
    std::string text;
    std::atomic<bool> closed = false;
    std::thread reader([&] {
        for (bool last = false; !last;) {
            last = closed.load();
            for (std::string part = fifo.read(777); !part.empty(); part = fifo.read(777)) {
                text += part;
                std::this_thread::yield();
            }
        }
    });
    std::atomic<int> progress = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < threads_count; ++i)
        threads.emplace_back([&, i] { append_numbered(*log, "/" + std::string(1, static_cast<char>('a' + i)), lines_count, progress); });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(log->close(10s), 0U);
    closed = true;
    reader.join();
    expect_all_lines(lines_of(text), threads_count, lines_count);
    EXPECT_EQ(report_.text(), "");
}

TEST_F(LogAccess, AppendAllocatesNothingOnceTheLogIsWarm) {
    testing::Fifo fifo(directory_ / "fifo");
    auto log = open({.path = fifo.path(), .buffer_bytes = 2000, .overflow = Overflow::drop});
    LogBatch batch(*log);
    const std::string target = "/";
    const Exchange line = numbered(target);
    batch.tick(instant(0ms));
    for (int i = 0; i < 20'000; ++i) batch.append(line);  // all blocks there can be are on their way
    while (!fifo.read(65536).empty()) {
    }
    const std::uint64_t before = tinyhttpd::testing::allocations_of_this_thread();
    for (int turn = 0; turn < 100; ++turn) {
        batch.tick(instant(1ms * turn));
        for (int i = 0; i < 20; ++i) batch.append(line);
    }
    EXPECT_EQ(tinyhttpd::testing::allocations_of_this_thread() - before, 0U);
    log->close(0ms);
}

}  // namespace
}  // namespace tinyhttpd::log
