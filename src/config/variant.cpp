// SPDX-License-Identifier: MIT
#include "config/variant.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/ascii.hpp"
#include "config/read_file.hpp"
#include "config/suggest.hpp"
#include "config/value.hpp"

namespace tinyhttpd::config {

namespace {

using namespace std::string_view_literals;

/// The coding of what such files and programs are called, where the nearest name would mislead.
std::string_view meant_by(std::string_view name) {
    static constexpr auto table = std::to_array<std::pair<std::string_view, std::string_view>>(
        {{"brotli", "br"}, {"gz", "gzip"}, {"zst", "zstd"}, {"zstandard", "zstd"}, {"zlib", "deflate"}, {"zz", "deflate"}});
    for (const auto& [called, coding] : table)
        if (equals_ignore_case(name, called)) return coding;
    static const std::vector<std::string> codings(content_coding_names.begin(), content_coding_names.end());
    return nearest(name, codings);
}

/// RFC 1950 §2.2: 8 is the one method, with a window of 32k at most, and a multiple of 31 is the check.
bool is_zlib_header(std::string_view bytes) {
    if (bytes.size() < 2) return false;
    const auto method_and_window = static_cast<unsigned char>(bytes[0]);
    const auto flags = static_cast<unsigned char>(bytes[1]);
    return (method_and_window & 15U) == 8 && method_and_window >> 4U <= 7 && (method_and_window * 256U + flags) % 31 == 0;
}

bool begins_as(ContentCoding coding, std::string_view bytes) {
    switch (coding) {
        case ContentCoding::gzip: return bytes.starts_with("\x1f\x8b"sv);          // RFC 1952 §2.3.1
        case ContentCoding::br: return !bytes.empty();                             // RFC 7932 has no signature
        case ContentCoding::zstd: return bytes.starts_with("\x28\xb5\x2f\xfd"sv);  // RFC 8878 §3.1.1
        case ContentCoding::deflate: return is_zlib_header(bytes);                 // RFC 9110 §8.4.1.2: within zlib's format
    }
    std::unreachable();
}

std::string_view expected_of(ContentCoding coding) {
    switch (coding) {
        case ContentCoding::gzip: return "it does not begin with 1f 8b (try gzip -k)";
        case ContentCoding::br: return "it is empty (try brotli -k)";
        case ContentCoding::zstd: return "it does not begin with 28 b5 2f fd (try zstd)";
        case ContentCoding::deflate: return "it has no zlib header (try pigz -z; a bare deflate stream is not what HTTP calls deflate)";
    }
    std::unreachable();
}

/// What is right of a text without a ':': a coding, a file, or both with another sign between them.
std::string example_from(std::string_view text) {
    const std::size_t sign = std::min(text.find_first_of("= \t"), text.size());
    const std::string_view name = text.substr(0, sign);
    if (!content_coding_named(name)) return "gzip: " + std::string(trim(text).empty() ? "FILE" : trim(text));
    const std::string_view file = trim(text.substr(std::min(sign + 1, text.size())));
    return std::string(name) + ": " + std::string(file.empty() ? "FILE" : file);
}

}  // namespace

std::expected<Variant, std::string> parse_variant(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos)
        return std::unexpected("expected 'CODING: FILE', there is no ':' (try '" + excerpt(example_from(text)) + "')");
    const std::string_view name = trim(text.substr(0, colon));
    const auto coding = content_coding_named(name);
    if (!coding) {
        if (equals_ignore_case(name, "identity")) return std::unexpected("identity is the body itself (see --body-file)");
        const std::string_view meant = meant_by(name);
        return std::unexpected("expected gzip, br, zstd or deflate in front of the ':', not " + shown(name) +
                               (meant.empty() ? "" : " (did you mean '" + std::string(meant) + "'?)"));
    }
    const std::string_view file = trim(text.substr(colon + 1));
    if (file.empty()) return std::unexpected("the file is missing behind the ':'");
    if (file == "-") return std::unexpected("a variant is read from a file, and standard input is for a body (a file of that name: ./-)");
    if (file.find('\0') != std::string_view::npos) return std::unexpected("a path cannot hold a NUL byte");
    return Variant{*coding, std::string(file)};
}

std::size_t file_in_variant(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || trim(text.substr(colon + 1)) == "-") return std::string_view::npos;
    return text.find_first_not_of(" \t", colon + 1);
}

Result<std::string> read_variant(const Variant& variant) {
    Result<std::string> bytes = read_file(variant.file, "read a variant from");
    if (bytes && !begins_as(variant.coding, *bytes))
        bytes = fail("send", variant.file + " as " + std::string(name_of(variant.coding)), 0, std::string(expected_of(variant.coding)));
    return at_place(variant.place.text, std::move(bytes));
}

}  // namespace tinyhttpd::config
