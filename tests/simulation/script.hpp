// SPDX-License-Identifier: MIT
// What a simulated client says and what it may expect to hear, written from HTTP.md and not from our code: each request is
// bytes and the one answer they deserve. Also the reader of what came back, which is as strict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/random.hpp"

namespace tinyhttpd::simulation {

using support::Random;

/// What the server was told to answer, as far as a client can see it.
struct Settings {
    int status = 200;
    std::string body;
    std::size_t max_head = 4096;
    std::uint64_t max_body = 10'000;
    bool keepalive = true;
    std::uint64_t keepalive_requests = 0;
    bool proxy_protocol = false;
};

enum class Persistence : std::uint8_t { stays, stays_1_0, closes };

struct Expected {
    int status = 200;
    std::optional<std::string> content = {};  ///< none: any, as long as its length is right
    bool head_only = false;
    Persistence persistence = Persistence::stays;
    bool invited = false;  ///< a 100 Continue may come first
};

struct Request {
    std::string bytes;
    Expected expected;
    bool judged_by_its_end = true;  ///< false: wrong before its last byte has come
};

/// The requests of one client, in order. Behind one whose answer closes the connection more may follow: they deserve nothing.
[[nodiscard]] std::vector<Request> make_script(std::uint32_t client, const Settings& settings, Random& random);

/// What a proxy says before them.
[[nodiscard]] std::string make_proxy_header(std::uint32_t client, Random& random);

/// One final answer as it came over the wire.
struct Answer {
    int status = 0;
    bool announces_close = false;
};

/// All that a client heard, read against what it expected.
struct Heard {
    std::vector<Answer> answers;
    std::string fault;      ///< empty: all of it is right
    std::string_view tail;  ///< bytes of an answer that is not complete
};

[[nodiscard]] Heard read_answers(std::string_view stream, const std::vector<Request>& script);

}  // namespace tinyhttpd::simulation
