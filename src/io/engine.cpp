// SPDX-License-Identifier: MIT
// What all engines know about the errors of accept(2).
#include "io/engine.hpp"

#include <cerrno>

namespace tinyhttpd::io {

bool is_exhaustion(int error_number) {
    return error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS || error_number == ENOMEM;
}

}  // namespace tinyhttpd::io
