// SPDX-License-Identifier: MIT
// Fuzz target: the head parser. Oracles: the vector build says what the portable build says, in one piece and in steps; a
// complete head ends with an empty line and holds no byte that must not be in it.
#include "http/head_parser.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "base/verify.hpp"

namespace {

using namespace tinyhttpd;
using namespace tinyhttpd::http;

constexpr std::size_t max_head = 1024;

template <class Parser>
bool says_the_same(const Parser& one, const auto& other) {
    const RequestHead& a = one.head();
    const RequestHead& b = other.head();
    return one.size() == other.size() && one.refusal() == other.refusal() && one.has_request_line() == other.has_request_line() &&
           a.content_length == b.content_length && a.method_size == b.method_size && a.target_size == b.target_size &&
           a.host_offset == b.host_offset && a.referer_offset == b.referer_offset && a.user_agent_offset == b.user_agent_offset &&
           a.fields == b.fields && a.method == b.method && a.form == b.form && a.framing == b.framing &&
           a.minor_version == b.minor_version && a.is_https == b.is_https && a.is_host_empty == b.is_host_empty;
}

// An allocation of exactly the input's size, so that reading behind it is seen.
template <class Scan>
auto parse(BasicHeadParser<Scan>& parser, std::string_view input) {
    const std::vector<char> exact(input.begin(), input.end());
    return static_cast<int>(parser.parse({exact.data(), exact.size()}, max_head));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = 1 + data[0] % 32;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);

    BasicHeadParser<PortableScan> portable;
    const int expected = parse(portable, input);
    BasicHeadParser<FastestScan> whole;
    VERIFY(parse(whole, input) == expected && says_the_same(whole, portable));

    BasicHeadParser<FastestScan> stepwise;
    for (std::size_t shown = step;; shown += step) {
        const int verdict = parse(stepwise, input.substr(0, shown));
        if (verdict == static_cast<int>(BasicHeadParser<FastestScan>::Verdict::incomplete) && shown < input.size()) continue;
        VERIFY(verdict == expected && says_the_same(stepwise, portable));
        break;
    }
    // What is known of another head changes nothing: one of the input's own making, and one that many inputs of the corpus begin as.
    for (const std::string& head : {"GET / HTTP/1.1\r\n" + std::string(input.substr(std::min(input.find('\n') + 1, input.size()))),
                                    std::string("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUser-Agent: b\r\n\r\n")}) {
        BasicHeadParser<FastestScan> known;
        if (known.parse(head, max_head) != BasicHeadParser<FastestScan>::Verdict::complete) continue;
        const std::vector<char> exact(input.begin(), input.end());
        BasicHeadParser<FastestScan> beside;
        VERIFY(static_cast<int>(beside.parse({exact.data(), exact.size()}, max_head, {head.data(), known})) == expected);
        VERIFY(says_the_same(beside, portable));
    }
    if (expected == static_cast<int>(BasicHeadParser<PortableScan>::Verdict::complete)) {
        const std::string_view head = input.substr(0, portable.size());
        VERIFY(head.size() <= max_head && head.ends_with("\r\n\r\n"));
        VERIFY(std::ranges::all_of(head, [](char byte) { return byte == '\r' || byte == '\n' || ascii::is(byte, ascii::field_char); }));
        VERIFY(head.find("\r\n\r\n") == head.size() - 4);
    }
    return 0;
}
