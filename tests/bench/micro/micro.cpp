// SPDX-License-Identifier: MIT
// Microbenchmarks of what the hot path is made of: judging a head, choosing and renewing an answer, writing a log line. Run by
// hand while working on one of them: ./dev bench --micro. The figures of the whole server are those of tests/bench/run.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/exchange.hpp"
#include "http/head_parser.hpp"
#include "http/response.hpp"
#include "log/line_format.hpp"

namespace tinyhttpd {
namespace {

constexpr std::size_t max_head = 16 * 1024;

std::string short_head() {
    return "GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: h2load nghttp2/1.52.0\r\n\r\n";
}

std::string browser_head() {
    return "GET /articles/2026/11/a-server-in-fifty-lines?utm_source=feed&page=2 HTTP/1.1\r\n"
           "Host: stub.example.org\r\n"
           "Connection: keep-alive\r\n"
           "Cache-Control: max-age=0\r\n"
           "Upgrade-Insecure-Requests: 1\r\n"
           "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
           "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
           "Accept-Encoding: gzip, deflate, br, zstd\r\n"
           "Accept-Language: en-GB,en;q=0.8,de;q=0.5\r\n"
           "Cookie: session=0f6c1d8e4b7a49c2a1d35e7f90b2c4d6; theme=dark; consent=all\r\n"
           "Sec-Fetch-Dest: document\r\n"
           "Sec-Fetch-Mode: navigate\r\n"
           "Sec-Fetch-Site: same-origin\r\n"
           "Sec-Fetch-User: ?1\r\n"
           "Referer: https://stub.example.org/articles/\r\n\r\n";
}

std::string large_head() {
    std::string head = "GET / HTTP/1.1\r\nHost: stub.example.org\r\n";
    for (int number = 0; head.size() < 8 * 1024; ++number) {
        head += "X-Trace-" + std::to_string(number) + ": 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, value with blanks\r\n";
    }
    return head + "\r\n";
}

template <class Scan>
void judge_head(benchmark::State& state, const std::string& head) {
    for (auto _ : state) {
        http::BasicHeadParser<Scan> parser;
        const auto verdict = parser.parse(head, max_head);
        if (verdict != http::BasicHeadParser<Scan>::Verdict::complete) return state.SkipWithError("the head was not accepted");
        benchmark::DoNotOptimize(parser.head());
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(head.size()));
}

void judge(benchmark::State& state, const std::string& head) {
    judge_head<http::FastestScan>(state, head);
}
BENCHMARK_CAPTURE(judge, short, short_head());
BENCHMARK_CAPTURE(judge, browser, browser_head());
BENCHMARK_CAPTURE(judge, large, large_head());

void judge_portably(benchmark::State& state, const std::string& head) {
    judge_head<http::PortableScan>(state, head);
}
BENCHMARK_CAPTURE(judge_portably, short, short_head());
BENCHMARK_CAPTURE(judge_portably, browser, browser_head());
BENCHMARK_CAPTURE(judge_portably, large, large_head());

http::Renderings renderings() {
    return {*site::one_answer({.reason = "OK",
                               .body = std::make_shared<const std::string>("Hello World!"),
                               .headers = {{"Server", "tinyhttpd"}, {"Content-Type", "text/plain; charset=utf-8"}}}),
            4096};
}

void answer(benchmark::State& state) {
    http::Renderings rendered = renderings();
    Batch batch;
    for (auto _ : state) {
        batch.clear();
        for (std::int64_t i = 0; i < state.range(0); ++i) {
            rendered.answer(batch, 0, http::Persistence::keep_alive, http::Content::sent);
        }
        benchmark::DoNotOptimize(batch.slices());
        rendered.release(batch.lease);
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(answer)->ArgName("pipelined")->Arg(1)->Arg(16);

// Once a second and worker.
void renew_date(benchmark::State& state) {
    http::Renderings rendered = renderings();
    std::time_t now = 1'795'388'400;
    for (auto _ : state) rendered.refresh(++now);
}
BENCHMARK(renew_date);

void write_log_line(benchmark::State& state, log::Format format) {
    log::LineFormat lines(format);
    lines.set_time(std::chrono::system_clock::now());
    const Exchange exchange{.peer = "127.0.0.1",
                            .method = "GET",
                            .target = "/articles/2026/11/a-server-in-fifty-lines",
                            .version = "HTTP/1.1",
                            .host = "stub.example.org",
                            .referer = "https://stub.example.org/articles/",
                            .user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                            .request_line = {},
                            .status = 200,
                            .body_bytes = 12};
    std::array<char, 4096> buffer;
    std::int64_t written = 0;
    for (auto _ : state) {
        written += lines.write(buffer.data(), exchange) - buffer.data();
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(written);
}
BENCHMARK_CAPTURE(write_log_line, common, log::Format::common);
BENCHMARK_CAPTURE(write_log_line, combined, log::Format::combined);
BENCHMARK_CAPTURE(write_log_line, json, log::Format::json);

}  // namespace
}  // namespace tinyhttpd

BENCHMARK_MAIN();
