// SPDX-License-Identifier: MIT
// Fuzz target: the reader of answers that `tinyhttpd probe` gets from whatever server it is pointed at. Oracles: the same outcome,
// status and content however the bytes are split, and nothing kept beyond the bounds; content that is framed here, in chunks or by
// its length or by the end of the connection, comes out as it went in.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/verify.hpp"
#include "probe/response_reader.hpp"

namespace {

using tinyhttpd::probe::ResponseReader;
using Progress = ResponseReader::Progress;

struct Outcome {
    Progress progress;
    int status;
    std::string body;
    std::string failure;

    bool operator==(const Outcome&) const = default;
};

Outcome read_stepwise(std::string_view input, std::size_t step) {
    ResponseReader reader;
    Progress progress = Progress::more;
    while (progress == Progress::more && !input.empty()) {
        const std::vector<char> exact(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(std::min(step, input.size())));
        progress = reader.read({exact.data(), exact.size()});
        input.remove_prefix(exact.size());
    }
    if (progress == Progress::more) progress = reader.finish();
    VERIFY(progress != Progress::more);
    VERIFY((progress == Progress::failed) != reader.failure().empty());
    VERIFY(reader.body().size() <= ResponseReader::body_max);
    if (progress == Progress::complete) VERIFY(reader.status() >= 200 && reader.status() <= 999);
    return {progress, reader.status(), reader.body(), std::string(reader.failure())};
}

std::string number(std::size_t value, int base) {
    char digits[20];
    return {digits, std::to_chars(digits, digits + sizeof digits, value, base).ptr};
}

std::string in_chunks(std::string_view content, std::size_t size_max) {
    std::string framed = "Transfer-Encoding: chunked\r\n\r\n";
    while (!content.empty()) {
        const std::string_view chunk = content.substr(0, size_max);
        framed += number(chunk.size(), 16) + ";n=v\r\n" + std::string(chunk) + "\r\n";
        content.remove_prefix(chunk.size());
    }
    return framed + "0\r\nTrailer: t\r\n\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t step = 1 + data[0] % 32;
    VERIFY(read_stepwise(input, std::max<std::size_t>(input.size(), 1)) == read_stepwise(input, step));

    // Chunk lines count against the bound on heads.
    const std::string content(input.substr(0, 4096));
    const std::string head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 203 Well\r\n";
    for (const std::string& framing :
         {in_chunks(content, step), "Content-Length: " + number(content.size(), 10) + "\r\n\r\n" + content, "\r\n" + content}) {
        VERIFY((read_stepwise(head + framing, step) == Outcome{Progress::complete, 203, content, {}}));
    }
    return 0;
}
