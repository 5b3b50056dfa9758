// SPDX-License-Identifier: MIT
// ResponseReader: the client's half of HTTP/1.1, as little of it as a probe needs: the final response to one GET, read from bytes
// that come split anyhow. It knows no socket (client.cpp feeds it) and is strict: what a proxy might read in another way is no
// healthy answer, but that a line may end with LF alone, as every client takes it. What it keeps is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tinyhttpd::probe {

class ResponseReader {
public:
    static constexpr std::size_t head_max = 64 * 1024;  ///< bytes of all heads, chunk lines and trailers together
    static constexpr std::size_t body_max = 1024 * 1024;

    enum class Progress : std::uint8_t {
        more,      ///< more is to come
        complete,  ///< status() and body() are what was answered; further bytes do not matter
        failed,    ///< it is no HTTP/1.1 response: see failure()
    };

    /// Takes bytes as they come. Must not be called again once complete or failed.
    [[nodiscard]] Progress read(std::string_view input);
    /// The server has ended the connection.
    [[nodiscard]] Progress finish();

    /// Of the final response; interim ones (1xx) are passed over. 0 before its head has been read.
    [[nodiscard]] int status() const { return status_; }
    /// The content without its framing. A longer one than body_max counts as complete there.
    [[nodiscard]] const std::string& body() const { return body_; }
    /// What was wrong, in words that follow on "probe URL: ".
    [[nodiscard]] std::string_view failure() const { return failure_; }

private:
    /// RFC 9112 §6.3: what comes next.
    enum class Stage : std::uint8_t { status_line, field_line, counted, until_close, chunk_size, chunk_data, chunk_end, trailer };

    Progress on_line(std::string_view line);
    Progress on_status_line(std::string_view line);
    Progress on_field_line(std::string_view line);
    Progress on_head_end();
    Progress on_chunk_size(std::string_view line);
    Progress take_content(std::string_view& input);
    Progress fail(std::string_view why);

    Stage stage_ = Stage::status_line;
    std::string line_;  ///< the unfinished one
    std::size_t lines_size_ = 0;
    int status_ = 0;
    std::optional<std::uint64_t> length_;  ///< the Content-Length
    bool chunked_ = false;
    std::uint64_t left_ = 0;  ///< of the content or the chunk
    std::string body_;
    std::string_view failure_;
};

}  // namespace tinyhttpd::probe
