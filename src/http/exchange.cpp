// SPDX-License-Identifier: MIT
#include "http/exchange.hpp"

#include <cstring>

namespace tinyhttpd::http {

namespace {

// The parser noted where the value starts, and that a CR ends it.
std::string_view value_at(std::string_view head, std::uint32_t offset) {
    if (offset == 0) return {};
    const char* begin = head.data() + offset;
    const char* const head_end = head.data() + head.size();
    const void* const cr = std::memchr(begin, '\r', static_cast<std::size_t>(head_end - begin));
    const char* end = cr != nullptr ? static_cast<const char*>(cr) : head_end;
    const auto is_blank = [](char byte) { return byte == ' ' || byte == '\t'; };
    while (begin != end && is_blank(*begin)) ++begin;
    while (begin != end && is_blank(end[-1])) --end;
    return {begin, end};
}

}  // namespace

Exchange describe(const HeadParser& parser, const char* head, Fields fields) {
    const std::string_view bytes(head, parser.size());
    Exchange exchange;
    if (!parser.has_request_line()) {
        exchange.request_line = bytes.substr(0, logged_line_max);
        return exchange;
    }
    static constexpr std::size_t version_size = 8;
    const RequestHead& request = parser.head();
    exchange.method = {head, request.method_size};
    exchange.target = {exchange.method.end() + 1, request.target_size};
    exchange.version = {exchange.target.end() + 1, version_size};
    if (fields == Fields::left_out) return exchange;
    exchange.host = value_at(bytes, request.host_offset);
    exchange.referer = value_at(bytes, request.referer_offset);
    exchange.user_agent = value_at(bytes, request.user_agent_offset);
    return exchange;
}

}  // namespace tinyhttpd::http
