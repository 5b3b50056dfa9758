// SPDX-License-Identifier: MIT
// Fuzz target: any bytes as the beginning of a connection that must have a PROXY header. Nothing behind the input is read, however it
// is split the judgement is the same, and nobody makes us wait for more than the longest header.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/verify.hpp"
#include "tcp/proxy_header.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tinyhttpd::tcp;
    using State = ProxyHeader::State;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const ProxyHeader whole = parse_proxy_header(input);
    if (whole.state == State::incomplete) VERIFY(size < proxy_header_max);
    if (whole.state == State::complete) VERIFY(whole.size > 0 && whole.size <= std::min(size, proxy_header_max));
    VERIFY(whole.why.empty() == (whole.state != State::malformed));
    for (std::size_t length = 0; length < std::min(size, proxy_header_max); ++length) {
        // A copy of its own size, so that a sanitizer sees a byte too far.
        const auto copy = std::make_unique<char[]>(length);
        std::copy_n(input.begin(), length, copy.get());
        const ProxyHeader part = parse_proxy_header({copy.get(), length});
        if (part.state == State::incomplete) {
            VERIFY(whole.state != State::complete || length < whole.size);
            continue;
        }
        VERIFY(part.state == whole.state && part.size == whole.size && part.why == whole.why);
        VERIFY(part.source.has_value() == whole.source.has_value());
        VERIFY(part.state == State::malformed || length >= whole.size);
    }
    return 0;
}
