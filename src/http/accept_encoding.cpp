// SPDX-License-Identifier: MIT
#include "http/accept_encoding.hpp"

#include <optional>

#include "base/ascii.hpp"
#include "http/field_lines.hpp"

namespace tinyhttpd::http {

namespace {

constexpr std::int16_t whole = 1000;

/// RFC 9110 §12.4.2: qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ), in thousandths.
std::optional<std::int16_t> qvalue(std::string_view text) {
    if (text.empty() || (text.front() != '0' && text.front() != '1')) return std::nullopt;
    if (text.size() > 5 || (text.size() > 1 && text[1] != '.')) return std::nullopt;
    int thousandths = text.front() == '1' ? whole : 0;
    int unit = 100;
    for (const char byte : text.substr(text.size() > 1 ? 2 : 1)) {
        if (!ascii::is(byte, ascii::digit)) return std::nullopt;
        thousandths += unit * (byte - '0');
        unit /= 10;
    }
    if (thousandths > whole) return std::nullopt;
    return static_cast<std::int16_t>(thousandths);
}

/// weight = OWS ";" OWS "q=" qvalue; none of it is the greatest.
std::optional<std::int16_t> weight_of(std::string_view parameter) {
    if (parameter.empty()) return whole;
    parameter = trim(parameter.substr(1));
    if (parameter.size() < 2 || to_lower(parameter[0]) != 'q' || parameter[1] != '=') return std::nullopt;
    return qvalue(parameter.substr(2));
}

}  // namespace

void AcceptEncoding::read(std::string_view value) {
    while (!value.empty()) {
        const std::size_t comma = value.find(',');
        const std::string_view member = trim(value.substr(0, comma));
        value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
        const std::size_t semicolon = member.find(';');
        const auto weight = weight_of(semicolon == std::string_view::npos ? std::string_view() : member.substr(semicolon));
        if (!weight) continue;
        const std::string_view name = trim(member.substr(0, semicolon));
        if (name == "*") {
            any_ = *weight;
        } else if (equals_ignore_case(name, "identity")) {
            identity_ = *weight;
        } else if (const auto coding = content_coding_named(name)) {
            codings_[static_cast<std::size_t>(*coding)] = *weight;
        }
    }
}

std::size_t AcceptEncoding::choose(std::span<const ContentCoding> codings) const {
    std::size_t chosen = 0;
    Weight greatest = 0;
    for (std::size_t i = 0; i < codings.size(); ++i) {
        const Weight weight = effective(codings_[static_cast<std::size_t>(codings[i])]);
        if (weight <= greatest) continue;
        chosen = i + 1;
        greatest = weight;
    }
    return effective(identity_) > greatest ? 0 : chosen;
}

std::size_t choose_coding(std::string_view head, std::span<const ContentCoding> codings) {
    AcceptEncoding accepted;
    while (const auto value = next_value(head, "Accept-Encoding")) accepted.read(*value);
    return accepted.choose(codings);
}

}  // namespace tinyhttpd::http
