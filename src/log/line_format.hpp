// SPDX-License-Identifier: MIT
// LineFormat: one request as one line of the access log, in the common, combined or JSON form. LogBatch writes with it. It allocates
// nothing, knows no file, and reads no clock. The line of --capture is capture_line.hpp's.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/exchange.hpp"

namespace tinyhttpd::log {

enum class Format : std::uint8_t { common, combined, json };

/// Lines of one format, all stamped with the second that was last set.
///
/// common, combined: `PEER - - [22/Nov/2026:22:08:00 +0000] "GET / HTTP/1.1" 200 12` (and `"REFERER" "USER-AGENT"`) with the local
/// time, as Apache's formats of these names; an empty field is `-`. A quote, a backslash, a control or a non-ASCII byte is `\xHH`.
///
/// json: one object a line: time (RFC 3339, local), peer, method, target, version (or `request` alone, when malformed), host,
/// status, bytes, referer, user_agent. With a fault, status is 0 (in the others 000) and its name follows. The same bytes are `\u00HH`,
/// whatever they meant, so that each line is valid ASCII JSON.
class LineFormat {
public:
    explicit LineFormat(Format format) : format_(format) {}

    /// The time that lines are stamped with from now on, to the second. Once before write().
    void set_time(std::chrono::system_clock::time_point time);

    [[nodiscard]] bool shows_fields() const { return format_ != Format::common; }

    /// At most so many bytes are what write() makes of `line`.
    [[nodiscard]] static std::size_t bound(const Exchange& line) {
        constexpr std::size_t fixed = 256;  // the names, the time, the numbers and the punctuation of the longest form
        return fixed + escaped_byte_max * (line.peer.size() + line.method.size() + line.target.size() + line.version.size() +
                                           line.host.size() + line.referer.size() + line.user_agent.size() + line.request_line.size());
    }

    /// Writes `line` and a newline at `out`, where bound(line) bytes are free. Returns the end of what was written.
    [[nodiscard]] char* write(char* out, const Exchange& line) const;

private:
    static constexpr std::size_t escaped_byte_max = 6;  // \u00HH
    static constexpr std::string_view text_stamp = " - - [22/Nov/2026:22:08:00 +0000] \"";
    static constexpr std::string_view json_stamp = "{\"time\":\"2026-11-22T22:08:00+00:00\",\"peer\":\"";

    [[nodiscard]] char* write_text(char* out, const Exchange& line) const;
    [[nodiscard]] char* write_json(char* out, const Exchange& line) const;

    Format format_;
    std::array<char, json_stamp.size()> stamp_ = {};  // the part of the line around the time, which is the same all second long
};

}  // namespace tinyhttpd::log
