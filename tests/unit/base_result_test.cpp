// SPDX-License-Identifier: MIT
// The words of an Error. If they follow the C library, a script that looks for "address already in use" finds it on one system only.
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "base/result.hpp"

namespace tinyhttpd {
namespace {

struct Row {
    int code;
    std::string words;
};

void PrintTo(const Row& row, std::ostream* out) {
    *out << row.words;
}

class ReasonText : public testing::TestWithParam<Row> {};

TEST_P(ReasonText, is_ours_whatever_the_library_says) {
    EXPECT_EQ(reason_text(GetParam().code), GetParam().words);
}

// Each of these reads differently with glibc, musl, macOS or a BSD; the second half with glibc.
INSTANTIATE_TEST_SUITE_P(Codes, ReasonText,
                         testing::Values(Row{EADDRINUSE, "address already in use"},              // musl: Address in use
                                         Row{EADDRNOTAVAIL, "cannot assign requested address"},  // musl: Address not available
                                         Row{ENAMETOOLONG, "file name too long"},                // musl: Filename too long
                                         Row{ENOMEM, "cannot allocate memory"},                  // musl: Out of memory
                                         Row{EMFILE, "too many open files"},                     // musl: No file descriptors available
                                         Row{ENXIO, "no such device or address"},                // macOS: Device not configured
                                         Row{EIO, "I/O error"},                                  // glibc: Input/output error
                                         Row{EAFNOSUPPORT, "address family not supported"}, Row{ENOTSOCK, "not a socket"},
                                         Row{EPROTOTYPE, "wrong type of socket"}, Row{ECONNABORTED, "connection aborted"}));

TEST(ReasonTextTest, what_is_not_listed_reads_inside_a_sentence_too) {
    EXPECT_EQ(reason_text(EXDEV).find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string::npos) << reason_text(EXDEV);
}

TEST(ErrorTest, it_says_what_failed_why_and_what_to_do) {
    EXPECT_EQ((Error{"listen on", "127.0.0.1:8000", EADDRINUSE, "try port 0"}).text(),
              "cannot listen on 127.0.0.1:8000: address already in use (try port 0)");
    EXPECT_EQ((Error{"listen on", "systemd", 0, "no socket was passed in"}).text(), "cannot listen on systemd: no socket was passed in");
    EXPECT_EQ((Error{"create a pipe", {}, EMFILE}).text(), "cannot create a pipe: too many open files");
}

}  // namespace
}  // namespace tinyhttpd
