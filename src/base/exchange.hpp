// SPDX-License-Identifier: MIT
// Exchange: one request and what became of it, as the access log wants to know it. http/ fills it in, log/ formats it; so
// that neither includes the other it lives here. It is not kept: every view ends with the call it is handed to.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tinyhttpd {

/// All views hold raw bytes of the peer: whoever writes them escapes them.
struct Exchange {
    std::string_view peer = {};    ///< address without port, or "unix:"
    std::string_view method = {};  ///< this and the next two are empty when the request line was malformed or unfinished
    std::string_view target = {};
    std::string_view version = {};  ///< "HTTP/1.1", as the peer wrote it
    std::string_view host = {};     ///< empty when absent, as the next two, and when the log shows none of them
    std::string_view referer = {};
    std::string_view user_agent = {};
    std::string_view request_line = {};  ///< of one that is malformed or unfinished: its bytes up to and with the first bad one, bounded
    std::string_view refused = {};       ///< why the request was turned down: words that follow on the status's phrase; empty: it was not
    std::string_view fault = {};         ///< how the answer failed because it was to; empty: it did not
    int status = 0;                      ///< 0 with a fault
    std::uint64_t body_bytes = 0;        ///< content of the answer, 0 for HEAD
};

/// Takes one exchange per final response. A log that is off costs nothing: it is asked before an Exchange is made.
template <class L>
concept ExchangeLog = requires(L log, const L& observed, const Exchange& exchange, std::chrono::steady_clock::time_point now) {
    { observed.enabled() } -> std::same_as<bool>;        // all exchanges are wanted
    { observed.wants_refused() } -> std::same_as<bool>;  // those of requests that were turned down are wanted, if no others
    { observed.shows_fields() } -> std::same_as<bool>;   // host, referer and user_agent, which have to be looked for
    { log.append(exchange) };
    { log.tick(now) };                                                                         // once per turn of the event loop
    { observed.due() } -> std::same_as<std::optional<std::chrono::steady_clock::time_point>>;  // when tick() is wanted without traffic
};

/// The log of a server that keeps none.
struct NullLog {
    [[nodiscard]] static constexpr bool enabled() { return false; }
    [[nodiscard]] static constexpr bool wants_refused() { return false; }
    [[nodiscard]] static constexpr bool shows_fields() { return false; }
    static void append(const Exchange&) {}
    static void tick(std::chrono::steady_clock::time_point) {}
    [[nodiscard]] static std::optional<std::chrono::steady_clock::time_point> due() { return std::nullopt; }
};
static_assert(ExchangeLog<NullLog>);

}  // namespace tinyhttpd
