// SPDX-License-Identifier: MIT
#include "http/reply.hpp"

#include "http/accept_encoding.hpp"
#include "http/cors.hpp"

namespace tinyhttpd::http {

void Reply::consider_fields(const RequestHead& head, std::string_view bytes, const site::Site& site) {
    if (kind == Kind::options) return;
    if (site.has_preflights() && is_preflight(head, bytes)) {
        kind = Kind::preflight;
    } else if (kind == Kind::answer) {
        index += static_cast<std::uint32_t>(choose_coding(bytes, site.answers()[index].codings));
    } else if (kind == Kind::planned) {
        variant = static_cast<std::uint8_t>(choose_coding(bytes, site.answers()[site.plan(index).ok().answer].codings));
    }
}

}  // namespace tinyhttpd::http
