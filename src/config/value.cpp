// SPDX-License-Identifier: MIT
// The value of each type of option, and the rules for the headers a user may set. Refusals are whole sentences.
#include "config/value.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <expected>
#include <utility>

#include "base/ascii.hpp"
#include "base/verify.hpp"
#include "config/expect_text.hpp"
#include "config/outcome_text.hpp"
#include "config/route_text.hpp"
#include "config/units.hpp"
#include "config/variant.hpp"

namespace tinyhttpd::config {

namespace {

using Refusal = std::optional<std::string>;

/// "1 to 1024", "256 to 16M".
std::string range_text(const Option& option, std::string (*text)(std::uint64_t)) {
    return text(option.minimum) + " to " + text(option.maximum);
}

bool in_range(const Option& option, std::uint64_t number) {
    return number >= option.minimum && number <= option.maximum;
}

std::string plain_text(std::uint64_t number) {
    return std::to_string(number);
}

std::string microseconds_text(std::uint64_t number) {
    return duration_text(Duration(static_cast<Duration::rep>(number)));
}

Refusal read_count(const Option& option, std::string_view text, Value& value) {
    const auto count = parse_count(text);
    if (!count || !in_range(option, *count)) return "expected a number, " + range_text(option, plain_text);
    value.number = *count;
    return {};
}

Refusal read_count_or_auto(const Option& option, std::string_view text, Value& value) {
    if (text == "auto") {
        value.number = 0;
        return {};
    }
    if (auto refusal = read_count(option, text, value)) return *refusal + ", or auto";
    return {};
}

Refusal read_size(const Option& option, std::string_view text, Value& value) {
    const auto size = parse_size(text);
    if (!size) return size.error();
    if (!in_range(option, *size)) return "expected a size, " + range_text(option, size_text);
    value.number = *size;
    return {};
}

Refusal read_duration(const Option& option, std::string_view text, Value& value) {
    const auto duration = parse_duration(text);
    if (!duration) return duration.error();
    if (!in_range(option, static_cast<std::uint64_t>(duration->count())))
        return "expected a duration, " + range_text(option, microseconds_text);
    value.duration = *duration;
    return {};
}

Refusal read_status(const Option& option, std::string_view text, Value& value) {
    const auto code = parse_count(text);
    // RFC 9110 §15.2: a client goes on waiting for the final answer after a 1xx.
    if (code && *code >= 100 && *code < 200) return "a 1xx status is never a final answer; expected 200 to 999";
    if (!code || !in_range(option, *code)) return "expected a status code, 200 to 999";
    value.number = *code;
    return {};
}

Refusal read_status_range(const Option& option, std::string_view text, Value& value) {
    const auto dash = text.find('-');
    Value last;
    if (read_status(option, text.substr(0, dash), value) ||
        read_status(option, dash == std::string_view::npos ? text : text.substr(dash + 1), last) || last.number < value.number)
        return "expected a status code or a range of them, as in 200 or 200-399";
    value.last = last.number;
    return {};
}

Refusal read_choice(const Option& option, std::string_view text, Value& value) {
    const auto found = std::ranges::find(option.choices, text);
    if (found != option.choices.end()) {
        value.number = static_cast<std::uint64_t>(found - option.choices.begin());
        return {};
    }
    std::string names;
    for (std::size_t i = 0; i < option.choices.size(); ++i) {
        if (i > 0) names += i + 1 == option.choices.size() ? " or " : ", ";
        names += option.choices[i];
    }
    return "expected " + names;
}

Refusal read_media_type(std::string_view text, Value& value) {
    if (trim(text).empty()) return "the type is empty (to send no Content-Type, use --header 'Content-Type:')";
    if (!is_field_value(text)) return "a control character cannot be sent in a header";
    value.text = trim(text);
    return {};
}

struct Reserved {
    std::string_view name;
    std::string_view why;
};

// What the framing and the connection depend on is never the user's to contradict.
constexpr std::array<Reserved, 4> reserved_headers = {{
    {"Content-Length", "Content-Length follows from the body and cannot be set"},
    {"Transfer-Encoding", "Transfer-Encoding cannot be set: the body is sent with its Content-Length"},
    {"Connection", "Connection is set by the server (see --no-keepalive)"},
    {"Date", "Date is set by the server (--no-date leaves it out)"},
}};

Refusal read_header(std::string_view text, Value& value) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return "expected 'Name: value', there is no ':'";
    const std::string_view name = text.substr(0, colon);
    const std::string_view content = trim(text.substr(colon + 1));
    if (name.empty()) return "the name in front of the ':' is missing";
    // RFC 9112 §5.1: no whitespace between the name and the colon; a token has none.
    if (!is_token(name)) return "the name " + shown(name) + " holds a character that header names cannot have";
    if (!is_field_value(content)) return "a CR, LF, NUL or other control character cannot be sent in a header";
    for (const Reserved& reserved : reserved_headers)
        if (equals_ignore_case(name, reserved.name)) return std::string(reserved.why);
    value.headers.push_back({std::string(name), std::string(content)});
    return {};
}

Refusal read_variant_text(std::string_view text, Value& value) {
    auto variant = parse_variant(text);
    if (!variant) return std::move(variant).error();
    for (const Variant& other : value.variants) {
        if (other.coding == variant->coding)
            return std::string(name_of(other.coding)) + " is given twice (" + shown(other.file) + "): leave one of them out";
    }
    variant->place = value.place;
    value.variants.push_back(*std::move(variant));
    return {};
}

/// "[2001:db8::1]" as a browser writes it (URL standard, IPv6 serializer). Empty: it is none.
std::string serialized_ipv6(std::string_view bracketed) {
    if (bracketed.size() < 2 || !bracketed.starts_with('[') || !bracketed.ends_with(']') || bracketed.contains('\0')) return {};
    in6_addr address;
    if (::inet_pton(AF_INET6, std::string(bracketed.substr(1, bracketed.size() - 2)).c_str(), &address) != 1) return {};
    std::array<char, INET6_ADDRSTRLEN> text;
    std::string out = ::inet_ntop(AF_INET6, &address, text.data(), text.size());
    if (out.contains('.')) {
        // Of ::ffff:192.0.2.1 it writes the last four bytes as of IPv4, which a browser does not.
        out.resize(out.rfind(':'));
        for (const std::size_t at : {12U, 14U}) {
            const unsigned group = unsigned{address.s6_addr[at]} << 8 | address.s6_addr[at + 1];
            out.append(":").append(text.data(), std::to_chars(text.data(), text.data() + text.size(), group, 16).ptr);
        }
    }
    return '[' + out + ']';
}

/// As a browser sends it: in small letters, without the port that the scheme has anyway (HTML standard, serialization of an origin).
/// Empty: it is none.
std::string serialized_origin(std::string_view text) {
    static constexpr auto known_ports = std::to_array<std::pair<std::string_view, std::uint64_t>>({{"http", 80}, {"https", 443}});
    std::string origin;
    for (const char byte : text) origin += to_lower(byte);
    const std::size_t scheme_end = std::min(origin.find("://"), origin.size());
    const std::size_t host = std::min(scheme_end + 3, origin.size());
    // The colons of an IPv6 address are in brackets.
    const std::size_t colon = origin.find(':', std::min(std::max(host, origin.rfind(']') + 1), origin.size()));
    const auto consists_of = [](std::string_view part, std::string_view others) {
        return !part.empty() && std::ranges::all_of(part, [others](char byte) {
            return (byte >= 'a' && byte <= 'z') || ascii::is(byte, ascii::digit) || others.contains(byte);
        });
    };
    const std::string scheme = origin.substr(0, scheme_end);
    std::string name = origin.substr(host, std::min(colon, origin.size()) - host);
    if (!consists_of(name, "-._~")) name = serialized_ipv6(name);
    if (!consists_of(scheme, "+-.") || name.empty()) return {};
    std::string site = scheme + "://" + name;
    if (colon == std::string::npos) return site;
    const std::string port = origin.substr(colon + 1);
    const auto number = parse_count(port.empty() ? "0" : port);
    if (!number || *number > 65535) return {};
    const bool is_known = std::ranges::find(known_ports, std::pair(std::string_view(scheme), *number)) != known_ports.end();
    return site + (port.empty() || is_known ? "" : ':' + std::to_string(*number));
}

Refusal read_origin(std::string_view text, Value& value) {
    const std::string origin = text == "*" ? "*" : serialized_origin(text);
    if (origin.empty()) return "expected an origin, scheme://host[:port] without a path, or '*' for any, not " + shown(text);
    if (origin != text) return "no browser sends it so (try '" + excerpt(origin) + "')";
    value.text = text;
    return {};
}

/// `parsed` into `into`, or its refusal.
template <class T>
Refusal take(std::expected<T, std::string> parsed, T& into) {
    if (!parsed) return std::move(parsed).error();
    into = *std::move(parsed);
    return {};
}

Refusal read_method(std::string_view text, Value& value) {
    if (auto problem = problem_of_method(text)) return problem;
    value.texts.emplace_back(text);
    return {};
}

Refusal read_url_path(std::string_view text, Value& value) {
    value.text = text;
    return problem_of_exact_path(text);
}

Refusal read_route(std::string_view text) {
    if (auto route = parse_route(text); !route) return std::move(route).error();
    return {};
}

Refusal read_expectation(std::string_view text, Value& value) {
    auto expectation = parse_expectation(text);
    if (!expectation) return std::move(expectation).error();
    value.expectations.push_back(*std::move(expectation));
    return {};
}

Refusal read_path(std::string_view text, Value& value) {
    if (text.empty()) return "the path is empty";
    if (text.find('\0') != std::string_view::npos) return "a path cannot hold a NUL byte";
    value.text = text;
    return {};
}

}  // namespace

std::optional<std::string> parse_value(const Option& option, std::string_view text, Value& value) {
    switch (option.type) {
        case Type::action: break;
        case Type::text: value.text = text; return {};
        case Type::media_type: return read_media_type(text, value);
        case Type::input_path:
        case Type::output_path: return read_path(text, value);
        case Type::choice: return read_choice(option, text, value);
        case Type::count: return read_count(option, text, value);
        case Type::count_or_auto: return read_count_or_auto(option, text, value);
        case Type::size: return read_size(option, text, value);
        case Type::duration: return read_duration(option, text, value);
        case Type::status: return read_status(option, text, value);
        case Type::status_range: return read_status_range(option, text, value);
        case Type::headers: return read_header(text, value);
        case Type::variants: return read_variant_text(text, value);
        case Type::origin: return read_origin(text, value);
        case Type::path: return read_url_path(text, value);
        case Type::sequence: return take(parse_sequence(text), value.sequence);
        case Type::faults: return take(parse_faults(text), value.faults);
        case Type::delays: return take(parse_delays(text), value.delays);
        case Type::routes: return read_route(text);
        case Type::methods: return read_method(text, value);
        case Type::expectations: return read_expectation(text, value);
        case Type::boolean: {
            const auto on = parse_boolean(text);
            if (!on) return on.error();
            value.number = *on ? 1 : 0;
            return {};
        }
        case Type::mode: {
            const auto mode = parse_mode(text);
            if (!mode) return mode.error();
            value.number = *mode;
            return {};
        }
        case Type::addresses: {
            auto address = parse_listen_address(text);
            if (!address) return address.error();
            value.addresses.push_back(*std::move(address));
            return {};
        }
    }
    VERIFY(option.type != Type::action);
    return {};
}

std::size_t input_file_in(const Option& option, std::string_view text) {
    if (option.type == Type::variants) return file_in_variant(text);
    return option.type == Type::input_path && !text.empty() && text != "-" ? 0 : std::string_view::npos;
}

std::string escaped(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    for (const char byte : text) {
        const auto code = static_cast<unsigned char>(byte);
        if (code >= 0x20 && code != 0x7f) {
            out += byte;
        } else if (byte == '\n') {
            out += "\\n";
        } else {
            out += "\\x";
            out += hex[code >> 4U];
            out += hex[code & 15U];
        }
    }
    return out;
}

std::string excerpt(std::string_view text) {
    std::size_t end = 60;
    if (text.size() <= end) return escaped(text);
    // Not within a character of UTF-8.
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    return escaped(text.substr(0, end)) + "…";
}

std::string shown(std::string_view text) {
    const bool quote = text.empty() || text.find_first_of(" '\"") != std::string_view::npos;
    return quote ? "'" + excerpt(text) + "'" : excerpt(text);
}

}  // namespace tinyhttpd::config
