// SPDX-License-Identifier: MIT
// PortFile: `--port-file`. Whoever sees the file sees the whole number, and after the program's end no file.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace tinyhttpd {

class PortFile {
public:
    /// Writes the port and a newline to a temporary file beside `path` and renames it.
    [[nodiscard]] static Result<PortFile> write(const std::string& path, std::uint16_t port);

    PortFile(PortFile&& other) noexcept;
    PortFile& operator=(PortFile&& other) noexcept;
    /// Removes the file, unless another program has put its own there meanwhile.
    ~PortFile();

private:
    PortFile(std::string path, dev_t device, ino_t inode) : path_(std::move(path)), device_(device), inode_(inode) {}

    std::string path_;
    dev_t device_;
    ino_t inode_;
};

}  // namespace tinyhttpd
