// SPDX-License-Identifier: MIT
// The small pieces of the operating system in os/, and what needs one: how many workers `auto` means, the port file, the quota.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/quota.hpp"
#include "os/port_file.hpp"
#include "os/processors.hpp"

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

}  // namespace
}  // namespace tinyhttpd
