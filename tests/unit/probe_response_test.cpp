// SPDX-License-Identifier: MIT
// What a probe makes of an answer: each one also comes split at every byte, and byte by byte, which must change nothing. An answer
// that a proxy could read in another way is never called healthy.
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "probe/response_reader.hpp"
#include "support/guarded_bytes.hpp"

namespace tinyhttpd::probe {
namespace {

using Progress = ResponseReader::Progress;

enum class End : bool { open, closed };

struct Case {
    std::string name;
    std::string answer;
    End end = End::open;  ///< whether the server closes behind it
    int status = 0;       ///< 0: failed
    std::string text;     ///< the body, or the failure
};

void PrintTo(const Case& row, std::ostream* out) {
    *out << row.name;
}

struct Outcome {
    Progress progress = Progress::more;
    int status = 0;
    std::string text;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

void PrintTo(const Outcome& outcome, std::ostream* out) {
    *out << static_cast<int>(outcome.progress) << ' ' << outcome.status << " '" << outcome.text << '\'';
}

/// Reads `pieces` as they would arrive, each of them up to an unreadable page.
Outcome outcome_of(const std::vector<std::string>& pieces, End end) {
    ResponseReader reader;
    testing::GuardedBytes guarded(64 * 1024);
    Progress progress = Progress::more;
    for (const std::string& piece : pieces)
        if (progress == Progress::more) progress = reader.read(guarded.hold(piece));
    if (progress == Progress::more && end == End::closed) progress = reader.finish();
    if (progress == Progress::failed) return {progress, 0, std::string(reader.failure())};
    return {progress, progress == Progress::complete ? reader.status() : 0, reader.body()};
}

class AnAnswer : public ::testing::TestWithParam<Case> {};

TEST_P(AnAnswer, is_judged_the_same_however_it_is_split) {
    const Case& row = GetParam();
    const Outcome expected{row.status != 0 ? Progress::complete : Progress::failed, row.status, row.text};
    ASSERT_EQ(outcome_of({row.answer}, row.end), expected);
    std::vector<std::string> bytes;
    for (std::size_t at = 0; at < row.answer.size(); ++at) {
        ASSERT_EQ(outcome_of({row.answer.substr(0, at), row.answer.substr(at)}, row.end), expected) << "split at " << at;
        bytes.push_back(row.answer.substr(at, 1));
    }
    ASSERT_EQ(outcome_of(bytes, row.end), expected);
}

const std::string ok = "HTTP/1.1 200 OK\r\n";

const std::vector<Case> good = {
    {"content_length", ok + "Content-Length: 2\r\n\r\nOK", End::open, 200, "OK"},
    {"no_byte_beyond_the_length", ok + "content-length:2\r\n\r\nOKextra", End::open, 200, "OK"},
    {"empty", ok + "Content-Length: 0\r\n\r\n", End::open, 200, ""},
    {"no_content_with_204", "HTTP/1.1 204 No Content\r\n\r\n", End::open, 204, ""},
    {"no_content_with_304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", End::open, 304, ""},
    {"until_close", ok + "\r\nall of it", End::closed, 200, "all of it"},
    {"until_close_and_empty", ok + "\r\n", End::closed, 200, ""},
    {"http_1_0", "HTTP/1.0 503 Service Unavailable\r\n\r\ndown", End::closed, 503, "down"},
    // What a loop of nc in a script sends.
    {"lf_alone", "HTTP/1.1 200 OK\nA: b\n\nup", End::closed, 200, "up"},
    {"lf_alone_and_a_length", "HTTP/1.0 200\nContent-Length: 2\n\nupward", End::open, 200, "up"},
    {"lf_alone_and_chunks", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nup\n0\n\n", End::open, 200, "up"},
    {"either_end_of_line", "HTTP/1.1 200 OK\r\nA: b\n\r\nup", End::closed, 200, "up"},
    {"no_reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", End::open, 200, ""},
    {"no_reason_and_no_space", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", End::open, 200, ""},
    {"chunked", ok + "Transfer-Encoding: Chunked\r\n\r\n4\r\nWiki\r\n0a;x=\"y\"\r\nin chunks.\r\n0\r\nA: b\r\n\r\n", End::open, 200,
     "Wikiin chunks."},
    {"interim_answers_are_passed_over",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok + "Content-Length: 1\r\n\r\nx", End::open, 200,
     "x"},
    {"equal_lengths", ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", End::open, 200, "x"},
};

const std::vector<Case> bad = {
    {"nothing", "", End::closed, 0, "the connection was closed without an answer"},
    {"half_a_status_line", "HTTP/1.1 20", End::closed, 0, "the connection was closed in the middle of the answer"},
    {"half_a_head", ok, End::closed, 0, "the connection was closed in the middle of the answer"},
    {"half_a_body", ok + "Content-Length: 3\r\n\r\nOK", End::closed, 0, "the connection was closed in the middle of the answer"},
    {"half_the_chunks", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n", End::closed, 0,
     "the connection was closed in the middle of the answer"},
    {"only_an_interim_answer", "HTTP/1.1 100 Continue\r\n\r\n", End::closed, 0, "the connection was closed in the middle of the answer"},
    {"another_protocol", "SSH-2.0-OpenSSH_9.2\r\n", End::open, 0, "the answer is not HTTP/1.1"},
    {"http_2", "HTTP/2 200\r\n\r\n", End::open, 0, "the answer is not HTTP/1.1"},
    {"a_status_of_four_digits", "HTTP/1.1 2000 OK\r\n\r\n", End::open, 0, "the answer is not HTTP/1.1"},
    {"a_status_below_100", "HTTP/1.1 099 OK\r\n\r\n", End::open, 0, "the answer is not HTTP/1.1"},
    {"a_negative_status", "HTTP/1.1 -20 OK\r\n\r\n", End::open, 0, "the answer is not HTTP/1.1"},
    {"a_nul", ok + std::string("A: \0\r\n\r\n", 9), End::open, 0, "the answer's head holds a control character"},
    {"a_folded_line", ok + "A: b\r\n c\r\n\r\n", End::open, 0, "the answer has a malformed header"},
    {"a_line_without_a_colon", ok + "A b\r\n\r\n", End::open, 0, "the answer has a malformed header"},
    {"a_space_before_the_colon", ok + "Content-Length : 2\r\n\r\nOK", End::open, 0, "the answer has a malformed header"},
    {"two_lengths", ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nOK", End::open, 0, "the answer's Content-Length is malformed"},
    {"a_signed_length", ok + "Content-Length: +2\r\n\r\nOK", End::open, 0, "the answer's Content-Length is malformed"},
    {"a_length_that_overflows", ok + "Content-Length: 99999999999999999999\r\n\r\nOK", End::open, 0,
     "the answer's Content-Length is malformed"},
    {"an_empty_length", ok + "Content-Length:\r\n\r\n", End::open, 0, "the answer's Content-Length is malformed"},
    {"length_and_chunks", ok + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n", End::open, 0,
     "the answer has both Transfer-Encoding and Content-Length"},
    {"another_coding", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", End::open, 0,
     "the answer has a transfer coding other than chunked"},
    {"chunked_twice", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", End::open, 0,
     "the answer has a transfer coding other than chunked"},
    {"a_chunk_without_a_size", ok + "Transfer-Encoding: chunked\r\n\r\n\r\n", End::open, 0, "a chunk of the answer has no size"},
    {"a_chunk_of_0x2", ok + "Transfer-Encoding: chunked\r\n\r\n0x2\r\nOK\r\n", End::open, 0, "a chunk of the answer has no size"},
    {"a_chunk_that_is_longer", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nOK!\r\n", End::open, 0,
     "a chunk of the answer is longer than its size"},
    {"another_protocol_that_was_not_asked_for", "HTTP/1.1 101 Switching Protocols\r\n\r\n", End::open, 0,
     "the answer switches protocols, which was not asked for"},
};

const auto name_of = [](const auto& instance) { return instance.param.name; };
INSTANTIATE_TEST_SUITE_P(Good, AnAnswer, ::testing::ValuesIn(good), name_of);
INSTANTIATE_TEST_SUITE_P(Bad, AnAnswer, ::testing::ValuesIn(bad), name_of);

TEST(AnEndlessAnswer, of_headers_is_cut_off) {
    ResponseReader reader;
    Progress progress = reader.read(ok);
    std::size_t sent = ok.size();
    for (const std::string line = "A: " + std::string(1000, 'b') + "\r\n"; progress == Progress::more; sent += line.size())
        progress = reader.read(line);
    EXPECT_EQ(progress, Progress::failed);
    EXPECT_LE(sent, ResponseReader::head_max + 2000);
}

TEST(AnEndlessAnswer, of_interim_answers_is_cut_off) {
    ResponseReader reader;
    Progress progress = Progress::more;
    for (int i = 0; i < 10'000 && progress == Progress::more; ++i) progress = reader.read("HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(progress, Progress::failed);
}

TEST(AnEndlessAnswer, of_one_line_or_one_chunk_line_is_cut_off) {
    for (const std::string& begin : {std::string(), ok + "Transfer-Encoding: chunked\r\n\r\n2;"}) {
        ResponseReader reader;
        Progress progress = reader.read(begin);
        for (int i = 0; i < 100 && progress == Progress::more; ++i) progress = reader.read(std::string(1000, 'x'));
        EXPECT_EQ(progress, Progress::failed);
    }
}

TEST(AnEndlessAnswer, of_content_is_taken_for_what_came_of_it) {
    for (const std::string& head :
         {ok + "\r\n", ok + "Content-Length: 9000000000\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n"}) {
        ResponseReader reader;
        Progress progress = reader.read(head);
        for (const std::string piece(10'000, 'x'); progress == Progress::more;) progress = reader.read(piece);
        EXPECT_EQ(progress, Progress::complete);
        EXPECT_EQ(reader.status(), 200);
        EXPECT_EQ(reader.body().size(), ResponseReader::body_max);
    }
}

}  // namespace
}  // namespace tinyhttpd::probe
