// SPDX-License-Identifier: MIT
// PortFile: `--port-file`. Whoever sees the file sees the whole number, and after the program's end no file.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "os/owned_path.hpp"

namespace tinyhttpd {

class PortFile {
public:
    /// Writes the port and a newline to a temporary file beside `path` and renames it.
    [[nodiscard]] static Result<PortFile> write(const std::string& path, std::uint16_t port);

private:
    explicit PortFile(OwnedPath path) : path_(std::move(path)) {}

    OwnedPath path_;
};

}  // namespace tinyhttpd
