// SPDX-License-Identifier: MIT
#include "http/exchange.hpp"

namespace tinyhttpd::http {

namespace {

std::string_view trimmed(std::string_view value) {
    const auto is_blank = [](char byte) { return byte == ' ' || byte == '\t'; };
    while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
    while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
    return value;
}

// The parser noted where the value starts, and that a CR ends it.
std::string_view value_at(std::string_view lines, std::uint32_t offset) {
    if (offset == 0) return {};
    const std::string_view rest = lines.substr(offset);
    return trimmed(rest.substr(0, rest.find('\r')));
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
    const std::string_view lines = bytes.substr(request.lines_offset());
    exchange.host = value_at(lines, request.host_offset);
    exchange.referer = value_at(lines, request.referer_offset);
    exchange.user_agent = value_at(lines, request.user_agent_offset);
    return exchange;
}

bool fields_of(const HeadParser& parser, const char* head, SparingVector<CapturedField>& fields) {
    if (head == nullptr || !parser.has_request_line()) return true;
    std::string_view lines(head, parser.size());
    const auto next_line = [&lines]() -> std::string_view {
        const std::size_t end = lines.find("\r\n");
        if (end == std::string_view::npos) return {};
        const std::string_view line = lines.substr(0, end);
        lines.remove_prefix(end + 2);
        return line;
    };
    next_line();  // of the request
    for (std::string_view line = next_line(); !line.empty(); line = next_line()) {
        const std::size_t colon = line.find(':');
        // The one for which it was refused.
        if (colon == std::string_view::npos) break;
        if (!fields.push({line.substr(0, colon), trimmed(line.substr(colon + 1))})) return false;
    }
    return true;
}

}  // namespace tinyhttpd::http
