// SPDX-License-Identifier: MIT
#include "base/write_all.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace tinyhttpd {

Result<void> write_all(int fd, std::string_view text, const std::string& subject) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count >= 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
            ::poll(&entry, 1, -1);
        } else if (errno != EINTR) {
            return fail("write to", subject);
        }
    }
    return {};
}

}  // namespace tinyhttpd
