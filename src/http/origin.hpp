// SPDX-License-Identifier: MIT
// Origin: what HTTP has to know of the listener that a connection came in by. Whoever makes the responder tells it of each
// listener; how and where it listens is not HTTP's business.
#pragma once

namespace tinyhttpd::http {

struct Origin {
    bool has_authority = true;  ///< a host and a port lead to it; false for a unix socket
    bool is_secure = false;     ///< it speaks TLS
};

}  // namespace tinyhttpd::http
