// SPDX-License-Identifier: MIT
// The answer a configuration comes to: body, content type, headers in order; and what counts as JSON.
#include "config/response.hpp"

#include "base/reason_phrase.hpp"
#include "config/json.hpp"
#include "config_support.hpp"

namespace tinyhttpd::config::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::string_literals;

const Header server = {"Server", "tinyhttpd"};
const Header plain = {"Content-Type", "text/plain; charset=utf-8"};
const Header json = {"Content-Type", "application/json"};

Response answer(const Strings& arguments) {
    const auto response = resolve_response(config(arguments).response);
    if (response) return *response;
    ADD_FAILURE() << response.error().text();
    return {};
}

TEST(Answer, without_options_it_is_200_ok) {
    const Response response = answer({});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.reason_phrase, "OK");
    EXPECT_EQ(response.body, "OK");
    EXPECT_TRUE(response.date);
    EXPECT_THAT(response.headers, ElementsAre(server, plain));
}

TEST(Answer, tells_browsers_whose_scripts_may_read_it) {
    const Header any = {"Access-Control-Allow-Origin", "*"};
    const Header one = {"Access-Control-Allow-Origin", "https://a.example"};
    const Header credentials = {"Access-Control-Allow-Credentials", "true"};
    const Header vary = {"Vary", "Origin"};
    EXPECT_THAT(answer({"--cors", "*"}).headers, ElementsAre(server, plain, any));
    EXPECT_THAT(answer({"--cors", "https://a.example"}).headers, ElementsAre(server, plain, one, credentials, vary));
    const Header own = {"access-control-allow-origin", "https://b.example"};
    EXPECT_THAT(answer({"--cors", "*", "-H", "access-control-allow-origin: https://b.example"}).headers, ElementsAre(server, plain, own))
        << "a client refuses two of them";
    const Header language = {"Vary", "Accept-Language"};
    EXPECT_THAT(answer({"--cors", "https://a.example", "-H", "Vary: Accept-Language", "-H", "Access-Control-Allow-Credentials:"}).headers,
                ElementsAre(server, plain, language, one, vary));
    const Config with_route = config({"--cors", "*", "--route", "/a 503"});
    EXPECT_THAT(resolve_response(with_route.routes.at(0).response)->headers, ElementsAre(server, plain, any)) << "a route inherits it";
    EXPECT_THAT(common_headers(with_route.response), ElementsAre(server, any)) << "answers to errors, too";
}

TEST(Answer, own_headers_of_the_cors_protocol_replace_those_of_the_flag_wherever_it_sends_them) {
    const Header own = {"access-control-allow-origin", "https://b.example"};
    const Header exposed = {"Access-Control-Expose-Headers", "X-Id"};
    const Header age = {"Access-Control-Max-Age", "5"};
    const Header vary = {"Vary", "Origin"};
    const Header fields = {"Access-Control-Allow-Headers", ""};
    const std::vector<std::string> flags = {"-H",      "access-control-allow-origin: https://b.example",
                                            "-H",      "Access-Control-Allow-Credentials:",
                                            "-H",      "Access-Control-Expose-Headers: X-Id",
                                            "-H",      "Access-Control-Max-Age: 5",
                                            "-H",      "Access-Control-Allow-Methods:",
                                            "--route", "/a 503"};
    std::vector<std::string> with_cors = {"--cors", "https://a.example"};
    with_cors.insert(with_cors.end(), flags.begin(), flags.end());
    const Config one = config(with_cors);
    EXPECT_THAT(common_headers(one.response), ElementsAre(server, own, exposed, vary)) << "errors";
    EXPECT_THAT(preflight_headers(one.response).value(), ElementsAre(server, own, age, vary, fields)) << "preflights";
    const auto of_route = [](const Config& config) { return with_cors_of(config.routes.at(0).response, config.response); };
    EXPECT_THAT(resolve_response(of_route(one))->headers, ElementsAre(server, plain, own, exposed, vary)) << "routes";
    Config other = one;
    other.routes.at(0).response.headers = {{"Access-Control-Allow-Origin", "https://c.example"}, {"Access-Control-Expose-Headers", ""}};
    EXPECT_THAT(resolve_response(of_route(other))->headers, ElementsAre(server, plain, other.routes.at(0).response.headers.front(), vary))
        << "a route's own win";

    const Config off = config(flags);
    EXPECT_THAT(common_headers(off.response), ElementsAre(server)) << "without --cors they are headers of the answer alone";
    EXPECT_EQ(preflight_headers(off.response), std::nullopt);
    EXPECT_EQ(of_route(off), off.routes.at(0).response);
}

TEST(Answer, the_default_body_is_the_reason_phrase) {
    EXPECT_EQ(answer({"-s", "404"}).body, "Not Found");
    EXPECT_EQ(answer({"-s", "404", ""}).body, "");
}

TEST(Answer, a_status_nobody_registered_has_neither_phrase_nor_body) {
    const Response response = answer({"-s", "777"});
    EXPECT_EQ(response.reason_phrase, "");
    EXPECT_EQ(response.body, "");
    EXPECT_THAT(response.headers, ElementsAre(server));
    EXPECT_EQ(answer({"-s", "777", "x"}).body, "x");
}

TEST(Answer, statuses_without_content_have_none_and_no_type) {
    for (const char* status : {"204", "205", "304"}) {
        EXPECT_THAT(answer({"-s", status, "text"}).body, IsEmpty());
        EXPECT_THAT(answer({"-s", status, "text"}).headers, ElementsAre(server));
    }
}

TEST(Answer, an_empty_body_has_no_content_type_unless_a_header_says_so) {
    EXPECT_THAT(answer({""}).headers, ElementsAre(server));
    EXPECT_THAT(answer({"", "--content-type", "text/html"}).headers, ElementsAre(server));
    EXPECT_THAT(answer({"", "-H", "Content-Type: text/html"}).headers, ElementsAre(server, Header{"Content-Type", "text/html"}));
}

TEST(Answer, the_content_type_is_what_was_asked_for) {
    EXPECT_THAT(answer({"{}"}).headers, ElementsAre(server, json));
    EXPECT_THAT(answer({"{} x"}).headers, ElementsAre(server, plain));
    EXPECT_THAT(answer({"{}", "--content-type", " text/html "}).headers, ElementsAre(server, Header{"Content-Type", "text/html"}));
    EXPECT_THAT(answer({"{}", "--content-type", "a/b", "-H", "content-type: c/d"}).headers,
                ElementsAre(server, Header{"content-type", "c/d"}));
}

TEST(Answer, a_header_replaces_our_default_of_that_name_in_any_case) {
    EXPECT_THAT(answer({"x", "-H", "A: 1", "-H", "server: mine", "-H", "A: 2"}).headers,
                ElementsAre(plain, Header{"A", "1"}, Header{"server", "mine"}, Header{"A", "2"}));
}

TEST(Answer, an_empty_header_removes_our_default) {
    EXPECT_THAT(answer({"x", "-H", "Server:", "-H", "CONTENT-TYPE: "}).headers, IsEmpty());
    EXPECT_THAT(answer({"x", "-H", "Server:", "-H", "Server: mine"}).headers, ElementsAre(plain, Header{"Server", "mine"}));
    EXPECT_THAT(answer({"x", "--no-server-header", "-H", "X-None:"}).headers, ElementsAre(plain));
}

TEST(Answer, header_values_are_kept_but_for_the_white_space_around_them) {
    EXPECT_THAT(answer({"", "--no-server-header", "-H", "A:\t b:c, d \xe4\t", "-H", "!#$: x"}).headers,
                ElementsAre(Header{"A", "b:c, d \xe4"}, Header{"!#$", "x"}));
}

TEST(Answer, the_date_can_be_left_out) {
    EXPECT_FALSE(answer({"--no-date"}).date);
}

TEST(Answer, a_body_file_is_read_byte_for_byte) {
    const TemporaryDirectory directory;
    std::string bytes = "\0\xff\r\n{"s;
    for (int i = 0; i < 300'000; ++i) bytes += static_cast<char>(i * 31);
    EXPECT_EQ(answer({"--body-file", directory.write("body", bytes)}).body, bytes);
    EXPECT_EQ(answer({"--body-file", directory.write("empty", "")}).body, "");
    EXPECT_THAT(answer({"--body-file", directory.write("json", " [1]\n")}).headers, ElementsAre(server, json));
}

TEST(Answer, a_body_that_cannot_be_read_is_named) {
    const auto response = resolve_response(config({"--body-file", "/does/not/exist"}).response);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().text(), "--body-file /does/not/exist: cannot read the body from /does/not/exist: no such file or directory");
    EXPECT_EQ(resolve_response(config({"--body-file", "/"}).response).error().code, EISDIR);
}

TEST(Json, objects_and_arrays_are_documents) {
    for (const char* text : {"{}", "[]", " \t\r\n[ ] ", "[1,2.5,-0,1e9,0.1E-2]", R"({"a":{"b":[null,true,false]},"c":""})", "[[[[]]],{}]",
                             R"(["\"\\\/\b\f\n\r\t\u00eF"])", "[\"\xc3\xa4\"]", R"({ "a" : [ ] , "b" : 1 })", "[{},{}]"})
        EXPECT_TRUE(is_json_document(text)) << text;
}

TEST(Json, whatever_else_looks_like_it_stays_text) {
    for (const char* text : {"",
                             " ",
                             "1",
                             "\"a\"",
                             "null",
                             "{",
                             "}",
                             "[",
                             "]",
                             "[1,]",
                             "[,1]",
                             "[1 2]",
                             "{\"a\"}",
                             "{\"a\":}",
                             "{a:1}",
                             "{\"a\":1,}",
                             "[01]",
                             "[1.]",
                             "[.5]",
                             "[+1]",
                             "[-]",
                             "[1e]",
                             "[tru]",
                             "[\"a]",
                             "[\"\\x\"]",
                             "[\"\\u12\"]",
                             "[\"\n\"]",
                             "[]]",
                             "[}",
                             "{]",
                             "[] []",
                             "{} x",
                             "[1}",
                             "{\"a\":1]",
                             "{{TEMPLATE}}",
                             "[section]",
                             "{\"a\":1 \"b\":2}",
                             "['a']",
                             "[NaN]"})
        EXPECT_FALSE(is_json_document(text)) << text;
}

TEST(Json, deep_nesting_costs_no_stack) {
    constexpr std::size_t depth = 5'000'000;
    EXPECT_TRUE(is_json_document(std::string(depth, '[') + std::string(depth, ']')));
    EXPECT_FALSE(is_json_document(std::string(depth, '[')));
}

TEST(ReasonPhrase, the_registered_names_are_those_of_rfc_9110) {
    EXPECT_EQ(reason_phrase(200), "OK");
    EXPECT_EQ(reason_phrase(413), "Content Too Large");
    EXPECT_EQ(reason_phrase(422), "Unprocessable Content");
    EXPECT_EQ(reason_phrase(999), "");
    EXPECT_EQ(reason_phrase(-1), "");
}

}  // namespace
}  // namespace tinyhttpd::config::test
