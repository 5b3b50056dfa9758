// SPDX-License-Identifier: MIT
// The line of --capture: one request and what it was answered, as one JSON object (RFC 8259) on one line. It knows no file and reads no
// clock; capture_file.hpp writes what this makes.
#pragma once

#include <string>

#include "base/recorder.hpp"

namespace tinyhttpd::log {

/// Appends the line of `request` and its newline to `line`. False: there was no memory for it, and `line` is as it was.
///
///     {"n":1,"time":"2026-11-25T15:04:05.123Z","peer":"127.0.0.1:4711","protocol":"HTTP/1.1","method":"POST","target":"/orders?x=1",
///      "route":"/orders/*","headers":[["Host","x"],["X-A","1"],["X-A","2"]],"body":"{…}","body_bytes":12,"status":201}
///
/// `time` is UTC (RFC 3339). `protocol`, `method` and `target` give way to `request` when the request line was malformed; `route` is left
/// out when [response] answered. A body that is UTF-8 (RFC 3629) is text, any other is `body_base64` (RFC 4648 §4). One of which only the
/// beginning was kept has `"body_truncated":true`, and ends with the last whole character when it is text. A fault is
/// `"status":0,"fault":"reset"`; a request that was turned down has `"refused":400,"reason":"no Host field"` for a status.
///
/// The bytes of everything but the body are characters of the same number, \u0000 to \u00FF: RFC 9110 §5.5 gives those from 0x80 no
/// meaning, and the reading that Fetch calls isomorphic is the one that always gives them back (in Python, `value.encode("latin-1")`).
/// What is no printable ASCII is escaped in them; in a body, what could end a line or reach a terminal: U+0000 to U+001F,
/// U+007F to U+009F, U+2028 and U+2029.
[[nodiscard]] bool append_capture_line(std::string& line, const CapturedRequest& request) noexcept;

}  // namespace tinyhttpd::log
