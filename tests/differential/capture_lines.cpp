// SPDX-License-Identifier: MIT
// Writes captured requests of all kinds, of which a seed decides everything: for each a line with what went in, as hexadecimal words,
// and the capture line that came out. capture_lines_test.py reads both.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/verify.hpp"
#include "log/capture_line.hpp"
#include "support/random.hpp"

namespace {

using namespace tinyhttpd;

std::string hex(std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out = "x";  // so that an empty one is a word, too
    for (const char byte : bytes) {
        out += digits[static_cast<unsigned char>(byte) >> 4U];
        out += digits[static_cast<unsigned char>(byte) & 15U];
    }
    return out;
}

std::string any_bytes(support::Random& random, std::size_t size_max) {
    std::string out(random.between(0, size_max), '\0');
    for (char& byte : out) byte = static_cast<char>(random.below(256));
    return out;
}

/// Mostly UTF-8, of characters at the edges of its ranges, a little spoiled now and then, and cut anywhere.
std::string nearly_text(support::Random& random) {
    static constexpr std::string_view pieces[] = {"a",
                                                  "{\"id\": 7}",
                                                  "\n",
                                                  "\"\\/\t\r",
                                                  "\x7f",
                                                  "\xc2\x80",
                                                  "\xc2\x85",
                                                  "\xc2\xa0",
                                                  "\xdf\xbf",
                                                  "\xe0\xa0\x80",
                                                  "\xe2\x80\xa8",
                                                  "\xe2\x80\xa9",
                                                  "\xed\x9f\xbf",
                                                  "\xee\x80\x80",
                                                  "\xef\xbf\xbf",
                                                  "\xf0\x90\x80\x80",
                                                  "\xf0\x9f\x98\x80",
                                                  "\xf4\x8f\xbf\xbf"};
    static constexpr std::string_view bad[] = {"\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf", "\xed\xa0\x80",
                                               "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5",         "\xff"};
    std::string out;
    for (auto left = random.below(20); left > 0; --left) out += random.pick(pieces);
    if (random.chance(0.2)) out.insert(random.between(0, out.size()), random.pick(bad));
    if (random.chance(0.1) && !out.empty()) out[random.below(out.size())] = static_cast<char>(random.below(256));
    if (random.chance(0.5)) out.resize(random.between(0, out.size()));
    return out;
}

std::string body(support::Random& random) {
    return random.chance(0.7) ? nearly_text(random) : any_bytes(random, 100);
}

void write_one(support::Random& random, std::uint64_t number) {
    constexpr auto centuries_ms = std::int64_t{230} * 365 * 24 * 3600 * 1000;  // system_clock ends in 2262
    const auto time_ms = static_cast<std::int64_t>(random.below(centuries_ms));
    const bool malformed = random.chance(0.1);
    const std::string peer = "[::1]:" + std::to_string(random.below(65536));
    const std::string protocol = malformed ? "" : "HTTP/1.1";
    const std::string method = malformed ? "" : "P" + any_bytes(random, 6);
    const std::string target = malformed ? "" : "/" + any_bytes(random, 40);
    const std::string request_line = malformed ? any_bytes(random, 40) : "";
    const std::string route = random.chance(0.5) ? nearly_text(random) : "";
    const std::string content = body(random);
    const std::uint64_t body_bytes = content.size() + (random.chance(0.5) ? random.below(1'000'000) : 0);
    const int status = static_cast<int>(random.between(200, 999));
    const std::string fault = random.chance(0.1) ? "reset" : "";
    const std::string refused = random.chance(0.1) ? any_bytes(random, 20) : "";
    std::vector<std::string> words(2 * random.below(8));
    for (std::string& word : words) word = random.chance(0.5) ? any_bytes(random, 20) : nearly_text(random);
    std::vector<CapturedField> fields;
    for (std::size_t i = 0; i < words.size(); i += 2) fields.push_back({words[i], words[i + 1]});

    const std::chrono::system_clock::time_point time{std::chrono::milliseconds(time_ms)};
    std::string line;
    VERIFY(log::append_capture_line(line, {.number = number,
                                           .time = time,
                                           .peer = peer,
                                           .protocol = protocol,
                                           .method = method,
                                           .target = target,
                                           .request_line = request_line,
                                           .route = route,
                                           .fields = fields,
                                           .body = content,
                                           .body_bytes = body_bytes,
                                           .status = status,
                                           .fault = fault,
                                           .refused = refused}));
    std::string input =
        std::to_string(number) + ' ' + std::to_string(time_ms) + ' ' + std::to_string(body_bytes) + ' ' + std::to_string(status);
    for (const std::string_view bytes : {std::string_view(peer), std::string_view(protocol), std::string_view(method),
                                         std::string_view(target), std::string_view(request_line), std::string_view(route),
                                         std::string_view(content), std::string_view(fault), std::string_view(refused)})
        input += ' ' + hex(bytes);
    for (const std::string& word : words) input += ' ' + hex(word);
    input += '\n';
    VERIFY(std::fwrite(input.data(), 1, input.size(), stdout) == input.size());
    VERIFY(std::fwrite(line.data(), 1, line.size(), stdout) == line.size());
}

}  // namespace

int main(int argc, char** argv) {
    VERIFY(argc == 3);  // SEED COUNT
    support::Random random(std::strtoull(argv[1], nullptr, 10));
    const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
    for (std::uint64_t number = 1; number <= count; ++number) write_one(random, number);
    return 0;
}
