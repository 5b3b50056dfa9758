// SPDX-License-Identifier: MIT
// Fuzz target: the reader of chunked content. Oracles: the same end or refusal at the same byte however the input is split;
// what it accepts, a second decoder, written the simple way over the whole input, accepts with the same length.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "base/verify.hpp"
#include "http/body_framing.hpp"

namespace {

using namespace tinyhttpd;
using namespace tinyhttpd::http;

constexpr ChunkedLimits limits{.content = 300, .framing = 100};

BodyReader::Progress read_stepwise(std::string_view input, std::size_t step) {
    BodyReader reader = BodyReader::chunked(limits);
    BodyReader::Progress total;
    while (!input.empty() && !total.complete && total.refusal == Refusal::none) {
        const std::vector<char> exact(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(std::min(step, input.size())));
        const auto progress = reader.read({exact.data(), exact.size()});
        VERIFY(progress.consumed <= exact.size());
        VERIFY(!progress.complete || progress.refusal == Refusal::none);
        VERIFY(progress.complete || progress.refusal != Refusal::none || progress.consumed == exact.size());
        total = {total.consumed + progress.consumed, progress.complete, progress.refusal};
        input.remove_prefix(exact.size());
    }
    return total;
}

// Where accepted content ends. Does not judge extensions and trailers beyond their line ends.
std::optional<std::size_t> end_of_content(std::string_view input) {
    std::size_t at = 0;
    while (true) {
        std::size_t size = 0;
        const std::size_t digits = at;
        for (; at < input.size() && ascii::is(input[at], ascii::hex_digit); ++at) {
            const char lower = to_lower(input[at]);
            size = size * 16 + static_cast<std::size_t>(lower <= '9' ? lower - '0' : lower - 'a' + 10);
        }
        if (at == digits) return std::nullopt;
        at = input.find("\r\n", at);
        if (at == std::string_view::npos) return std::nullopt;
        at += 2;
        if (size == 0) break;
        if (size > limits.content || input.size() - at < size + 2 || input.substr(at + size, 2) != "\r\n") return std::nullopt;
        at += size + 2;
    }
    while (!input.substr(at).starts_with("\r\n")) {
        at = input.find("\r\n", at);
        if (at == std::string_view::npos) return std::nullopt;
        at += 2;
    }
    return at + 2;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = read_stepwise(input, std::max<std::size_t>(input.size(), 1));
    const auto stepwise = read_stepwise(input, 1 + data[0] % 32);
    VERIFY(whole.consumed == stepwise.consumed && whole.complete == stepwise.complete && whole.refusal == stepwise.refusal);
    if (whole.complete) VERIFY(end_of_content(input) == whole.consumed);
    return 0;
}
