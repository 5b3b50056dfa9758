// SPDX-License-Identifier: MIT
// Diagnostics: the lines that scripts match on standard error, their levels and colours, and how often they repeat.
#include "log/diagnostics.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "log/line_writer.hpp"
#include "unit/log_support.hpp"

namespace tinyhttpd::log {
namespace {

using testing::Report;

TEST(LogDiagnostics, ScriptsFindTheProgramAndTheLevelInFrontOfEveryLine) {
    Report report;
    Diagnostics diagnostics(Level::debug, report.descriptor());
    diagnostics.error("one");
    diagnostics.warn("two");
    diagnostics.info("three");
    diagnostics.debug("four");
    diagnostics.error(Error{"listen on", "127.0.0.1:8000", EADDRINUSE, "try port 0"});
    EXPECT_EQ(report.text(),
              "tinyhttpd: error: one\ntinyhttpd: warning: two\ntinyhttpd: info: three\ntinyhttpd: debug: four\n"
              "tinyhttpd: error: cannot listen on 127.0.0.1:8000: address already in use (try port 0)\n");
}

TEST(LogDiagnostics, ALevelSilencesTheLessImportant) {
    const std::string expected[] = {"e", "ew", "ewi", "ewid"};
    for (const Level level : {Level::error, Level::warn, Level::info, Level::debug}) {
        Report report;
        Diagnostics diagnostics(Level::info, report.descriptor());
        diagnostics.set_level(level);
        diagnostics.error("e");
        diagnostics.warn("w");
        diagnostics.info("i");
        diagnostics.debug("d");
        std::string shown;
        for (const auto& line : testing::lines_of(report.text())) shown += line.back();
        EXPECT_EQ(shown, expected[static_cast<std::size_t>(level)]);
    }
}

TEST(LogDiagnostics, AReportIsOneLineWhateverItsText) {
    Report report;
    Diagnostics diagnostics(Level::info, report.descriptor());
    diagnostics.error("a\nb\x1b[31m\x7f{}%v \xc3\xa4");
    EXPECT_EQ(report.text(), "tinyhttpd: error: a\\x0Ab\\x1B[31m\\x7F{}%v \xc3\xa4\n");
}

class LogColour : public ::testing::Test {
protected:
    /// What a Diagnostics writes to a terminal.
    static std::string on_terminal() {
        const Fd master(::posix_openpt(O_RDWR | O_NOCTTY));
        if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) return {};
        const Fd terminal(::open(::ptsname(master.get()), O_WRONLY | O_NOCTTY));
        if (!terminal) return {};
        Diagnostics(Level::info, terminal.get()).error("x");
        char text[256];
        const auto count = ::read(master.get(), text, sizeof text);
        return {text, count > 0 ? static_cast<std::size_t>(count) : 0};
    }
    LogColour() {
        ::setenv("TERM", "xterm-256color", 1);
        ::unsetenv("NO_COLOR");
    }
    ~LogColour() override { ::unsetenv("NO_COLOR"); }
};

TEST_F(LogColour, ATerminalShowsTheLevelInColour) {
    const std::string text = on_terminal();
    if (text.empty()) GTEST_SKIP() << "no pseudo terminals here";
    EXPECT_NE(text.find("\x1b["), std::string::npos) << text;
}

TEST_F(LogColour, NoColorIsHonouredUnlessItIsEmpty) {
    ::setenv("NO_COLOR", "1", 1);
    const std::string text = on_terminal();
    if (text.empty()) GTEST_SKIP() << "no pseudo terminals here";
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    ::setenv("NO_COLOR", "", 1);
    EXPECT_NE(on_terminal().find("\x1b["), std::string::npos);
}

TEST(LogDiagnostics, ThreadsDoNotMixTheirLines) {
    Report report;
    Diagnostics diagnostics(Level::info, report.descriptor());
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int j = 0; j < 100; ++j) diagnostics.error("0123456789");
        });
    for (auto& thread : threads) thread.join();
    const auto lines = testing::lines_of(report.text());
    EXPECT_EQ(lines.size(), 400U);
    for (const auto& line : lines) EXPECT_EQ(line, "tinyhttpd: error: 0123456789");
}

using std::chrono::milliseconds;
using testing::instant;

TEST(LogRepeatedReport, AStormIsOneLineASecondThatCountsItAll) {
    Report report;
    Diagnostics diagnostics(Level::info, report.descriptor());
    RepeatedReport storm(diagnostics, Level::warn, "time");
    for (int i = 0; i < 2000; ++i) storm.add(instant(milliseconds(i)), "no descriptor is free");
    EXPECT_EQ(report.text(),
              "tinyhttpd: warning: no descriptor is free (1 time)\ntinyhttpd: warning: no descriptor is free (1000 times)\n");
    storm.tick(instant(milliseconds(1999)));
    EXPECT_EQ(testing::lines_of(report.text()).size(), 2U);
    storm.tick(instant(milliseconds(2000)));
    storm.tick(instant(milliseconds(9000)));
    storm.add(instant(milliseconds(9001)), "no descriptor is free", 7);
    storm.add(instant(milliseconds(9002)), "no descriptor is free", 8);
    storm.flush();
    storm.flush();
    EXPECT_EQ(report.text(),
              "tinyhttpd: warning: no descriptor is free (1 time)\ntinyhttpd: warning: no descriptor is free (1000 times)\n"
              "tinyhttpd: warning: no descriptor is free (999 times)\ntinyhttpd: warning: no descriptor is free (7 times)\n"
              "tinyhttpd: warning: no descriptor is free (8 times)\n");
}

/// Standard error as a pipe that is full, and on which write(2) blocks.
class LogStalled : public ::testing::Test {
protected:
    LogStalled() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("pipe2");
        reader_ = Fd(ends[0]);
        writer_ = Fd(ends[1]);
        const char filler[4096] = {};
        while (::write(writer_.get(), filler, sizeof filler) > 0) {
        }
        ::fcntl(writer_.get(), F_SETFL, 0);
        diagnostics_.emplace(Level::info, writer_.get());
        diagnostics_->never_wait();
    }
    ~LogStalled() override {
        reader_.reset();  // lets the thread go that still writes
        diagnostics_->wait(std::chrono::seconds(30));
    }
    /// What a reader gets until the line that ends with `last`.
    std::string read_until(const std::string& last) const {
        ::fcntl(reader_.get(), F_SETFL, 0);
        std::string text;
        while (!text.ends_with(last)) {
            char part[4096];
            const auto count = ::read(reader_.get(), part, sizeof part);
            if (count <= 0) break;
            text.append(part, static_cast<std::size_t>(count));
        }
        return text.substr(text.rfind('\0') + 1);
    }
    Fd reader_;
    Fd writer_;
    std::optional<Diagnostics> diagnostics_;
};

TEST_F(LogStalled, AReportNeverWaitsAndALaterReaderLearnsHowManyWereLost) {
    constexpr std::size_t reports = 10'000;
    for (std::size_t i = 0; i < reports; ++i) diagnostics_->warn(std::to_string(i));
    EXPECT_FALSE(diagnostics_->all_written());
    const std::string text = read_until(" lost: standard error could not be written\n");
    const auto lines = testing::lines_of(text);
    // One more than may wait, since the thread takes the first in hand: that may come late, when some have been lost already.
    ASSERT_GE(lines.size(), LineWriter::waiting_max + 1);
    for (std::size_t i = 0; i < LineWriter::waiting_max; ++i) EXPECT_EQ(lines[i], "tinyhttpd: warning: " + std::to_string(i));
    EXPECT_EQ(lines.back(), "tinyhttpd: warning: " + std::to_string(reports - (lines.size() - 1)) +
                                " messages were lost: standard error could not be written");
    diagnostics_->wait(std::chrono::seconds(30));
    EXPECT_TRUE(diagnostics_->all_written());
}

TEST_F(LogStalled, TheEndOfTheProgramIsNoLongerAwayThanAllowed) {
    diagnostics_->error("x");
    diagnostics_->wait(std::chrono::milliseconds(1));
    EXPECT_FALSE(diagnostics_->all_written());
}

TEST_F(LogStalled, WhoeverWaitsForTheLastLineIsWoken) {
    std::atomic<bool> called = false;
    diagnostics_->when_all_written([&] {
        called = true;
        called.notify_all();
    });
    diagnostics_->error("x");
    EXPECT_FALSE(called);
    read_until("tinyhttpd: error: x\n");
    called.wait(false);
    EXPECT_TRUE(diagnostics_->all_written());
    diagnostics_->when_all_written({});
}

TEST_F(LogStalled, ARepeatedReportCountsOnUntilThereIsRoom) {
    RepeatedReport storm(*diagnostics_, Level::warn, "time");
    storm.add(instant(milliseconds(0)), "full", 1);
    storm.add(instant(milliseconds(1000)), "full", 3);
    storm.add(instant(milliseconds(2000)), "full", 4);
    read_until("tinyhttpd: warning: full (1 time)\n");
    diagnostics_->wait(std::chrono::seconds(30));
    storm.tick(instant(milliseconds(3000)));
    EXPECT_EQ(read_until("s)\n"), "tinyhttpd: warning: full (7 times)\n");
}

TEST(LogDiagnostics, AReaderThatHasGoneCostsTheLinesAndNothingElse) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    std::signal(SIGPIPE, SIG_IGN);
    ::close(ends[0]);
    const Fd writer(ends[1]);
    Diagnostics diagnostics(Level::info, writer.get());
    diagnostics.never_wait();
    diagnostics.error("x");
    diagnostics.wait(std::chrono::seconds(30));
    EXPECT_TRUE(diagnostics.all_written());
}

}  // namespace
}  // namespace tinyhttpd::log
