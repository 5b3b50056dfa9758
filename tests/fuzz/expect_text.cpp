// SPDX-License-Identifier: MIT
// Fuzz target: any bytes as an --expect value. What is understood is understood again when it is printed; a refusal is one printable line.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ascii.hpp"
#include "base/verify.hpp"
#include "config/expect_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tinyhttpd;
    using namespace tinyhttpd::config;
    const auto expectation = parse_expectation({reinterpret_cast<const char*>(data), size});
    if (!expectation) {
        VERIFY(!expectation.error().empty());
        for (const char byte : expectation.error()) VERIFY(static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7f);
        return 0;
    }
    VERIFY(!expectation->count_max || *expectation->count_max >= expectation->count_min);
    VERIFY(expectation->method == "*" || is_token(expectation->method));
    VERIFY(expectation->path == "*" || expectation->path.starts_with('/'));
    const auto again = parse_expectation(expectation_text(*expectation));
    VERIFY(again && *again == *expectation);
    return 0;
}
