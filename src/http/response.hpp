// SPDX-License-Identifier: MIT
// Renderings: every answer this server can give, rendered once at start, so that answering is choosing. The responder
// picks; nothing here knows a request. One per worker: the counts of leases are plain integers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/protocol.hpp"
#include "base/verify.hpp"
#include "http/status.hpp"

namespace tinyhttpd::http {

struct HeaderField {
    std::string name;
    std::string value;
};

/// The configured answer as plain values, all defaults filled in and all values validated.
struct ResponseSpec {
    int status = 200;
    std::string reason;                       ///< may be empty (RFC 9112 §4)
    std::shared_ptr<const std::string> body;  ///< shared by all workers, never copied when large; null: none
    std::vector<HeaderField> headers;         ///< in the order sent; without Content-Length, Connection and Date
    bool date = true;
};

/// What an answer says about the connection after it.
enum class Persistence : std::uint8_t {
    keep_alive,      ///< HTTP/1.1: says nothing
    keep_alive_1_0,  ///< `Connection: keep-alive`
    close,           ///< `Connection: close`
};

/// Whether an answer's content is sent, or its head alone as HEAD wants it.
enum class Content : std::uint8_t { sent, left_out };

/// Date is renewed by making a new *generation* of all rendered heads: bytes a running send has been lent never change. A
/// batch holds a lease on the generation it points into; a generation without leases is reused in place, so that there is
/// normally one. Their number is bounded by the running sends, and by the seconds that the longest of them lasts.
class Renderings {
public:
    /// Heads say 1970 until the first refresh(). Answers of head and body up to `write_buffer` bytes are rendered as one
    /// piece, and the most common one repeatedly, so that a run of equal answers is one slice.
    Renderings(const ResponseSpec& spec, std::size_t write_buffer);

    /// Slices that one answer needs in a batch, at most.
    static constexpr std::size_t slices_per_answer = 2;

    /// Puts `now` into the Date of every answer given from here on. Does nothing unless the second changed.
    void refresh(std::time_t now) {
        if (now != second_) renew(now);
    }

    /// Appends the configured answer. Requires slices_per_answer of room, as the others do.
    void answer(Batch& out, Persistence persistence, Content content) {
        borrow(out);
        if (persistence == Persistence::keep_alive && content == Content::sent) [[likely]] {
            if (!lengthen_run(out)) append(out, configured_.front(), Content::sent);
        } else {
            append(out, configured_[static_cast<std::size_t>(persistence)], content);
        }
    }
    /// Bytes of content in the configured answer.
    [[nodiscard]] std::uint64_t content_size() const { return content_size_; }
    [[nodiscard]] int status() const { return status_; }

    /// Appends the answer to `OPTIONS *`: 200, Allow, no content.
    void answer_options(Batch& out, Persistence persistence);
    /// Appends an error: its phrase and why as the content, and `Connection: close`. Returns the bytes of content sent.
    std::uint64_t refuse(Batch& out, Refusal refusal, Content content);
    /// Appends `100 Continue`, which is no final answer.
    static void invite(Batch& out);

    /// The send of a batch that held `lease` is over. no_lease is allowed.
    void release(Lease lease) {
        if (lease == no_lease) return;
        VERIFY(lease < generations_.size() && generations_[lease].leases > 0);
        --generations_[lease].leases;
    }
    /// Generations in memory, in use or kept for reuse.
    [[nodiscard]] std::size_t generations() const { return generations_.size(); }

private:
    struct Rendered {
        std::size_t offset = 0;  ///< in a generation
        std::size_t head_size = 0;
        std::size_t size = 0;                  ///< of the head and the content rendered behind it
        const std::string* content = nullptr;  ///< sent as a slice of its own; null: none, or rendered behind the head
        std::size_t head_only_offset = 0;      ///< the copy whose head answers HEAD; see lengthen_run()
    };
    struct Generation {
        std::unique_ptr<char[]> bytes;
        std::uint32_t leases = 0;
    };
    /// What differs between two heads.
    struct HeadParts {
        int status;
        std::string_view reason;
        const std::vector<HeaderField>& headers;
        std::optional<std::size_t> content_length;
        std::string_view connection;  ///< empty: no such field
        bool date;
    };

    Rendered render(const HeadParts& parts, std::string_view content);
    void render_configured(const ResponseSpec& spec, std::size_t write_buffer);
    void render_fixed(const ResponseSpec& spec);
    void renew(std::time_t now);
    [[nodiscard]] std::size_t free_generation();

    void borrow(Batch& out) {
        if (out.lease == no_lease) {
            out.lease = current_;
            ++generations_[current_].leases;
        }
        ASSERT(out.lease == current_);
    }
    /// A slice that starts where the run starts holds whole answers of the run and nothing else: heads for HEAD are taken
    /// from the last copy of the run, or, when that is the only one, can never be lengthened.
    bool lengthen_run(Batch& out) const {
        if (out.empty()) return false;
        const Slice& last = out.slices().back();
        if (last.data != bytes_ || last.size + run_step_ > run_size_) return false;
        out.extend_last(run_step_);
        return true;
    }
    void append(Batch& out, const Rendered& rendered, Content content) const {
        if (content == Content::left_out) return out.push({bytes_ + rendered.head_only_offset, rendered.head_size});
        out.push({bytes_ + rendered.offset, rendered.size});
        if (rendered.content != nullptr) out.push({rendered.content->data(), rendered.content->size()});
    }

    const char* bytes_ = nullptr;  ///< of the current generation; the run is at its start
    std::size_t run_step_ = 0;     ///< bytes of one answer of the run
    std::size_t run_size_ = 0;
    Lease current_ = 0;
    int status_;
    std::array<Rendered, 3> configured_;  ///< by Persistence
    std::uint64_t content_size_ = 0;
    std::time_t second_ = 0;
    std::vector<Generation> generations_;
    std::array<Rendered, 3> options_;                      ///< by Persistence
    std::array<Rendered, refusal_table.size()> refusals_;  ///< by Refusal
    std::string prototype_;                                ///< what a new generation is copied from
    std::vector<std::size_t> date_positions_;              ///< in a generation
    std::shared_ptr<const std::string> body_;              ///< kept alive for the slices that point into it
};

}  // namespace tinyhttpd::http
