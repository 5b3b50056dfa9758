// SPDX-License-Identifier: MIT
// Descriptors: what the process does about its file descriptors before it serves: the three standard ones exist, the limit
// is as high as it may be, and how many connections fit under it.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace tinyhttpd {

/// Opens /dev/null in place of a closed standard stream, so that no socket becomes descriptor 1 and no line goes to a client.
void open_standard_descriptors();

/// Raises RLIMIT_NOFILE to its hard limit and returns it.
std::uint64_t raise_descriptor_limit();

/// The limit of descriptors as it is now.
[[nodiscard]] std::uint64_t current_descriptor_limit();

/// How many connections a worker should take from a listener at once. There may be no room for them: each holds a descriptor
/// then all the same.
[[nodiscard]] std::uint32_t accepts_at_once(std::uint64_t descriptor_limit, std::uint32_t workers, std::size_t listeners);

/// How many connections fit under the limit of descriptors when the rest of the program takes its share.
[[nodiscard]] std::uint32_t connections_under(std::uint64_t descriptor_limit, std::uint32_t workers, std::size_t listeners);

/// The descriptor `number` that whoever started the program has opened for it. What this program opens is closed on exec, so that it
/// cannot be mistaken for one. Errors call it `subject`.
[[nodiscard]] Result<Fd> take_passed_in(int number, const std::string& subject);

}  // namespace tinyhttpd
