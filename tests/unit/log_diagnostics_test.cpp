// SPDX-License-Identifier: MIT
// Diagnostics: the lines that scripts match on standard error, their levels and colours, and how often they repeat.
#include "log/diagnostics.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "unit/log_support.hpp"

namespace tinyhttpd::log {
namespace {

using testing::Report;

TEST(LogDiagnostics, ScriptsFindTheProgramAndTheLevelInFrontOfEveryLine) {
    Report report;
    Diagnostics diagnostics(Level::debug, report.stream());
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
        Diagnostics diagnostics(Level::info, report.stream());
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
    Diagnostics diagnostics(Level::info, report.stream());
    diagnostics.error("a\nb\x1b[31m\x7f{}%v \xc3\xa4");
    EXPECT_EQ(report.text(), "tinyhttpd: error: a\\x0Ab\\x1B[31m\\x7F{}%v \xc3\xa4\n");
}

class LogColour : public ::testing::Test {
protected:
    /// What a Diagnostics writes to a terminal.
    static std::string on_terminal() {
        const Fd master(::posix_openpt(O_RDWR | O_NOCTTY));
        if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) return {};
        std::FILE* terminal = std::fopen(::ptsname(master.get()), "w");
        if (terminal == nullptr) return {};
        {
            Diagnostics(Level::info, terminal).error("x");
        }
        char text[256];
        const auto count = ::read(master.get(), text, sizeof text);
        std::fclose(terminal);
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
    Diagnostics diagnostics(Level::info, report.stream());
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
    Diagnostics diagnostics(Level::info, report.stream());
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

TEST(LogRepeatedReport, AStalledReaderOfStandardErrorStallsNobodyAndLosesNoCount) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    const Fd reader(ends[0]);
    const char filler[4096] = {};
    while (::write(ends[1], filler, sizeof filler) > 0) {
    }
    ASSERT_EQ(::fcntl(ends[1], F_SETFL, 0), 0);  // from here on a write would block
    std::FILE* stream = ::fdopen(ends[1], "w");
    {
        Diagnostics diagnostics(Level::info, stream);
        RepeatedReport storm(diagnostics, Level::warn, "time");
        EXPECT_FALSE(diagnostics.ready());
        storm.add(instant(milliseconds(0)), "full", 3);
        char buffer[4096];
        while (::read(reader.get(), buffer, sizeof buffer) > 0) {
        }
        EXPECT_TRUE(diagnostics.ready());
        storm.add(instant(milliseconds(1000)), "full", 4);
        const auto count = ::read(reader.get(), buffer, sizeof buffer);
        EXPECT_EQ(std::string(buffer, count > 0 ? static_cast<std::size_t>(count) : 0), "tinyhttpd: warning: full (7 times)\n");
    }
    std::fclose(stream);
}

}  // namespace
}  // namespace tinyhttpd::log
