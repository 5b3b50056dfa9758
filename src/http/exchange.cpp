// SPDX-License-Identifier: MIT
#include "http/exchange.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace tinyhttpd::http {

namespace {

// The parser noted where the value starts, and that a CR ends it.
std::string_view value_at(std::string_view head, std::uint32_t offset) {
    if (offset == 0) return {};
    const std::string_view rest = head.substr(offset);
    return trim(rest.substr(0, rest.find('\r')));
}

}  // namespace

Exchange describe(const HeadParser& parser, const char* head) {
    const std::string_view bytes(head, parser.size());
    Exchange exchange;
    if (!parser.has_request_line()) {
        exchange.request_line = bytes.substr(0, logged_line_max);
        return exchange;
    }
    static constexpr std::size_t version_size = 8;
    const RequestHead& request = parser.head();
    exchange.method = bytes.substr(0, request.method_size);
    exchange.target = bytes.substr(request.method_size + 1, request.target_size);
    exchange.version = bytes.substr(request.method_size + 1 + request.target_size + 1, version_size);
    exchange.host = value_at(bytes, request.host_offset);
    exchange.referer = value_at(bytes, request.referer_offset);
    exchange.user_agent = value_at(bytes, request.user_agent_offset);
    return exchange;
}

}  // namespace tinyhttpd::http
