// SPDX-License-Identifier: MIT
// Reply: what a request asks of its answer, as far as its head decides. The responder has it worked out once for each head
// that the parser judges, and the memo keeps it. What the server itself wants (limits, closing) comes on top.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/request_head.hpp"
#include "http/response.hpp"
#include "site/site.hpp"

namespace tinyhttpd::http {

struct Reply {
    enum class Kind : std::uint8_t {
        answer,     ///< always the same: `index` is its AnswerId
        planned,    ///< drawn for each request: `index` is the ResourceId
        health,     ///< `index` is a site::Choice::Question
        options,    ///< `OPTIONS *`
        preflight,  ///< of the CORS protocol

    };
    /// On top of a kind: somebody wants to know of the request before it is answered.
    static constexpr std::uint8_t recorded_bit = 128;
    std::uint32_t index = 0;
    Kind kind = Kind::answer;
    Persistence persistence = Persistence::keep_alive;
    Content content = Content::sent;
    std::uint8_t variant = 0;  ///< of what is planned: added to the answer when that is the one that varies

    [[nodiscard]] bool is_recorded() const { return (static_cast<std::uint8_t>(kind) & recorded_bit) != 0; }
    void set_recorded(bool on) {
        const std::uint8_t plain = static_cast<std::uint8_t>(kind) & static_cast<std::uint8_t>(~recorded_bit);
        kind = static_cast<Kind>(plain | (on ? recorded_bit : 0));
    }

    /// Stop 4: choose. `bytes` are those of the head.
    [[nodiscard]] static Reply to(const RequestHead& head, const char* bytes, const site::Site& site) {
        if (head.form == TargetForm::asterisk) return {0, Kind::options, persistence_of(head), Content::sent};
        const site::Choice& choice =
            site.has_routes() ? site.choose({bytes, head.method_size}, {bytes + head.method_size + 1, head.target_size}) : site.choice();
        return {choice.index, static_cast<Kind>(choice.kind), persistence_of(head), content_of(head)};
    }
    /// The rest of that choice, which only a site wants that depends on fields: a preflight, or a variant. `bytes` are the whole head.
    void consider_fields(const RequestHead& head, std::string_view bytes, const site::Site& site);

    [[nodiscard]] static Content content_of(const RequestHead& head) {
        return head.method == Method::head ? Content::left_out : Content::sent;
    }
    /// RFC 9112 §9.3.
    [[nodiscard]] static Persistence persistence_of(const RequestHead& head) {
        if ((head.fields & HeadField::connection_close) != 0) return Persistence::close;
        if (head.minor_version > 0) return Persistence::keep_alive;
        return (head.fields & HeadField::connection_keep_alive) != 0 ? Persistence::keep_alive_1_0 : Persistence::close;
    }
};

static_assert(static_cast<std::uint8_t>(Reply::Kind::answer) == static_cast<std::uint8_t>(site::Choice::Kind::answer));
static_assert(static_cast<std::uint8_t>(Reply::Kind::planned) == static_cast<std::uint8_t>(site::Choice::Kind::planned));
static_assert(static_cast<std::uint8_t>(Reply::Kind::health) == static_cast<std::uint8_t>(site::Choice::Kind::health));

}  // namespace tinyhttpd::http
