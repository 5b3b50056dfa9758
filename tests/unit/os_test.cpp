// SPDX-License-Identifier: MIT
// The small pieces of the operating system in os/, and what needs one: how many workers `auto` means, the port file, the quota,
// signals.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/quota.hpp"
#include "os/entropy.hpp"
#include "os/port_file.hpp"
#include "os/processors.hpp"
#include "os/signals.hpp"

namespace tinyhttpd {
namespace {

namespace fs = std::filesystem;

class SystemTest : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "tinyhttpd-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        root_ = pattern;
    }
    void TearDown() override { fs::remove_all(root_); }
    void put(const std::string& path, const std::string& text) const {
        const fs::path file = root_ / path;
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }
    [[nodiscard]] std::string read(const std::string& path) const {
        std::ifstream file(root_ / path);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    fs::path root_;
};

TEST_F(SystemTest, AContainerWithOneAndAHalfCpusGetsTwoWorkersAtMost) {
    put("proc/self/cgroup", "0::/a/b\n");
    put("sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
    EXPECT_EQ(usable_processors(root_.string()), std::min(2U, usable_processors(root_.string() + "/nowhere")));
}

TEST_F(SystemTest, TheLimitOfAnOuterGroupCounts) {
    put("proc/self/cgroup", "0::/a/b\n");
    put("sys/fs/cgroup/a/cpu.max", "50000 100000\n");
    put("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    EXPECT_EQ(usable_processors(root_.string()), 1U);
}

TEST_F(SystemTest, TheOldCgroupsCountToo) {
    put("proc/self/cgroup", "4:cpu,cpuacct:/job\n3:memory:/job\n");
    put("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "10000\n");
    put("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(usable_processors(root_.string()), 1U);
}

TEST_F(SystemTest, WithoutCgroupsThereIsAWorkerAtLeast) {
    EXPECT_GE(usable_processors(root_.string()), 1U);
}

TEST(Entropy, TwoRunsHaveDifferentSeeds) {
    EXPECT_NE(random_number(), random_number());
}

TEST_F(SystemTest, APortFileIsWholeAndGoesWithItsServer) {
    const std::string path = (root_ / "port").string();
    {
        const auto file = PortFile::write(path, 43210);
        ASSERT_TRUE(file);
        EXPECT_EQ(read("port"), "43210\n");
        EXPECT_EQ(std::distance(fs::directory_iterator(root_), fs::directory_iterator{}), 1);  // no temporary file is left
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(SystemTest, APortFileThatCannotBeWrittenSaysWhere) {
    const auto file = PortFile::write((root_ / "missing" / "port").string(), 1);
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().text().find("missing/port: no such file or directory"), std::string::npos) << file.error().text();
}

TEST_F(SystemTest, AFileThatASuccessorPutsInTheSamePlaceStays) {
    const std::string path = (root_ / "port").string();
    for (int i = 0; i < 500; ++i) {
        std::optional<Result<PortFile>> predecessor = PortFile::write(path, 1);
        std::atomic<bool> go = false;
        std::thread ends([&] {
            while (!go.load()) std::this_thread::yield();
            predecessor.reset();
        });
        go.store(true);
        const auto successor = PortFile::write(path, 2);
        ends.join();
        ASSERT_EQ(read("port"), "2\n") << "in round " << i;
    }
}

TEST_F(SystemTest, APipeIsWrittenIntoWhenItsReaderComes) {
    const std::string path = (root_ / "pipe").string();
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    {
        const auto file = PortFile::write(path, 43210);
        ASSERT_TRUE(file);
        EXPECT_EQ(read("pipe"), "43210\n");  // to its end: a reader that waits for more waits in vain
    }
    EXPECT_TRUE(fs::is_fifo(path));
}

TEST_F(SystemTest, ALinkIsNeitherReplacedNorWrittenThrough) {
    put("precious", "mine");
    for (const char* target : {"precious", "nowhere"}) {
        fs::create_symlink(target, root_ / "port");
        const auto file = PortFile::write((root_ / "port").string(), 1);
        ASSERT_FALSE(file);
        EXPECT_NE(file.error().text().find("name the file itself"), std::string::npos) << file.error().text();
        EXPECT_TRUE(fs::is_symlink(root_ / "port"));
        fs::remove(root_ / "port");
    }
    EXPECT_EQ(read("precious"), "mine");
    EXPECT_FALSE(fs::exists(root_ / "nowhere"));
}

TEST_F(SystemTest, ALinkToADeviceIsWrittenThroughAndStays) {
    fs::create_symlink("/dev/null", root_ / "port");
    EXPECT_TRUE(PortFile::write((root_ / "port").string(), 1));
    EXPECT_EQ(fs::read_symlink(root_ / "port"), "/dev/null");
}

TEST_F(SystemTest, ATemporaryFileThatIsThereAlreadyStays) {
    put("precious", "mine");
    const std::string path = (root_ / "port").string();
    const std::string planted = path + ".tmp" + std::to_string(::getpid());
    fs::create_symlink("precious", planted);
    const auto file = PortFile::write(path, 7);
    ASSERT_TRUE(file) << file.error().text();
    EXPECT_EQ(read("port"), "7\n");
    EXPECT_EQ(read("precious"), "mine");
    EXPECT_TRUE(fs::is_symlink(planted));
}

TEST_F(SystemTest, WhatIsFullOrNoFileSaysSo) {
    fs::create_directory(root_ / "folder");
    const auto folder = PortFile::write((root_ / "folder").string(), 1);
    ASSERT_FALSE(folder);
    EXPECT_NE(folder.error().text().find("folder: is a directory"), std::string::npos) << folder.error().text();
#ifdef __linux__
    fs::create_symlink("/dev/full", root_ / "full");
    const auto full = PortFile::write((root_ / "full").string(), 1);
    ASSERT_FALSE(full);
    EXPECT_NE(full.error().text().find("full: no space left on device"), std::string::npos) << full.error().text();
#endif
}

TEST(QuotaTest, ExactlyTheLimitIsAnsweredHoweverManyAsk) {
    Quota quota(1000);
    std::atomic<int> granted = 0;
    std::atomic<int> last = 0;
    std::atomic<int> completed = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (Quota::Ticket ticket = quota.take(); ticket != Quota::Ticket::none; ticket = quota.take()) {
                ++granted;
                if (ticket == Quota::Ticket::last) ++last;
                if (quota.settle(1)) ++completed;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(granted, 1000);
    EXPECT_EQ(last, 1);
    EXPECT_EQ(completed, 1);
    EXPECT_TRUE(quota.reached());
}

TEST(QuotaTest, AnAnswerThatCouldNotBeDeliveredDoesNotCount) {
    Quota quota(1);
    EXPECT_EQ(quota.take(), Quota::Ticket::last);
    EXPECT_EQ(quota.take(), Quota::Ticket::none);
    quota.give_back(1);
    EXPECT_FALSE(quota.reached());
    EXPECT_EQ(quota.take(), Quota::Ticket::last);
    EXPECT_TRUE(quota.settle(1));
    EXPECT_TRUE(quota.reached());
}

// ---- signals, in a process of its own each time: handlers are for all of it

class SignalsDeathTest : public testing::Test {
protected:
    static Signals install() {
        auto signals = Signals::install();
        Signals::deliver();
        return *std::move(signals);
    }
    static void raise_all(std::initializer_list<int> numbers) {
        for (const int number : numbers) ::raise(number);
    }
    static void say_what_waits(Signals& signals) {
        while (const std::optional<int> number = signals.next(std::chrono::nanoseconds(0))) std::cerr << *number << ' ';
        std::cerr << '.';
    }
    static std::string list(std::initializer_list<int> numbers) {
        std::string text;
        for (const int number : numbers) text += std::to_string(number) + ' ';
        return text + "\\.";
    }
};

TEST_F(SignalsDeathTest, ManyHupsAreOneReload) {
    const auto send = [] {
        Signals signals = install();
        raise_all({SIGHUP, SIGUSR1, SIGHUP, SIGHUP, SIGUSR1});
        say_what_waits(signals);
        raise_all({SIGHUP, SIGUSR1});  // about a file that may be newer than what was read for the others
        say_what_waits(signals);
        ::_exit(0);
    };
    EXPECT_EXIT(send(), testing::ExitedWithCode(0), "^" + list({SIGHUP, SIGUSR1}) + list({SIGHUP, SIGUSR1}) + "$");
}

TEST_F(SignalsDeathTest, ReadinessIsFlippedAsOftenAsAskedAndASecondTermIsNotTheFirst) {
    const auto send = [] {
        Signals signals = install();
        raise_all({SIGUSR2, SIGTERM, SIGUSR2, SIGTERM});
        say_what_waits(signals);
        ::_exit(0);
    };
    EXPECT_EXIT(send(), testing::ExitedWithCode(0), "^" + list({SIGUSR2, SIGTERM, SIGUSR2, SIGTERM}) + "$");
}

TEST_F(SignalsDeathTest, AStormOfHupsLosesNoTerm) {
    const auto send = [] {
        Signals signals = install();
        for (int i = 0; i < 100'000; ++i) ::raise(SIGHUP);  // more than a pipe holds
        raise_all({SIGTERM});
        say_what_waits(signals);
        ::_exit(0);
    };
    EXPECT_EXIT(send(), testing::ExitedWithCode(0), "^" + list({SIGHUP, SIGTERM}) + "$");
}

}  // namespace
}  // namespace tinyhttpd
