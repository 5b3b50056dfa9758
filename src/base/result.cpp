// SPDX-License-Identifier: MIT
// The words for an errno value. Those that a user may meet are ours, since libraries differ (strerror(3): "Address already in use" with
// glibc, "Address in use" with musl, other words elsewhere) and a script or a search for the message should not.
#include "base/result.hpp"

#include <algorithm>
#include <array>
#include <system_error>

namespace tinyhttpd {

namespace {

struct Reason {
    int code;
    std::string_view text;
};

constexpr auto reasons = std::to_array<Reason>({
    {EACCES, "permission denied"},
    {EADDRINUSE, "address already in use"},
    {EADDRNOTAVAIL, "cannot assign requested address"},
    {EAFNOSUPPORT, "address family not supported"},
    {EAGAIN, "resource temporarily unavailable"},
    {EBADF, "bad file descriptor"},
    {ECONNABORTED, "connection aborted"},
    {ECONNREFUSED, "connection refused"},
    {ECONNRESET, "connection reset by peer"},
    {EEXIST, "file exists"},
    {EFBIG, "file too large"},
    {EHOSTUNREACH, "no route to host"},
    {EINVAL, "invalid argument"},
    {EIO, "I/O error"},
    {EISDIR, "is a directory"},
    {ELOOP, "too many levels of symbolic links"},
    {EMFILE, "too many open files"},
    {ENAMETOOLONG, "file name too long"},
    {ENETUNREACH, "network is unreachable"},
    {ENFILE, "too many open files in system"},
    {ENOBUFS, "no buffer space available"},
    {ENODEV, "no such device"},
    {ENOENT, "no such file or directory"},
    {ENOMEM, "cannot allocate memory"},
    {ENOSPC, "no space left on device"},
    {ENOSYS, "function not implemented"},
    {ENOTCONN, "not connected"},
    {ENOTDIR, "not a directory"},
    {ENOTSOCK, "not a socket"},
    {ENOTSUP, "operation not supported"},
    {ENXIO, "no such device or address"},
    {EPERM, "operation not permitted"},
    {EPIPE, "broken pipe"},
    {EPROTOTYPE, "wrong type of socket"},
    {EROFS, "read-only file system"},
    {ETIMEDOUT, "connection timed out"},
});

}  // namespace

std::string reason_text(int code) {
    if (const auto* found = std::ranges::find(reasons, code, &Reason::code); found != reasons.end()) return std::string(found->text);
    std::string reason = std::generic_category().message(code);
    // strerror capitalises; in the C locale its messages read better in lower case here ("I/O error" aside).
    if (reason.size() > 1 && reason[1] >= 'a' && reason[1] <= 'z' && reason[0] >= 'A' && reason[0] <= 'Z')
        reason[0] = static_cast<char>(reason[0] + ('a' - 'A'));
    return reason;
}

}  // namespace tinyhttpd
