// SPDX-License-Identifier: MIT
// Config: what the user asked for, as plain values, after flags, environment, file and defaults have been layered and
// checked. Nothing below main() sees it: constructors take the few numbers they need.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/content_coding.hpp"
#include "base/listen_address.hpp"
#include "config/expectation.hpp"

namespace tinyhttpd::config {

using Duration = std::chrono::microseconds;

enum class EngineName : std::uint8_t { automatic, io_uring, epoll, kqueue };
enum class LogFormat : std::uint8_t { common, combined, json };
enum class LogOverflow : std::uint8_t { drop, block };
enum class LogLevel : std::uint8_t { error, warn, info, debug };

/// What an error about a value opens with, such as "stub.toml:3:1: body_file"; no part of what the value says.
struct Place {
    std::string text;
    friend bool operator==(const Place& /*one*/, const Place& /*other*/) { return true; }
};

struct Header {
    std::string name;
    std::string value;  ///< empty: the default header of that name is left out
    friend bool operator==(const Header&, const Header&) = default;
};

enum class Fault : std::uint8_t { none, close, reset, hang, truncate, garbage };

/// What becomes of one request.
struct Outcome {
    Fault fault = Fault::none;
    int status = 0;  ///< with Fault::none: another answer, whose body is its reason phrase; 0: the configured one
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct SequenceStep {
    Outcome outcome;
    std::uint64_t times = 1;
    friend bool operator==(const SequenceStep&, const SequenceStep&) = default;
};

/// Shares are millionths of all requests: 0.5% is 5000.
struct FaultShare {
    Outcome outcome;
    std::uint32_t millionths = 0;
    friend bool operator==(const FaultShare&, const FaultShare&) = default;
};

struct Delay {
    enum class Kind : std::uint8_t {
        uniform,    ///< from `low` to `high`; the same: always that
        lognormal,  ///< the median is `low`, the 99th percentile `high`
    };
    Kind kind = Kind::uniform;
    Duration low{};
    Duration high{};
    std::uint32_t millionths = 0;
    friend bool operator==(const Delay&, const Delay&) = default;
};

/// The body in a content coding, as somebody has compressed it.
struct Variant {
    ContentCoding coding = ContentCoding::gzip;
    std::string file;  ///< as body_file
    Place place = {};
    friend bool operator==(const Variant&, const Variant&) = default;
};

struct ResponseConfig {
    std::optional<std::string> body;  ///< byte-exact; none: the reason phrase of `status` (see --body)
    /// As given on the command line or in the environment, already resolved when from TOML; "-" is standard input.
    std::optional<std::string> body_file;
    Place body_file_place;
    int status = 200;
    std::vector<Header> headers;
    std::optional<std::string> content_type;  ///< none: chosen from the body
    bool date = true;
    bool server_header = true;
    std::string cors;                    ///< "*" or an origin; empty: off
    std::vector<Variant> variants;       ///< of one coding each, only with a body
    std::vector<SequenceStep> sequence;  ///< empty: none; never together with `faults`
    std::vector<FaultShare> faults;
    std::vector<Delay> delays;
    std::uint64_t limit_rate = 0;  ///< bytes of body a second; 0: no limit
    friend bool operator==(const ResponseConfig&, const ResponseConfig&) = default;
};

struct RouteConfig {
    std::string path;                  ///< exact, or a prefix when it ends in "*"
    std::vector<std::string> methods;  ///< empty: any
    ResponseConfig response;
    Place place;
    friend bool operator==(const RouteConfig&, const RouteConfig&) = default;
};

struct HealthConfig {
    std::string path;        ///< empty: none
    std::string ready_path;  ///< empty: none
    Duration ready_after = Duration::zero();
    Duration unhealthy_after = Duration::zero();  ///< 0: never
    std::optional<std::string> down_file;
    bool unready = false;
    friend bool operator==(const HealthConfig&, const HealthConfig&) = default;
};

struct LimitsConfig {
    std::size_t read_buffer = 4096;
    std::size_t write_buffer = 4096;
    std::size_t max_head = 16 * 1024;
    std::uint64_t max_body = 1024 * 1024;  ///< 0: no limit
    std::uint32_t max_connections = 0;     ///< 0: from RLIMIT_NOFILE less a reserve
    bool keepalive = true;
    std::uint64_t keepalive_requests = 0;  ///< 0: no limit
    Duration head_timeout = std::chrono::seconds(10);
    Duration body_timeout = std::chrono::minutes(5);
    Duration idle_timeout = std::chrono::seconds(75);
    Duration write_timeout = std::chrono::seconds(30);
    friend bool operator==(const LimitsConfig&, const LimitsConfig&) = default;
};

struct LogConfig {
    std::string access;  ///< empty: off; "-" or "stdout" standard output, "stderr" standard error, else a path
    LogFormat format = LogFormat::common;
    std::size_t buffer = 64 * 1024;
    Duration flush = std::chrono::seconds(1);
    LogOverflow overflow = LogOverflow::drop;
    LogLevel level = LogLevel::info;
    friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

struct CaptureConfig {
    std::string file;  ///< empty: off; "-" standard output, else a path
    std::size_t body = 64 * 1024;
    friend bool operator==(const CaptureConfig&, const CaptureConfig&) = default;
};

struct LifecycleConfig {
    std::uint64_t max_requests = 0;  ///< 0: no limit
    Duration max_time = Duration::zero();
    Duration shutdown_timeout = std::chrono::seconds(5);
    Duration shutdown_delay = Duration::zero();
    Duration exit_idle = Duration::zero();  ///< 0: never
    friend bool operator==(const LifecycleConfig&, const LifecycleConfig&) = default;
};

/// What `tinyhttpd probe` is to do.
struct ProbeConfig {
    std::optional<std::string> url;  ///< none: the first address of `listen`
    int status_min = 200;
    int status_max = 399;
    std::vector<Header> headers;
    std::optional<std::string> expect_body;
    Duration timeout = std::chrono::seconds(2);
    std::optional<std::uint64_t> retries;  ///< none: 0, or with `wait` no limit
    Duration wait = Duration::zero();
    friend bool operator==(const ProbeConfig&, const ProbeConfig&) = default;
};

struct Config {
    ResponseConfig response;
    std::vector<RouteConfig> routes;
    std::optional<std::uint64_t> seed;  ///< none: another each time
    HealthConfig health;
    std::vector<ListenAddress> listen = {ListenAddress{}};
    std::uint32_t unix_mode = 0660;
    int backlog = 4096;
    bool proxy_protocol = false;
    std::uint32_t workers = 0;  ///< 0: auto
    bool pin_workers = false;
    EngineName engine = EngineName::automatic;
    LimitsConfig limits;
    LogConfig log;
    CaptureConfig capture;
    std::vector<Expectation> expect;
    LifecycleConfig lifecycle;
    std::optional<std::string> port_file;
    std::optional<int> ready_fd;
    bool quiet = false;
    std::string source;  ///< the file it was read from; empty: none, "-": standard input
    std::string notice;  ///< what to tell the user before the start; mostly empty
    ProbeConfig probe;   ///< of load_probe() only
    friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace tinyhttpd::config
