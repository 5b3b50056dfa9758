// SPDX-License-Identifier: MIT
// LineFormat: the exact lines, and that nothing a peer sends gets out of its field.
#include "log/line_format.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "support/random.hpp"

namespace tinyhttpd::log {
namespace {

using std::chrono::system_clock;

/// 22 November 2026, 22:08:00 UTC.
constexpr std::time_t known_second = 1795385280;

class LogFormat : public ::testing::Test {
protected:
    LogFormat() { set_zone("UTC0"); }
    ~LogFormat() override {
        ::unsetenv("TZ");
        ::tzset();
    }
    static void set_zone(const char* zone) {
        ::setenv("TZ", zone, 1);
        ::tzset();
    }
    static std::string write(Format format, const Exchange& line, std::time_t second = known_second) {
        LineFormat writer(format);
        writer.set_time(system_clock::from_time_t(second));
        std::string out(LineFormat::bound(line), '\0');
        const auto size = static_cast<std::size_t>(writer.write(out.data(), line) - out.data());
        EXPECT_LE(size, out.size());
        out.resize(size);
        return out;
    }
};

constexpr Exchange ordinary = {.peer = "192.0.2.7",
                               .method = "GET",
                               .target = "/a?b=c",
                               .version = "HTTP/1.1",
                               .host = "example.org:8000",
                               .referer = "http://example.org/",
                               .user_agent = "curl/7.88.1",
                               .status = 200,
                               .body_bytes = 12};

TEST_F(LogFormat, CommonIsWhatLogAnalysersRead) {
    EXPECT_EQ(write(Format::common, ordinary), "192.0.2.7 - - [22/Nov/2026:22:08:00 +0000] \"GET /a?b=c HTTP/1.1\" 200 12\n");
}

TEST_F(LogFormat, CombinedAddsRefererAndUserAgent) {
    EXPECT_EQ(write(Format::combined, ordinary),
              "192.0.2.7 - - [22/Nov/2026:22:08:00 +0000] \"GET /a?b=c HTTP/1.1\" 200 12 \"http://example.org/\" \"curl/7.88.1\"\n");
}

TEST_F(LogFormat, JsonNamesEveryField) {
    EXPECT_EQ(write(Format::json, ordinary),
              R"({"time":"2026-11-22T22:08:00+00:00","peer":"192.0.2.7","method":"GET","target":"/a?b=c","version":"HTTP/1.1",)"
              R"("host":"example.org:8000","status":200,"bytes":12,"referer":"http://example.org/","user_agent":"curl/7.88.1"})"
              "\n");
}

TEST_F(LogFormat, EmptyFieldsKeepTheColumns) {
    const Exchange line = {.peer = "", .status = 408};
    EXPECT_EQ(write(Format::common, line), "- - - [22/Nov/2026:22:08:00 +0000] \"-\" 408 0\n");
    EXPECT_EQ(write(Format::combined, line), "- - - [22/Nov/2026:22:08:00 +0000] \"-\" 408 0 \"-\" \"-\"\n");
    EXPECT_EQ(write(Format::json, line),
              R"({"time":"2026-11-22T22:08:00+00:00","peer":"","request":"","host":"","status":408,"bytes":0,"referer":"","user_agent":""})"
              "\n");
}

TEST_F(LogFormat, AMalformedRequestIsShownAsItCame) {
    const Exchange line = {.peer = "::1", .request_line = "GET\t/ \"x\"\\\x16\x03\xff", .status = 400, .body_bytes = 11};
    EXPECT_EQ(write(Format::common, line), "::1 - - [22/Nov/2026:22:08:00 +0000] \"GET\\x09/ \\x22x\\x22\\x5C\\x16\\x03\\xFF\" 400 11\n");
    EXPECT_EQ(write(Format::json, line),
              R"({"time":"2026-11-22T22:08:00+00:00","peer":"::1","request":"GET\u0009/ \u0022x\u0022\u005C\u0016\u0003\u00FF",)"
              R"("host":"","status":400,"bytes":11,"referer":"","user_agent":""})"
              "\n");
}

TEST_F(LogFormat, TheLargestNumberFits) {
    const Exchange line = {
        .peer = "p", .method = "GET", .target = "/", .version = "HTTP/1.0", .status = 999, .body_bytes = ~std::uint64_t{0}};
    EXPECT_EQ(write(Format::common, line), "p - - [22/Nov/2026:22:08:00 +0000] \"GET / HTTP/1.0\" 999 18446744073709551615\n");
}

TEST_F(LogFormat, TimeIsLocalWithItsOffset) {
    set_zone("IST-5:30");
    EXPECT_NE(write(Format::common, ordinary).find("[23/Nov/2026:03:38:00 +0530]"), std::string::npos);
    EXPECT_NE(write(Format::json, ordinary).find("2026-11-23T03:38:00+05:30"), std::string::npos);
    set_zone("NST3:30");
    EXPECT_NE(write(Format::common, ordinary).find("[22/Nov/2026:18:38:00 -0330]"), std::string::npos);
    EXPECT_NE(write(Format::json, ordinary).find("2026-11-22T18:38:00-03:30"), std::string::npos);
}

TEST_F(LogFormat, EveryMonthHasItsName) {
    const char* const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (int month = 0; month < 12; ++month) {
        std::tm first{};
        first.tm_year = 128;
        first.tm_mon = month;
        first.tm_mday = 1;
        const auto line = write(Format::common, ordinary, ::timegm(&first));
        EXPECT_NE(line.find(std::string("[01/") + names[month] + "/2028:00:00:00 +0000]"), std::string::npos) << line;
    }
}

int hex_digit(char c) {
    EXPECT_TRUE(std::isdigit(static_cast<unsigned char>(c)) || (c >= 'A' && c <= 'F')) << c;
    return c <= '9' ? c - '0' : c - 'A' + 10;
}

/// What stands between quotes from `at` on, with `\xHH` or `\u00HH` undone; `at` moves behind the closing quote.
std::string quoted(std::string_view text, std::size_t& at, std::string_view escape) {
    std::string out;
    EXPECT_EQ(text[at], '"');
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') {
            EXPECT_EQ(text.substr(at, escape.size()), escape);
            at += escape.size();
            out += static_cast<char>(hex_digit(text[at]) * 16 + hex_digit(text[at + 1]));
            ++at;
        } else {
            out += text[at];
        }
    }
    EXPECT_LT(at, text.size()) << "no closing quote";
    ++at;
    return out;
}

/// A strict reader of one flat JSON object (RFC 8259) of strings and natural numbers, as pairs in their order.
std::vector<std::pair<std::string, std::string>> parse_json(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> members;
    std::size_t at = 1;
    EXPECT_EQ(text[0], '{');
    while (true) {
        const std::string name = quoted(text, at, "\\u00");
        EXPECT_EQ(text[at++], ':');
        std::string value;
        if (text[at] == '"')
            value = quoted(text, at, "\\u00");
        else
            while (std::isdigit(static_cast<unsigned char>(text[at]))) value += text[at++];
        EXPECT_FALSE(name.empty());
        members.emplace_back(name, value);
        if (text[at] != ',') break;
        ++at;
    }
    EXPECT_EQ(text.substr(at), "}\n");
    return members;
}

void expect_one_printable_line(const std::string& line) {
    ASSERT_FALSE(line.empty());
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    for (std::size_t i = 0; i + 1 < line.size(); ++i) ASSERT_TRUE(line[i] >= 0x20 && line[i] <= 0x7e) << "byte " << i << " of " << line;
}

class LogEscaping : public LogFormat {
protected:
    /// All fields hold `field`: the line stays one line of printable ASCII, and every field comes back as it was.
    static void expect_field_survives(const std::string& field) {
        const Exchange text_line = {.peer = "p", .referer = field, .user_agent = field, .request_line = field, .status = 400};
        const std::string text = write(Format::combined, text_line);
        expect_one_printable_line(text);
        const std::string shown = field.empty() ? "-" : field;
        std::size_t at = text.find('"');
        EXPECT_EQ(quoted(text, at, "\\x"), shown);
        at = text.find('"', at);
        EXPECT_EQ(quoted(text, at, "\\x"), shown);
        ++at;
        EXPECT_EQ(quoted(text, at, "\\x"), shown);
        EXPECT_EQ(text.substr(at), "\n");

        const Exchange json_line = {.peer = field,
                                    .method = field,
                                    .target = field,
                                    .version = field,
                                    .host = field,
                                    .referer = field,
                                    .user_agent = field,
                                    .request_line = field,
                                    .status = 400};
        const std::string json = write(Format::json, json_line);
        expect_one_printable_line(json);
        for (const auto& [name, value] : parse_json(json))
            EXPECT_TRUE(value == field || name == "time" || name == "status" || name == "bytes") << name << ": " << value;
    }
};

TEST_F(LogEscaping, NoByteAtAnyPlaceEndsItsField) {
    for (int byte = 0; byte < 256; ++byte)
        for (std::size_t before = 0; before < 9; ++before)
            for (const std::size_t after : {0U, 1U, 8U}) {
                expect_field_survives(std::string(before, 'a') + static_cast<char>(byte) + std::string(after, 'z'));
                ASSERT_FALSE(HasFailure()) << "byte " << byte << " after " << before;
            }
}

TEST_F(LogEscaping, NoRandomFieldEndsItself) {
    const std::uint64_t seed = support::any_seed();
    SCOPED_TRACE(support::seed_text(seed));
    support::Random random(seed);
    for (int round = 0; round < 5000 && !HasFailure(); ++round) {
        std::string field(random.below(40), '\0');
        const bool wild = random.chance(0.5);
        for (char& c : field) c = static_cast<char>(wild || random.chance(0.06) ? random.below(256) : random.between('a', 'z'));
        expect_field_survives(field);
    }
}

TEST_F(LogEscaping, APeerCannotForgeALine) {
    const Exchange line = {.peer = "evil\n1.1.1.1 - - [", .method = "G\"\n", .target = "/\r\nfake", .version = "\x1b[2J", .status = 200};
    EXPECT_EQ(write(Format::common, line),
              "evil\\x0A1.1.1.1 - - [ - - [22/Nov/2026:22:08:00 +0000] \"G\\x22\\x0A /\\x0D\\x0Afake \\x1B[2J\" 200 0\n");
}

TEST_F(LogEscaping, TheBoundHoldsWhenEveryByteIsEscaped) {
    const std::string field(1000, '\xff');
    const Exchange line = {.peer = field,
                           .method = field,
                           .target = field,
                           .version = field,
                           .host = field,
                           .referer = field,
                           .user_agent = field,
                           .request_line = field,
                           .status = 400,
                           .body_bytes = ~std::uint64_t{0}};
    for (const Format format : {Format::common, Format::combined, Format::json})
        EXPECT_LE(write(format, line).size(), LineFormat::bound(line));
}

}  // namespace
}  // namespace tinyhttpd::log
