// SPDX-License-Identifier: MIT
// Conformance cases about content and connections: HTTP.md, "Framing the body" and "Connections".
#include "support/http_cases.hpp"

namespace tinyhttpd::testing {

using namespace std::string_literals;

std::vector<Case> framing_cases() {
    const std::string most(CaseSettings::max_body, 'x');
    return {
        {"9112-6.3", "a Content-Length is skipped", post("Content-Length: 5\r\n", "hello"), "200"},
        {"9112-6.3", "content that looks like a request", post("Content-Length: 18\r\n", "GET / HTTP/1.1\r\n\r\n"), "200"},
        {"9112-6.3", "a Content-Length of 0", post("Content-Length: 0\r\n", ""), "200"},
        {"9112-6.3", "leading zeros", post("Content-Length: 0005\r\n", "hello"), "200"},
        {"9112-6.3", "content of a GET", get("Content-Length: 5\r\n") + "hello", "200"},
        {"9112-6.3", "content of a HEAD", request("HEAD / HTTP/1.1", "Content-Length: 5\r\n") + "hello", "200h"},
        {"9112-6.3", "as much content as is allowed", post("Content-Length: 4096\r\n", most), "200"},
        {"9112-6.3", "an answer waits for the content", post("Content-Length: 5\r\n", "hell"), "..."},
        {"9110-15.5.14", "a byte more than is allowed, before any of it is read", post("Content-Length: 4097\r\n", ""), "413c"},
        {"9110-8.6", "a length beyond 64 bits", post("Content-Length: 18446744073709551616\r\n", ""), "413c"},
        {"9110-8.6", "the largest length of 64 bits", post("Content-Length: 18446744073709551615\r\n", ""), "413c"},
        {"9110-8.6", "two equal lengths", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), "400c"},
        {"9110-8.6", "two lengths of 0", post("Content-Length: 0\r\nContent-Length: 0\r\n", ""), "400c"},
        {"9110-8.6", "two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), "400c"},
        {"9110-8.6", "a list of lengths", post("Content-Length: 5, 5\r\n", "hello"), "400c"},
        {"9110-8.6", "a plus sign", post("Content-Length: +5\r\n", "hello"), "400c"},
        {"9110-8.6", "a minus sign", post("Content-Length: -5\r\n", "hello"), "400c"},
        {"9110-8.6", "an empty length", post("Content-Length:\r\n", ""), "400c"},
        {"9110-8.6", "a hexadecimal length", post("Content-Length: 0x5\r\n", "hello"), "400c"},
        {"9110-8.6", "a space in a length", post("Content-Length: 5 5\r\n", "hello"), "400c"},
        {"9112-6.1", "chunked", chunked("5\r\nhello\r\n0\r\n\r\n"), "200"},
        {"9112-6.1", "chunked in another case", post("transfer-encoding: ChUnKeD\r\n", "0\r\n\r\n"), "200"},
        {"9112-6.1", "chunked with white space around it", post("Transfer-Encoding: \t chunked \t\r\n", "0\r\n\r\n"), "200"},
        {"9112-6.3", "both framings", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), "400c"},
        {"9112-6.3", "both framings, the other way round", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
         "400c"},
        {"9112-6.1", "chunked on 1.0", request("POST / HTTP/1.0", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", "400c"},
        {"9112-6.3", "chunked that is not last", post("Transfer-Encoding: chunked, gzip\r\n", ""), "400c"},
        {"9112-6.3", "chunked that is not last, in two lines", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", ""),
         "400c"},
        {"9112-6.1", "chunked twice", post("Transfer-Encoding: chunked, chunked\r\n", ""), "400c"},
        {"9112-6.1", "chunked twice, in two lines", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""), "400c"},
        {"9112-6.1", "an empty Transfer-Encoding", post("Transfer-Encoding:\r\n", ""), "400c"},
        {"9110-5.6.1", "an empty list member", post("Transfer-Encoding: , chunked\r\n", ""), "400c"},
        {"9110-5.6.1", "a trailing comma", post("Transfer-Encoding: chunked,\r\n", ""), "400c"},
        {"9110-5.5", "VT before chunked", post("Transfer-Encoding: \vchunked\r\n", ""), "400c"},
        {"9110-5.5", "FF after chunked", post("Transfer-Encoding: chunked\f\r\n", ""), "400c"},
        {"9112-7", "a coding that is no token", post("Transfer-Encoding: \"chunked\"\r\n", ""), "400c"},
        {"9112-7", "two codings without a comma", post("Transfer-Encoding: gzip chunked\r\n", ""), "400c"},
        {"9112-7.1", "chunked with a parameter", post("Transfer-Encoding: chunked;a=b\r\n", ""), "400c"},
        {"9112-7", "a parameter without a value", post("Transfer-Encoding: gzip;a\r\n", ""), "400c"},
        {"9112-6.1", "another coding", post("Transfer-Encoding: gzip\r\n", ""), "501c"},
        {"9112-6.1", "another coding under chunked", post("Transfer-Encoding: gzip, chunked\r\n", ""), "501c"},
        {"9112-6.1", "another coding with parameters", post("Transfer-Encoding: a;b=c ; d=\"e,\\\"f\", chunked\r\n", ""), "501c"},
        {"9112-6.1", "identity", post("Transfer-Encoding: identity\r\n", ""), "501c"},
        {"9110-10.1.1", "an expectation is met before the content", post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""), "100 ..."},
        {"9110-10.1.1", "the same for chunked, in any case", post("Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n", ""), "100 ..."},
        {"9110-10.1.1", "not without content", get("Expect: 100-continue\r\n"), "200"},
        {"9110-10.1.1", "not on 1.0", request("POST / HTTP/1.0", "Expect: 100-continue\r\nContent-Length: 5\r\n"), "..."},
        {"9110-10.1.1", "a refusal comes instead", post("Expect: 100-continue\r\nContent-Length: 5000\r\n", ""), "413c"},
        {"9110-15.5.18", "another expectation", get("Expect: a=b\r\n"), "417c"},
        {"9110-15.5.18", "another expectation besides", post("Expect: 100-continue, a\r\nContent-Length: 5\r\n", ""), "417c"},
    };
}

std::vector<Case> chunked_cases() {
    const std::string most = "1000\r\n" + std::string(CaseSettings::max_body, 'x') + "\r\n";
    const std::string long_extension(CaseSettings::max_head + 1, 'a');
    return {
        {"9112-7.1", "several chunks", chunked("1\r\na\r\n00A\r\n0123456789\r\nb\r\n\r\n\r\n\r\n\r\n\r\n.\r\n0\r\n\r\n"), "200"},
        {"9112-7.1", "16 digits", chunked("0000000000000001\r\na\r\n0000000000000000\r\n\r\n"), "200"},
        {"9112-7.1", "17 digits", chunked("00000000000000001\r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1", "an empty size", chunked("\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1", "a sign", chunked("+1\r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1", "0x", chunked("0x1\r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1", "an underscore", chunked("1_0\r\n0123456789abcdef\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1", "a space before a size", chunked(" 1\r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1", "a space after a size", chunked("1 \r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1", "a tab after the last size", chunked("0\t\r\n\r\n"), "400c"},
        {"9112-7.1", "LF without CR after a size", chunked("1\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1", "CR without LF after a size", chunked("1\ra\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1", "data longer than its size", chunked("1\r\nab\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1", "LF without CR after the data", chunked("1\r\na\n0\r\n\r\n"), "400c"},
        {"9112-7.1", "CR without LF after the data", chunked("1\r\na\r0\r\n\r\n"), "400c"},
        {"9112-7.1.1", "an extension", chunked("1;a\r\nx\r\n0;b=c\r\n\r\n"), "200"},
        {"9112-7.1.1", "several extensions", chunked("1;a=b;c;d=\"e\"\r\nx\r\n0\r\n\r\n"), "200"},
        {"9112-7.1.1", "a quoted string with everything in it", chunked("1;a=\" \t;\\\"\\\\\x80!\"\r\nx\r\n0\r\n\r\n"), "200"},
        {"9112-7.1.1", "bad white space around an extension's parts", chunked("1 \t; a = b ;c\r\nx\r\n0\r\n\r\n"), "200"},
        {"9112-7.1.1", "a bare semicolon", chunked("1;\r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1.1", "two semicolons", chunked("1;;a\r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1.1", "an extension without a value", chunked("1;a=\r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1.1", "white space after an extension", chunked("1;a \r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1.1", "white space after a value", chunked("1;a=b \r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1.1", "an extension name that is no token", chunked("1;(\r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1.1", "bytes after a quoted string", chunked("1;a=\"b\"c\r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1.1", "CR in a quoted string", chunked("1;a=\"\r\n\"\r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1.1", "LF in an extension", chunked("1;a\n\r\na\r\n0\r\n\r\n"), "400c"},
        {"9112-7.1.1", "extensions are bounded", chunked("1;" + long_extension), "413c"},
        {"9112-7.1.2", "trailers", chunked("0\r\nA: b\r\nC:\t\x80\r\n\r\n"), "200"},
        {"9112-7.1.2", "a trailer that would frame is ignored", chunked("0\r\nContent-Length: 100\r\n\r\n"), "200"},
        {"9112-7.1.2", "a trailer without a colon", chunked("0\r\nA\r\n\r\n"), "400c"},
        {"9112-7.1.2", "a trailer without a name", chunked("0\r\n: b\r\n\r\n"), "400c"},
        {"9112-7.1.2", "white space before a trailer's colon", chunked("0\r\nA : b\r\n\r\n"), "400c"},
        {"9112-7.1.2", "a folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), "400c"},
        {"9112-7.1.2", "LF without CR after a trailer", chunked("0\r\nA: b\n\r\n"), "400c"},
        {"9112-7.1.2", "LF without CR at the end", chunked("0\r\n\n"), "400c"},
        {"9112-7.1.2", "CR without LF at the end", chunked("0\r\n\rX"), "400c"},
        {"9112-7.1.2", "NUL in a trailer", chunked("0\r\nA: \0\r\n\r\n"s), "400c"},
        {"9112-7.1.2", "trailers are bounded", chunked("0\r\n" + repeated("a: b\r\n", CaseSettings::max_head / 4)), "413c"},
        {"9110-15.5.14", "as much content as is allowed", chunked(most + "0\r\n\r\n"), "200"},
        {"9110-15.5.14", "a byte more than is allowed", chunked(most + "1\r\n"), "413c"},
        {"9110-15.5.14", "a chunk larger than allowed, before any of it is read", chunked("1001\r\n"), "413c"},
        {"9112-7.1", "the largest size of 64 bits", chunked("ffffffffffffffff\r\n"), "413c"},
        {"9112-7.1", "sizes that add up to more than 64 bits", chunked("1\r\na\r\nffffffffffffffff\r\n"), "413c"},
        {"9112-7.1", "the answer to a HEAD has no content", request("HEAD / HTTP/1.1", "Transfer-Encoding: chunked\r\n") + "x", "400hc"},
        {"9112-7.1", "unfinished", chunked("5\r\nhel"), "..."},
        {"9112-7.1", "unfinished before the last line", chunked("5\r\nhello\r\n0\r\n"), "..."},
    };
}

std::vector<Case> connection_cases() {
    return {
        {"9112-9.3", "1.1 stays open", get() + get() + get(), "200 200 200"},
        {"9112-9.3", "keep-alive on 1.1 changes nothing", get("Connection: keep-alive\r\n"), "200"},
        {"9112-9.6", "close", get("Connection: close\r\n"), "200c"},
        {"9112-9.6", "nothing is answered after close", get() + get("Connection: close\r\n") + get(), "200 200c"},
        {"9110-7.6.1", "close in a list, any case", get("Connection: foo ,\tCLOSE, bar\r\n"), "200c"},
        {"9110-7.6.1", "close in a second line", get("Connection: foo\r\nConnection: close\r\n"), "200c"},
        {"9110-7.6.1", "close with empty members around it", get("Connection: ,,close,\r\n"), "200c"},
        {"9110-7.6.1", "never a substring", get("Connection: closed, not-close, xclose\r\n"), "200"},
        {"9112-9.3", "close wins over keep-alive", get("Connection: keep-alive, close\r\n"), "200c"},
        {"9112-9.3", "1.0 closes", request("GET / HTTP/1.0"), "200c"},
        {"9112-9.3", "1.0 with keep-alive stays open", request("GET / HTTP/1.0", "Connection: Keep-Alive\r\n"), "200k"},
        {"9112-9.3", "1.0 with keep-alive and close", request("GET / HTTP/1.0", "Connection: keep-alive, close\r\n"), "200c"},
        {"9112-9.3", "1.0 with something like keep-alive", request("GET / HTTP/1.0", "Connection: keep-alive-not\r\n"), "200c"},
        {"9110-9.3.2", "HEAD on 1.0", request("HEAD / HTTP/1.0", "Connection: keep-alive\r\n"), "200hk"},
        {"9110-9.3.2", "HEAD with close", request("HEAD / HTTP/1.1", "Connection: close\r\n"), "200hc"},
        {"9112-9.3.2", "pipelined requests are answered in order",
         get() + request("HEAD / HTTP/1.1") + post("Content-Length: 3\r\n", "abc") + request("OPTIONS * HTTP/1.1") + chunked("0\r\n\r\n"),
         "200 200h 200 200o 200"},
        {"9112-9.3.2", "more than fit into one batch", repeated(get(), 40), "200" + repeated(" 200", 39)},
    };
}

std::vector<Case> http_cases() {
    std::vector<Case> all;
    for (auto* const cases : {request_line_cases, field_cases, framing_cases, chunked_cases, connection_cases}) {
        for (Case& one : cases()) all.push_back(std::move(one));
    }
    return all;
}

}  // namespace tinyhttpd::testing
