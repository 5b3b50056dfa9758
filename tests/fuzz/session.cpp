// SPDX-License-Identifier: MIT
// Fuzz target: a whole connection, split at random. Oracles: the same output for any split (a 100 Continue, which depends
// on when content arrives, left aside); every answer well-formed and none behind one that closes; nothing consumed that
// was not there, and no more kept than a head; the log has one line per answer.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/verify.hpp"
#include "support/http_driver.hpp"

namespace {

using namespace tinyhttpd;
using namespace tinyhttpd::testing;

std::vector<LoggedLine> log_lines;  // NOLINT: the responder's log outlives each input
http::Responder<RecordingLog>& responder() {
    static http::Responder<RecordingLog> one(site::one_answer(case_response()), case_limits(), RecordingLog(log_lines), &example_time);
    return one;
}

std::string without_invitations(std::string text) {
    static constexpr std::string_view invitation = "HTTP/1.1 100 Continue\r\n\r\n";
    for (std::size_t at = 0; (at = text.find(invitation, at)) != std::string::npos;) text.erase(at, invitation.size());
    return text;
}

// How many answers `output` holds, each of which must be one we can give; an answer that closes is the last.
std::uint32_t count_answers(std::string_view output) {
    std::uint32_t count = 0;
    while (!output.empty()) {
        VERIFY(output.starts_with("HTTP/1.1 "));
        const std::size_t end = output.find("\r\n\r\n");
        VERIFY(end != std::string_view::npos);
        const std::string_view head = output.substr(0, end + 2);
        VERIFY(head.find("\r\nContent-Length: ") != std::string_view::npos && head.find("\r\nDate: ") != std::string_view::npos);
        const bool is_error = head[9] != '2';
        const bool closes = head.find("\r\nConnection: close\r\n") != std::string_view::npos;
        VERIFY(closes || !is_error);
        output.remove_prefix(end + 4);
        const std::size_t next = output.find("HTTP/1.1 ");
        VERIFY(!closes || next == std::string_view::npos);
        output.remove_prefix(std::min(next, output.size()));
        ++count;
    }
    return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) return 0;
    // The first bytes seed the split.
    std::uint32_t random = static_cast<std::uint32_t>(data[0] << 16 | data[1] << 8 | data[2]) + 1;
    const std::string_view input(reinterpret_cast<const char*>(data) + 3, size - 3);

    log_lines.clear();
    Driven whole = drive(responder(), {input});
    const std::vector<LoggedLine> whole_lines = log_lines;
    whole.output = without_invitations(whole.output);
    VERIFY(count_answers(whole.output) == whole.answers && whole.answers == whole_lines.size());

    log_lines.clear();
    Connection connection(responder());
    for (std::string_view rest = input; !rest.empty() && !connection.driven().closed;) {
        random = random * 1664525 + 1013904223;
        const std::size_t piece = std::min<std::size_t>(rest.size(), 1 + (random >> 16) % ((random >> 28) + 1U) * 8);
        connection.receive(rest.substr(0, piece));
        rest.remove_prefix(piece);
        VERIFY(connection.pending() < CaseSettings::max_head);
    }
    Driven split = connection.driven();
    split.output = without_invitations(split.output);
    VERIFY(split == whole && log_lines == whole_lines);
    return 0;
}
