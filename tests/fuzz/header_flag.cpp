// SPDX-License-Identifier: MIT
// Fuzz target: any bytes as a --header value. What is accepted can be put into a response head as it is: nothing in it
// ends the line, and it is none of the headers that framing depends on.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ascii.hpp"
#include "base/verify.hpp"
#include "config/response.hpp"
#include "config/value.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tinyhttpd;
    using namespace tinyhttpd::config;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Value value;
    const auto refusal = parse_value(option_named("header"), text, value);
    if (refusal) {
        VERIFY(value.headers.empty());
        for (const char byte : *refusal) VERIFY(static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7f);
        return 0;
    }
    VERIFY(value.headers.size() == 1);
    const Header& header = value.headers.front();
    VERIFY(is_token(header.name) && is_field_value(header.value));
    VERIFY(header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    VERIFY(trim(header.value) == header.value);
    for (const std::string_view name : {"Content-Length", "Transfer-Encoding", "Connection", "Date"})
        VERIFY(!equals_ignore_case(header.name, name));

    // Given once more as it was understood, it is the same header.
    Value again;
    VERIFY(!parse_value(option_named("header"), header.name + ": " + header.value, again));
    VERIFY(again.headers == value.headers);

    ResponseConfig config;
    config.headers = value.headers;
    const auto response = resolve_response(config);
    VERIFY(response.has_value());
    for (const Header& sent : response->headers) VERIFY(!sent.value.empty());
    return 0;
}
