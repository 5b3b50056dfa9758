// SPDX-License-Identifier: MIT
// What the tests of log/ stand on: a directory that goes away, the lines of a file, FIFOs whose reader the test is.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "log/access_log.hpp"

namespace tinyhttpd::log::testing {

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "tinyhttpd-log-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
        path_ = pattern;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    [[nodiscard]] std::string operator/(std::string_view name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

inline std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return std::move(out).str();
}

inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

/// The text between the first two quotes of a common line: the request.
inline std::string request_of(const std::string& line) {
    const auto begin = line.find('"') + 1;
    return line.substr(begin, line.find('"', begin) - begin);
}

/// Standard error for a Diagnostics, kept in memory.
class Report {
public:
    Report() : stream_(std::tmpfile()) {}
    ~Report() { std::fclose(stream_); }
    Report(const Report&) = delete;
    Report& operator=(const Report&) = delete;
    [[nodiscard]] int descriptor() const { return ::fileno(stream_); }
    [[nodiscard]] std::string text() const {
        std::string text(1 << 16, '\0');
        const auto count = ::pread(::fileno(stream_), text.data(), text.size(), 0);
        text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return text;
    }

private:
    std::FILE* stream_;
};

/// A FIFO at `path` whose only reader is this.
class Fifo {
public:
    explicit Fifo(std::string path) : path_(std::move(path)) {
        if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("mkfifo " + path_);
        reader_ = Fd(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    /// Up to `size` bytes; empty when there are none now, or never will be.
    [[nodiscard]] std::string read(std::size_t size) {
        std::string text(size, '\0');
        const auto count = ::read(reader_.get(), text.data(), text.size());
        ended_ = count == 0;
        text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return text;
    }
    [[nodiscard]] bool ended() const { return ended_; }
    void close() { reader_.reset(); }

private:
    std::string path_;
    Fd reader_;
    bool ended_ = false;
};

/// Standard output is `descriptor` while this lives.
class RedirectedOutput {
public:
    explicit RedirectedOutput(int descriptor) {
        std::fflush(stdout);
        saved_ = Fd(::dup(STDOUT_FILENO));
        ::dup2(descriptor, STDOUT_FILENO);
    }
    ~RedirectedOutput() {
        std::fflush(stdout);
        ::dup2(saved_.get(), STDOUT_FILENO);
    }
    RedirectedOutput(const RedirectedOutput&) = delete;
    RedirectedOutput& operator=(const RedirectedOutput&) = delete;

private:
    Fd saved_;
};

inline LogBatch::Instant instant(std::chrono::milliseconds after_start) {
    return LogBatch::Instant(std::chrono::hours(1) + after_start);
}

inline Exchange numbered(const std::string& target) {
    return {.peer = "127.0.0.1", .method = "GET", .target = target, .version = "HTTP/1.1", .status = 200, .body_bytes = 12};
}

}  // namespace tinyhttpd::log::testing
