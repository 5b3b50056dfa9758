// SPDX-License-Identifier: MIT
// Reply: what a request asks of its answer, as far as its head decides. The responder has it worked out once for each head
// that the parser judges, and the memo keeps it. What the server itself wants (limits, closing) comes on top.
#pragma once

#include "http/request_head.hpp"
#include "http/response.hpp"

namespace tinyhttpd::http {

struct Reply {
    Persistence persistence = Persistence::keep_alive;
    Content content = Content::sent;
    bool is_options = false;  ///< `OPTIONS *`

    [[nodiscard]] static Reply to(const RequestHead& head) {
        return {persistence_of(head), content_of(head), head.form == TargetForm::asterisk};
    }
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

}  // namespace tinyhttpd::http
