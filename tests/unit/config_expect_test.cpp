// SPDX-License-Identifier: MIT
// --expect as a user writes it: what is understood, and the way out that each refusal names.
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

#include "config/expect_text.hpp"

namespace tinyhttpd::config {

static void PrintTo(const Expectation& expectation, std::ostream* out) {
    *out << expectation_text(expectation);
}

namespace {

Expectation parsed(std::string_view text) {
    const auto expectation = parse_expectation(text);
    EXPECT_TRUE(expectation.has_value()) << text << ": " << expectation.error();
    return expectation.value_or(Expectation{});
}

std::string refusal_of(std::string_view text) {
    const auto expectation = parse_expectation(text);
    EXPECT_FALSE(expectation.has_value()) << text;
    return expectation ? "" : expectation.error();
}

TEST(ExpectText, CountsAreExactOpenOrARange) {
    EXPECT_EQ(parsed("2 POST /orders"), (Expectation{2, 2, "POST", "/orders"}));
    EXPECT_EQ(parsed("2+ POST /orders"), (Expectation{2, {}, "POST", "/orders"}));
    EXPECT_EQ(parsed("1-3 POST /orders"), (Expectation{1, 3, "POST", "/orders"}));
    EXPECT_EQ(parsed("0 DELETE *"), (Expectation{0, 0, "DELETE", "*"}));
    EXPECT_EQ(parsed("0-2 GET /"), (Expectation{0, 2, "GET", "/"}));
    EXPECT_EQ(parsed("9223372036854775807 GET /"), (Expectation{9223372036854775807, 9223372036854775807, "GET", "/"}));
}

TEST(ExpectText, WithoutACountOneRequestIsEnough) {
    EXPECT_EQ(parsed("POST /orders"), (Expectation{1, {}, "POST", "/orders"}));
    EXPECT_EQ(parsed("* /orders/*"), (Expectation{1, {}, "*", "/orders/*"}));
    EXPECT_EQ(parsed("* *"), (Expectation{1, {}, "*", "*"}));
}

TEST(ExpectText, SpacesDoNotMatterSoThatAFileCanAlignThem) {
    EXPECT_EQ(parsed("  2   POST\t/orders "), (Expectation{2, 2, "POST", "/orders"}));
}

TEST(ExpectText, AMethodOfOnesOwnIsOne) {
    EXPECT_EQ(parsed("M-SEARCH *").method, "M-SEARCH");
    EXPECT_EQ(parsed("x-Purge /").method, "x-Purge");
}

TEST(ExpectText, WhatIsPrintedIsReadAsTheSame) {
    for (const char* text : {"2 POST /orders", "2+ POST /orders", "1-3 * /a/*", "0 DELETE *", "GET /%20", "0-1 GET /"}) {
        EXPECT_EQ(expectation_text(parsed(text)), text);
        EXPECT_EQ(parsed(expectation_text(parsed(text))), parsed(text)) << text;
    }
    EXPECT_EQ(expectation_text(parsed("1+ GET /")), "GET /");
    EXPECT_EQ(expectation_text(parsed("1 GET /")), "1 GET /");
}

TEST(ExpectText, EachRefusalNamesTheWayOut) {
    const char* const rows[][2] = {
        {"", "the method and the path are missing (try 'GET /')"},
        {"2", "the method and the path are missing (try '2 GET /')"},
        {"/orders", "the method is missing (try 'GET /orders', or '* /orders' for any)"},
        {"2 /orders", "the method is missing (try '2 GET /orders', or '2 * /orders' for any)"},
        {"POST", "the path is missing (try 'POST /')"},
        {"2+ POST", "the path is missing (try '2+ POST /')"},
        {"POST /orders 2", "the count comes first (try '2 POST /orders')"},
        {"GET 200 /x", "the count comes first (try '200 GET /x')"},
        {"/x GET", "the method comes before the path (try 'GET /x')"},
        {"x GET /x", "expected '[COUNT ]METHOD PATH', and no more words (try 'GET /x')"},
        {"POST /orders now", "nothing follows on the path, not now (try 'POST /orders')"},
        {"2 POST /orders 3", "nothing follows on the path, not 3 (try '2 POST /orders')"},
        {"2x POST /", "the count 2x is none: it is 2, 2+, 1-3 or 0 (try '2 POST /')"},
        {"1- POST /", "the count 1- is none: it is 2, 2+, 1-3 or 0 (try '2 POST /')"},
        {"1-3+ POST /", "the count 1-3+ is none: it is 2, 2+, 1-3 or 0 (try '2 POST /')"},
        {"1..3 POST /", "the count 1..3 is none: it is 2, 2+, 1-3 or 0 (try '2 POST /')"},
        {"99999999999999999999 POST /", "the count 99999999999999999999 is none: it is 2, 2+, 1-3 or 0 (try '2 POST /')"},
        {"3-1 POST /", "the count 3-1 ends before it begins (try '1-3 POST /')"},
        {"0+ POST /", "the count 0+ is met by whatever comes (try '0 POST /' for none, or '1+ POST /')"},
        {"post /orders", "methods are case-sensitive (did you mean 'POST'?)"},
        {"TRACE /x", "TRACE is always answered 405"},
        {"0 CONNECT *", "CONNECT is always answered 405"},
        {"PO(ST /orders", "PO(ST is no method: a method is a token"},
        {"POST orders", "the path orders begins with no '/' (try 'POST /orders')"},
        {"POST http://x/orders", "the path http://x/orders begins with no '/' (try 'POST /http://x/orders')"},
        {"POST /a*b", "a '*' stands for the rest of the path, and only at its end"},
        {"POST **", "the path ** begins with no '/' (try 'POST /')"},
        {"POST /a?b=1", "a path holds no '?': the query is left out"},
        {"POST /caf\xc3\xa9", "the path holds a byte that no request target has"},
    };
    for (const auto& [text, refusal] : rows) EXPECT_EQ(refusal_of(text), refusal) << text;
}

}  // namespace
}  // namespace tinyhttpd::config
