// SPDX-License-Identifier: MIT
// Recorder: who wants to know of each request before it is answered: --capture, which the answer waits for, and --expect. http/
// tells it, log/ and site/ do the work; so that none of them includes another the words are here. One per worker; a server
// whose requests nobody records has none, and pays for none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tinyhttpd {

/// A field line of a request, raw.
struct CapturedField {
    std::string_view name;
    std::string_view value;
};

/// A request that is complete, and what it is to be answered. All views hold raw bytes of the peer and end with the call they are handed
/// to.
struct CapturedRequest {
    std::uint64_t number = 0;  ///< `n`, from 1
    std::chrono::system_clock::time_point time = {};
    std::string_view peer = {};      ///< with its port: "127.0.0.1:4711", "[::1]:4711", or "unix:"
    std::string_view protocol = {};  ///< "HTTP/1.1"; this and the next two are empty when the request line was malformed or unfinished
    std::string_view method = {};
    std::string_view target = {};
    std::string_view request_line = {};          ///< of one that is malformed or unfinished: what there is of it
    std::string_view route = {};                 ///< the path of the route that answers, as configured; empty: [response] does
    std::span<const CapturedField> fields = {};  ///< in the order they came, each as often as it came
    std::string_view body = {};                  ///< what was kept of the content, from its beginning
    std::uint64_t body_bytes = 0;                ///< what came of it; more than was kept: it is marked as truncated
    int status = 0;                              ///< of the answer
    std::string_view fault = {};                 ///< "reset": there is no answer to speak of; empty: none
    std::string_view refused = {};               ///< why the request is turned down with `status`; empty: it is not
};

class Recorder {
public:
    /// A line that is on its way, and the answer that waits for it.
    struct Line {
        std::uint32_t connection = 0;  ///< whose answer it is: the server's number
        int error = 0;                 ///< once it is told: the errno for which it is not in the file
    };
    struct Recording {
        bool is_recorded = true;  ///< or will be; false: there was no memory for it, or nothing is taken any more
        Line* line = nullptr;     ///< to wait for; null: nothing. The recorder's, until forget()
    };

    Recorder() = default;
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;
    virtual ~Recorder() = default;

    /// Whether lines are written: else the peer, the fields and the content need not be there.
    [[nodiscard]] virtual bool writes_lines() const = 0;
    /// Bytes of content that go into a line at most.
    [[nodiscard]] virtual std::size_t content_max() const = 0;

    /// Takes note of `request`, to which it gives its number.
    [[nodiscard]] virtual Recording record(CapturedRequest& request) = 0;
    /// The next line that is written, or will never be; null: none is, for now. Each once, and none that is forgotten. The worker is woken
    /// when there is one.
    [[nodiscard]] virtual Line* next_told() = 0;
    /// Nobody waits for this line any more. It is written all the same.
    virtual void forget(Line& line) = 0;
};

}  // namespace tinyhttpd
