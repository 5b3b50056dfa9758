// SPDX-License-Identifier: MIT
// PortFile: `--port-file`. Whoever sees the file sees the whole number, and after the program's end no file. What the path names
// already, and is no regular file, belongs to somebody else: a pipe, a terminal, /dev/null are written into and stay what they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "os/owned_path.hpp"

namespace tinyhttpd {

class PortFile {
public:
    /// Writes the port and a newline. A regular file, or none, is replaced by one that is whole, by way of a temporary file beside it.
    /// /dev/stdout, /dev/stderr, /dev/fd/N and /proc/self/fd/N are that stream of ours, whatever it leads to. A pipe that nobody reads
    /// yet is left to a thread that waits for its reader, for as long as the process lives. A link to a file is an error: it is neither
    /// ours to replace, nor is it safe to write to where somebody has made it point.
    [[nodiscard]] static Result<PortFile> write(const std::string& path, std::uint16_t port);

private:
    PortFile() = default;

    std::optional<OwnedPath> path_;  ///< none: nothing of it is ours
};

}  // namespace tinyhttpd
