// SPDX-License-Identifier: MIT
// Conformance cases about what a configured site answers: routes by path and method, and the CORS protocol. And which groups of
// cases there are, with what their server is started with.
#include "support/http_cases.hpp"

namespace tinyhttpd::testing {

namespace {

constexpr std::string_view preflight = "Origin: https://app.example\r\nAccess-Control-Request-Method: PUT\r\n";

std::string options(std::string_view fields, std::string_view target = "/") {
    return request(std::string("OPTIONS ").append(target).append(" HTTP/1.1"), fields);
}

std::string asks_for_method(std::string_view method) {
    return options(std::string("Origin: https://app.example\r\nAccess-Control-Request-Method:").append(method).append("\r\n"));
}

std::string asks_for_headers(std::string_view names) {
    return options(std::string(preflight).append("Access-Control-Request-Headers:").append(names).append("\r\n"));
}

}  // namespace

// What the server is started with: see case_groups().
std::vector<Case> route_cases() {
    return {
        {"9110-15.5.6", "a method that the path's routes do not take", request("DELETE /one HTTP/1.1"), "405p", {{"Allow", "GET, HEAD"}}},
        {"9110-10.2.1",
         "Allow has the methods of all routes for the path",
         request("PUT /two HTTP/1.1"),
         "405p",
         {{"Allow", "GET, HEAD, POST"}}},
        {"9110-10.2.1", "and those of this path alone", request("GET /orders/7 HTTP/1.1"), "405p", {{"Allow", "POST"}}},
        {"9110-10.2.1", "a route for a longer path adds to it", request("GET /orders/all HTTP/1.1"), "405p", {{"Allow", "POST, PURGE"}}},
        {"9110-15.5.6", "the connection is kept", request("PUT /one HTTP/1.1") + with_target("/one"), "405p 200=one"},
        {"9110-15.5.6", "unless the client closes it", request("PUT /one HTTP/1.1", "Connection: close\r\n"), "405pc"},
        {"9112-9.3", "or speaks 1.0", request("PUT /one HTTP/1.0"), "405pc"},
        {"9112-6.3", "its content is skipped all the same",
         request("PUT /one HTTP/1.1", "Content-Length: 18\r\n") + "GET / HTTP/1.1\r\n\r\n", "405p"},
        {"9112-7.1", "in chunks, too", request("PUT /one HTTP/1.1", "Transfer-Encoding: chunked\r\n") + "2\r\nab\r\n0\r\n\r\n", "405p"},
        {"9112-6.3",
         "what is malformed is no question of the method",
         request("PUT /one HTTP/1.1", "Content-Length: x\r\n"),
         "400c",
         {{"Allow", ""}}},
        {"9110-9.3.2", "HEAD on a route that takes GET", request("HEAD /one HTTP/1.1"), "200h=one", {{"Content-Length", "3"}}},
        {"9110-9.3.2", "HEAD on a route that takes POST alone", request("HEAD /orders/7 HTTP/1.1"), "405hp", {{"Allow", "POST"}}},
        {"9110-9.3.2", "HEAD where any method is taken", request("HEAD /any HTTP/1.1"), "200h=any"},
        {"9110-9.1", "a method that nobody knows, on a route that restricts none", request("BREW /any HTTP/1.1"), "200=any"},
        {"9110-9.1", "a method that nobody else knows, on a route of its own", request("PURGE /orders/all HTTP/1.1"), "200=purged"},
        {"9110-9.1", "methods are case-sensitive", request("get /one HTTP/1.1"), "405p", {{"Allow", "GET, HEAD"}}},
        {"9110-9.3.7", "OPTIONS of a route that does not take it", request("OPTIONS /one HTTP/1.1"), "405p", {{"Allow", "GET, HEAD"}}},
        {"9110-9.3.7", "OPTIONS of a route that takes any method", request("OPTIONS /any HTTP/1.1"), "200=any"},
        {"9110-9.3.7", "OPTIONS * is for the server and matches no route", request("OPTIONS * HTTP/1.1"), "200o"},
        {"9110-9.3.6", "CONNECT is for no route", request("CONNECT a:443 HTTP/1.1"), "405c"},
        {"9110-9.3.8", "TRACE is not reflected by a route that takes any method", request("TRACE /any HTTP/1.1"), "405c"},
        {"9112-3.2.1", "the query is no part of the path", with_target("/one?two/../three"), "200=one"},
        {"9112-3.2.1", "an empty query neither", with_target("/one?"), "200=one"},
        {"9112-3.2.2", "absolute form counts by its path", with_target("http://example.com:8080/one?a"), "200=one"},
        {"9112-3.2.2", "the method counts there, too", request("PUT http://example.com/one HTTP/1.1"), "405p", {{"Allow", "GET, HEAD"}}},
        {"9110-4.2.3", "an absolute form without a path is for /", with_target("http://example.com"), "200=root"},
        {"9110-4.2.3", "with a query, too", with_target("http://example.com?/one"), "200=root"},
        {"3986-3.3", "a path of another scheme", with_target("ftp://example.com/one"), "200=one"},
        {"3986-3.3", "a path behind no authority", with_target("a:/one"), "200=one"},
        {"3986-3.3", "what looks like an authority in a query is none", with_target("a:/any?b=http://c/one"), "200=any"},
        {"3986-3.3", "a path that begins with no slash is not /", with_target("urn:one"), "200"},
        {"3986-6.2.2.2", "escapes are compared as they came", with_target("/%6fne"), "200"},
        {"3986-6.2.2.2", "and match the route that has them", with_target("/%6Fne"), "200=escaped"},
        {"3986-6.2.2.3", "dot segments are not removed", with_target("/any/../one"), "200"},
        {"3986-6.2.2.3", "and are matched by a prefix", request("POST /orders/../one HTTP/1.1"), "201=made"},
        {"3986-6.2.2.1", "a path is case-sensitive", with_target("/ONE"), "200"},
        {"3986-3.3", "an empty segment more is another path", with_target("//one"), "200"},
        {"3986-3.3", "one at the end, too", with_target("/one/"), "200"},
        {"9112-9.3.2", "pipelined, each gets its own", with_target("/one") + with_target("/none") + request("POST /two HTTP/1.1"),
         "200=one 200 200=two-posted"},
    };
}

// --cors '*': every answer may be read, by whomever, without credentials.
std::vector<Case> any_origin_cases() {
    const ExpectedFields any = {{"Access-Control-Allow-Origin", "*"}, {"Access-Control-Allow-Credentials", ""}, {"Vary", ""}};
    return {
        {"Fetch, HTTP responses", "an answer may be read by any origin", get("Origin: https://app.example\r\n"), "200", any},
        {"Fetch, credentials", "without being asked by one", get(), "200", any},
        {"Fetch, HTTP responses", "HEAD has the same fields", request("HEAD / HTTP/1.1"), "200h", any},
        {"Fetch, HTTP responses", "an error of a route", with_target("/busy"), "503p", any},
        {"Fetch, HTTP responses", "a method that is not allowed", request("PUT /one HTTP/1.1"), "405p", any},
        {"Fetch, HTTP responses", "a request that is refused", get("A : b\r\n"), "400c", any},
        {"Fetch, HTTP responses", "OPTIONS *", request("OPTIONS * HTTP/1.1"), "200o", any},
        {"Fetch, CORS-preflight fetch",
         "a preflight",
         options(preflight),
         "204",
         {any[0],
          any[1],
          any[2],
          {"Access-Control-Allow-Methods", "PUT"},
          {"Access-Control-Allow-Headers", ""},
          {"Access-Control-Max-Age", "600"}}},
        {"Fetch, new-header syntax",
         "* stands for no header that is asked for: they are named",
         asks_for_headers(" authorization,x-a"),
         "204",
         {any[0], {"Access-Control-Allow-Headers", "authorization,x-a"}}},
    };
}

// --cors https://app.example: every answer may be read by that one, with credentials.
std::vector<Case> one_origin_cases() {
    const ExpectedFields one = {{"Access-Control-Allow-Origin", "https://app.example"}, {"Access-Control-Allow-Credentials", "true"}};
    const auto with = [&one](ExpectedFields more) {
        more.insert(more.begin(), one.begin(), one.end());
        return more;
    };
    const ExpectedFields ordinary = with({{"Vary", "Origin"}, {"Access-Control-Allow-Methods", ""}, {"Access-Control-Max-Age", ""}});
    const auto allows = [&](std::string_view method, std::string_view headers) {
        return with({{"Vary", "Origin"},
                     {"Access-Control-Allow-Methods", method},
                     {"Access-Control-Allow-Headers", headers},
                     {"Access-Control-Max-Age", "600"},
                     {"Allow", ""}});
    };
    return {
        {"Fetch, HTTP responses", "the origin may read", get("Origin: https://app.example\r\n"), "200", ordinary},
        {"Fetch, HTTP responses", "another is told which one may", get("Origin: https://other.example\r\n"), "200", ordinary},
        {"9110-12.5.5", "what names one origin is not for a cache to give to others", get(), "200", ordinary},
        {"9110-12.5.5", "HEAD has the same fields", request("HEAD / HTTP/1.1"), "200h", ordinary},
        {"Fetch, HTTP responses", "an error of a route", with_target("/busy"), "503p", ordinary},
        {"Fetch, HTTP responses", "a method that is not allowed", request("PUT /one HTTP/1.1"), "405p", ordinary},
        {"Fetch, HTTP responses", "a request that is refused", get("A : b\r\n"), "400c", ordinary},
        {"Fetch, HTTP responses", "a head that is too large", get(repeated("a:\r\n", CaseSettings::max_head / 4)), "431c", ordinary},
        {"Fetch, HTTP responses", "content that is too large", post("Content-Length: 4097\r\n", ""), "413c", ordinary},
        {"Fetch, HTTP responses", "OPTIONS *, even with the fields of a preflight", request("OPTIONS * HTTP/1.1", preflight), "200o",
         ordinary},
        {"Fetch, HTTP requests", "OPTIONS that asks for no method is no preflight", options("Origin: https://app.example\r\n"), "200",
         ordinary},
        {"Fetch, HTTP requests", "one without an origin neither", options("Access-Control-Request-Method: PUT\r\n"), "200", ordinary},
        {"Fetch, HTTP requests", "nor another method", get(preflight), "200", ordinary},
        {"Fetch, CORS-preflight fetch", "a preflight is allowed what it asks for", options(preflight), "204", allows("PUT", "")},
        {"Fetch, CORS-preflight fetch", "with headers", asks_for_headers(" content-type,x-a"), "204", allows("PUT", "content-type,x-a")},
        {"9110-5.6.1", "white space in the list", asks_for_headers("\tX-A , X-B\t"), "204", allows("PUT", "X-A , X-B")},
        {"9110-5.1", "field names are case-insensitive",
         options("oRIGIN: https://app.example\r\naccess-control-request-method: PUT\r\nACCESS-CONTROL-REQUEST-HEADERS: x-a\r\n"), "204",
         allows("PUT", "x-a")},
        {"Fetch, CORS-preflight fetch", "a path whose routes do not take OPTIONS", options(preflight, "/one"), "204", allows("PUT", "")},
        {"Fetch, CORS-preflight fetch", "an opaque origin", options("Origin: null\r\nAccess-Control-Request-Method: PUT\r\n"), "204",
         allows("PUT", "")},
        {"9110-9.1", "any token is a method", asks_for_method(" BREW!"), "204", allows("BREW!", "")},
        {"Fetch, new-header syntax", "two methods: nothing is allowed", asks_for_method(" PUT, DELETE"), "204", allows("", "")},
        {"Fetch, new-header syntax", "a method that is no token is not given back", asks_for_method(" P<T>"), "204", allows("", "")},
        {"Fetch, new-header syntax", "an empty method", asks_for_method(""), "204", allows("", "")},
        {"Fetch, new-header syntax", "a header that is no token is not given back", asks_for_headers(" x-a, x b"), "204",
         allows("PUT", "")},
        {"Fetch, new-header syntax", "a header with a value", asks_for_headers(" x-a: 1"), "204", allows("PUT", "")},
        {"Fetch, new-header syntax", "a byte beyond ASCII", asks_for_headers(" x-\xc3\xa4"), "204", allows("PUT", "")},
        {"Fetch, new-header syntax", "an empty list of headers", asks_for_headers(""), "204", allows("PUT", "")},
        {"9112-9.3", "a preflight keeps the connection", options(preflight) + get(), "204 200"},
        {"9112-9.3.2", "pipelined ones, in order", options(preflight) + options(preflight) + get(), "204 204 200"},
        {"9112-9.6", "unless it is closed", options(std::string(preflight) + "Connection: close\r\n"), "204c"},
        {"9112-9.3", "on 1.0", request("OPTIONS / HTTP/1.0", std::string(preflight) + "Connection: keep-alive\r\n"), "204k"},
        {"9110-9.3.7", "OPTIONS with content is no preflight that a browser sends",
         options(std::string(preflight) + "Content-Length: 2\r\n") + "ab", "200", ordinary},
        {"9112-3.2", "a preflight without Host", "OPTIONS / HTTP/1.1\r\n" + std::string(preflight) + "\r\n", "400c", ordinary},
    };
}

// --cors '*' with headers of the protocol that replace what it sends, or remove it.
std::vector<Case> own_cors_cases() {
    const ExpectedFields one = {{"Access-Control-Allow-Origin", "https://me"}, {"Access-Control-Allow-Credentials", "true"}};
    const auto with = [&one](ExpectedFields more) {
        more.insert(more.begin(), one.begin(), one.end());
        return more;
    };
    const ExpectedFields ordinary = with({{"Access-Control-Expose-Headers", "X-Id"}});
    return {
        {"Fetch, HTTP responses", "an answer", get(), "200", ordinary},
        {"Fetch, HTTP responses", "one of a route", with_target("/busy"), "503p", ordinary},
        {"Fetch, HTTP responses", "a method that is not allowed", request("PUT /one HTTP/1.1"), "405p", ordinary},
        {"Fetch, HTTP responses", "a request that is refused", get("A : b\r\n"), "400c", ordinary},
        {"Fetch, HTTP responses", "OPTIONS *", request("OPTIONS * HTTP/1.1"), "200o", ordinary},
        {"Fetch, CORS-preflight fetch", "a preflight", asks_for_headers(" x-a"), "204",
         with({{"Access-Control-Expose-Headers", ""},
               {"Access-Control-Allow-Methods", "GET, PUT"},
               {"Access-Control-Allow-Headers", ""},
               {"Access-Control-Max-Age", "5"}})},
    };
}

std::vector<CaseGroup> case_groups() {
    return {
        {"RequestLine", request_line_cases},
        {"Fields", field_cases},
        {"Framing", framing_cases},
        {"Chunked", chunked_cases},
        {"Connections", connection_cases},
        {"Routes",
         route_cases,
         {"--route=/ 200 root", "--route=GET /one 200 one", "--route=GET /two 200 two", "--route=POST /two 200 two-posted",
          "--route=POST /orders/* 201 made", "--route=PURGE /orders/all 200 purged", "--route=/any 200 any", "--route=/%6Fne 200 escaped"}},
        {"AnyOrigin", any_origin_cases, {"--cors=*", "--route=/busy 503", "--route=GET /one 200"}},
        {"OneOrigin", one_origin_cases, {"--cors=https://app.example", "--route=/busy 503", "--route=GET /one 200"}},
        {"OwnCors",
         own_cors_cases,
         {"--cors=*", "--header=Access-Control-Allow-Origin: https://me", "--header=Access-Control-Allow-Credentials: true",
          "--header=Access-Control-Expose-Headers: X-Id", "--header=Access-Control-Allow-Methods: GET, PUT",
          "--header=Access-Control-Allow-Headers:", "--header=Access-Control-Max-Age: 5", "--route=/busy 503", "--route=GET /one 200"}},
    };
}

std::vector<Case> http_cases() {
    std::vector<Case> all;
    for (const CaseGroup& group : case_groups()) {
        for (Case& one : group.cases()) all.push_back(std::move(one));
    }
    return all;
}

}  // namespace tinyhttpd::testing
