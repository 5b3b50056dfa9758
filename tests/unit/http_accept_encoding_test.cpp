// SPDX-License-Identifier: MIT
// Accept-Encoding by the text of RFC 9110 §12.5.3 and §12.4.2: a client gets a coding that it can read, and of those the one that it
// likes best.
#include "http/accept_encoding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tinyhttpd::testing {
namespace {

using enum ContentCoding;
using Codings = std::vector<ContentCoding>;

/// The name of what is sent to a client whose Accept-Encoding fields have these values.
std::string chosen(const std::vector<std::string_view>& values, const Codings& codings = {gzip, br, zstd, deflate}) {
    http::AcceptEncoding accepted;
    for (const std::string_view value : values) accepted.read(value);
    const std::size_t place = accepted.choose(codings);
    return place == 0 ? "identity" : std::string(name_of(codings.at(place - 1)));
}

struct Row {
    std::string_view value;
    std::string_view chosen;
    std::string_view loss;
};

void expect_all(const std::vector<Row>& rows) {
    for (const Row& row : rows) EXPECT_EQ(chosen({row.value}), row.chosen) << '"' << row.value << "\": " << row.loss;
}

TEST(AcceptEncoding, TheExamplesOfTheRfc) {
    expect_all({
        {"compress, gzip", "gzip", "who lists a coding is sent it"},
        {"", "identity", "an empty value wants no coding"},
        {"*", "gzip", "any will do: the one that was configured first"},
        {"compress;q=0.5, gzip;q=1.0", "gzip", "weights have decimals"},
        {"gzip;q=1.0, identity; q=0.5, *;q=0", "gzip", "white space may follow the semicolon"},
    });
    EXPECT_EQ(chosen({}), "identity") << "a client that says nothing may know no coding";
}

TEST(AcceptEncoding, WhatBrowsersAndProgramsSend) {
    EXPECT_EQ(chosen({"gzip, deflate, br, zstd"}, {zstd, br, gzip}), "zstd") << "of equals the first that was configured";
    EXPECT_EQ(chosen({"gzip, deflate"}, {zstd, br, gzip}), "gzip") << "an older client cannot read the others";
    EXPECT_EQ(chosen({"deflate, gzip;q=1.0, *;q=0.5"}, {br, gzip}), "gzip");
    EXPECT_EQ(chosen({"identity"}), "identity") << "a program that cannot decompress";
    EXPECT_EQ(chosen({"gzip"}, {br}), "identity") << "the one coding there is cannot be read";
    EXPECT_EQ(chosen({"gzip"}, {}), "identity");
}

TEST(AcceptEncoding, TheGreatestWeightWinsAndThenTheOrderAndThenWhatIsCompressed) {
    expect_all({
        {"gzip;q=0.5, br;q=0.8, zstd;q=0.799", "br", "thousandths count"},
        {"br;q=0.001", "br", "what is listed is liked better than what is not"},
        {"identity;q=0.8, gzip;q=0.5", "identity", "it was asked for"},
        {"identity;q=0.5, gzip;q=0.5", "gzip", "of equals the one that is compressed"},
        {"identity, *;q=0.9", "identity", "a named one is not what * stands for"},
        {"*;q=0.5, gzip;q=0.3", "br", "* is for each that is not named"},
        {"*;q=0.5, gzip;q=0, br;q=0, zstd;q=0", "deflate", "and for the last of them"},
    });
    EXPECT_EQ(chosen({"*;q=0.5, gzip;q=0.3"}, {gzip}), "identity") << "* is for what is not compressed, too";
}

TEST(AcceptEncoding, ZeroIsNotAcceptable) {
    expect_all({
        {"gzip;q=0", "identity", "a client is never sent what it refuses"},
        {"gzip;q=0, *", "br", "the one alone"},
        {"*;q=0", "identity", "nothing is acceptable, which is no reason to say nothing"},
        {"identity;q=0", "identity", "nothing that we have is acceptable"},
        {"identity;q=0, br;q=0.001", "br", "it is the only one"},
        {"gzip;q=0.000", "identity", "zero has decimals, too"},
    });
}

TEST(AcceptEncoding, NamesHaveNoCaseAndOneAnAlias) {
    expect_all({
        {"GZip", "gzip", "codings are case-insensitive (§8.4.1)"},
        {"x-gzip", "gzip", "the old name means the same (§8.4.1.3)"},
        {"IDENTITY, gzip;Q=0.1", "identity", "so is the q"},
        {"gzipped, xgzip, brotli, x-br", "identity", "other names are other codings"},
    });
}

TEST(AcceptEncoding, FieldLinesAddUp) {
    EXPECT_EQ(chosen({"gzip;q=0.1", "br;q=0.2"}), "br");
    EXPECT_EQ(chosen({"br", "", "br;q=0"}), "identity") << "the last word counts";
}

TEST(AcceptEncoding, MalformedMembersArePassedOverAndNoOthers) {
    for (
        const std::string_view malformed :
        {"gzip;",      "gzip;q",    "gzip;q=",   "gzip;q=2",     "gzip;q=1.001", "gzip;q=1.0000", "gzip;q=0.1234", "gzip;q=.5", "gzip;q=-1",
         "gzip;q=0,5", "gzip;q =1", "gzip;q= 1", "gzip;q=1;a=b", "gzip;level=9", "gzip;a=b;q=1",  "gzip q=1",      "gzip br",   "\"gzip\"",
         ";q=1",       "",          " ",         ",,",           "gzip;q=0x",    "gzip;q=1e0",    "gzip;q=10",     "gzip;q=01", "*;q=2",
         "**"}) {
        EXPECT_EQ(chosen({malformed}), "identity") << malformed;
        EXPECT_EQ(chosen({std::string(malformed) + " ,deflate;q=0.3"}), "deflate") << malformed;
        EXPECT_EQ(chosen({"deflate;q=0.3\t,\t" + std::string(malformed)}), "deflate") << malformed;
    }
    for (const std::string_view right : {"gzip;q=1", "gzip;q=1.", "gzip;q=1.000", "gzip;q=0.", "gzip;q=0.9", "gzip\t; \tq=0.999"})
        EXPECT_EQ(chosen({right, "deflate;q=0.3"}), right == "gzip;q=0." ? "deflate" : "gzip") << right;
}

TEST(AcceptEncoding, IsFoundInAHeadByItsNameAlone) {
    const auto choice = [](const std::string& fields) {
        return http::choose_coding("GET /?Accept-Encoding:br HTTP/1.1\r\n" + fields + "\r\n", Codings{gzip, br});
    };
    EXPECT_EQ(choice("Host: a\r\naccept-encoding:\tbr \r\nA: b\r\n"), 2U);
    EXPECT_EQ(choice("Accept-Encoding: gzip;q=0.1\r\nHost: a\r\nACCEPT-ENCODING: br\r\n"), 2U) << "a second line adds to the first";
    EXPECT_EQ(choice("Accept-Encoding:\r\n"), 0U);
    EXPECT_EQ(choice("Accept-Encodings: a, br\r\nX-Accept-Encoding: br\r\nAccept: br\r\nA: Accept-Encoding: br\r\n"), 0U);
    EXPECT_EQ(choice(""), 0U);
}

}  // namespace
}  // namespace tinyhttpd::testing
