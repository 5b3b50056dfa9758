// SPDX-License-Identifier: MIT
// Renderings: every answer this server can give, rendered once, so that answering is choosing: those of a site, and what HTTP
// itself has to say. The responder picks; nothing here knows a request. One per worker: the counts of leases are plain integers.
#pragma once

#include <algorithm>
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
#include "site/site.hpp"

namespace tinyhttpd::http {

/// RFC 9110 §5.6.7, IMF-fixdate.
using DateText = std::array<char, 29>;
[[nodiscard]] DateText date_text(std::time_t now);

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
    /// Leases are numbers from `first_lease` on.
    Renderings(const site::Site& site, std::size_t write_buffer, Lease first_lease = 0);

    /// Slices that one answer needs in a batch, at most.
    static constexpr std::size_t slices_per_answer = 2;

    /// Puts `now` into the Date of every answer given from here on. Does nothing unless the second changed.
    void refresh(std::time_t now) {
        if (now != second_) renew(now);
    }

    /// Appends an answer of the site. Requires slices_per_answer of room, as the others do.
    [[gnu::always_inline]] void answer(Batch& out, site::AnswerId id, Persistence persistence, Content content) {
        borrow(out);
        const Answer& answer = answer_at(id);
        if (persistence != Persistence::keep_alive || content != Content::sent) [[unlikely]]
            return append(out, answer.rendered[static_cast<std::size_t>(persistence)], content);
        if (lengthen_run(out, answer)) return;
        const Rendered& rendered = answer.rendered.front();
        out.push({bytes_ + rendered.offset, rendered.size});
        if (!rendered.content.empty()) [[unlikely]]
            out.push({rendered.content.data(), rendered.content.size()});
    }
    /// The same where it is rare: in line only the way of every request is.
    [[gnu::noinline]] void answer_apart(Batch& out, site::AnswerId id, Persistence persistence, Content content) {
        answer(out, id, persistence, content);
    }
    /// Appends the head of an answer and as much of its content; of the head itself half where no content is sent.
    void cut(Batch& out, site::AnswerId id, Persistence persistence, Content content, std::uint64_t content_bytes);
    /// Appends so many bytes of an answer's content from there on.
    void content_piece(Batch& out, site::AnswerId id, std::uint64_t from, std::uint64_t size) {
        borrow(out);
        out.push({answers_[id].content.data() + from, static_cast<std::size_t>(size)});
    }
    /// The content of an answer as it is sent. It stays where it is as long as this object.
    [[nodiscard]] std::string_view content(site::AnswerId id) const { return answers_[id].content; }
    [[nodiscard]] int status(site::AnswerId id) const { return answers_[id].status; }
    /// Appends bytes that are no HTTP.
    static void garbage(Batch& out);

    /// Appends the answer to `OPTIONS *`: 200, Allow, no content.
    void answer_options(Batch& out, Persistence persistence);
    /// Appends an error: its phrase and why as the content, and `Connection: close`. Returns the bytes of content sent.
    std::uint64_t refuse(Batch& out, Refusal refusal, Content content);
    /// Appends `100 Continue`, which is no final answer.
    static void invite(Batch& out);

    /// The send of a batch that held `lease` is over.
    void release(Lease lease) {
        const Lease generation = lease - first_lease_;
        VERIFY(generation < generations_.size() && generations_[generation].leases > 0);
        --generations_[generation].leases;
    }
    /// Whether a batch holds a lease.
    [[nodiscard]] bool is_leased() const {
        return std::ranges::any_of(generations_, [](const Generation& generation) { return generation.leases != 0; });
    }
    /// Generations in memory, in use or kept for reuse.
    [[nodiscard]] std::size_t generations() const { return generations_.size(); }

private:
    struct Rendered {
        std::size_t offset = 0;  ///< in a generation
        std::size_t head_size = 0;
        std::size_t size = 0;              ///< of the head and the content rendered behind it
        std::string_view content = {};     ///< sent as a slice of its own; empty: none, or rendered behind the head
        std::size_t head_only_offset = 0;  ///< the copy whose head answers HEAD; see lengthen_run()
    };
    struct Answer {
        std::array<Rendered, 3> rendered;  ///< by Persistence
        std::size_t run_step = 0;          ///< bytes of one answer of the run, which begins with the first of them
        std::size_t run_size = 0;
        std::string_view content;
        int status = 0;
    };
    struct Generation {
        std::unique_ptr<char[]> bytes;
        std::uint32_t leases = 0;
    };
    /// What differs between two heads.
    struct HeadParts {
        int status;
        std::string_view reason;
        std::string_view field_lines;  ///< of the answer itself, each with its CRLF
        std::optional<std::size_t> content_length;
        Persistence persistence;
        bool date;
    };

    Rendered render(const HeadParts& parts, std::string_view content);
    /// Renders once more what the prototype's last bytes are. With `has_date` the only Date in them is the last that was rendered.
    void repeat(std::size_t bytes, bool has_date);
    void render_answer(const site::Answer& configured, std::size_t piece_max, std::size_t run_max);
    void render_fixed(const site::Common& common);
    void renew(std::time_t now);
    [[nodiscard]] std::size_t free_generation();

    /// Of this site: no number that a peer has a hand in, and a check would cost as much as the rest of choosing.
    [[nodiscard]] const Answer& answer_at(site::AnswerId id) const {
        ASSERT(id < answers_.size());
        return answers_.data()[id];
    }
    void borrow(Batch& out) {
        if (out.lease == no_lease) {
            out.lease = first_lease_ + current_;
            ++generations_.data()[current_].leases;
        }
        ASSERT(out.lease == first_lease_ + current_);
    }
    /// A slice that starts where the run starts holds whole answers of the run and nothing else: heads for HEAD are taken
    /// from the last copy of the run, or, when that is the only one, can never be lengthened.
    bool lengthen_run(Batch& out, const Answer& answer) const {
        if (out.empty()) return false;
        const Slice& last = out.slices().back();
        if (last.data != bytes_ + answer.rendered.front().offset || last.size + answer.run_step > answer.run_size) return false;
        out.extend_last(answer.run_step);
        return true;
    }
    [[gnu::noinline]] void append(Batch& out, const Rendered& rendered, Content content) const {
        if (content == Content::left_out) return out.push({bytes_ + rendered.head_only_offset, rendered.head_size});
        out.push({bytes_ + rendered.offset, rendered.size});
        if (!rendered.content.empty()) out.push({rendered.content.data(), rendered.content.size()});
    }

    const char* bytes_ = nullptr;  ///< of the current generation
    Lease first_lease_;
    Lease current_ = 0;
    std::vector<Answer> answers_;  ///< by AnswerId
    std::time_t second_ = 0;
    std::vector<Generation> generations_;
    std::array<Rendered, 3> options_;                         ///< by Persistence
    std::array<Rendered, refusal_table.size()> refusals_;     ///< by Refusal
    std::string prototype_;                                   ///< what a new generation is copied from
    std::vector<std::size_t> date_positions_;                 ///< in a generation
    std::vector<std::shared_ptr<const std::string>> bodies_;  ///< kept alive for the slices that point into them
};

}  // namespace tinyhttpd::http
