// SPDX-License-Identifier: MIT
// PortFile: `--port-file`. Whoever sees the file sees the whole number, and after the program's end no file.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace tinyhttpd {

class PortFile {
public:
    /// Writes the port and a newline to a temporary file beside `path` and renames it.
    [[nodiscard]] static Result<PortFile> write(const std::string& path, std::uint16_t port);

    PortFile(PortFile&& other) noexcept;
    PortFile& operator=(PortFile&& other) noexcept;
    /// Removes the file.
    ~PortFile();

private:
    explicit PortFile(std::string path) : path_(std::move(path)) {}

    std::string path_;
};

}  // namespace tinyhttpd
