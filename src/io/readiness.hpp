// SPDX-License-Identifier: MIT
// What a poller (epoll, kqueue) tells the readiness engine, and the tags by which it names a descriptor.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace tinyhttpd::io {

/// 64 bits handed to the kernel with a descriptor: a slot (low half) and its generation (high half), or one of the two below.
using Tag = std::uint64_t;

inline constexpr std::uint32_t waker_slot = ~std::uint32_t{0};
inline constexpr std::uint32_t listener_slot = waker_slot - 1;  ///< the high half is the ListenerId
inline constexpr Tag waker_tag = waker_slot;

[[nodiscard]] constexpr Tag make_tag(std::uint32_t slot, std::uint32_t generation) {
    return std::uint64_t{generation} << 32 | slot;
}
[[nodiscard]] constexpr std::uint32_t tag_slot(Tag tag) {
    return static_cast<std::uint32_t>(tag);
}
[[nodiscard]] constexpr std::uint32_t tag_generation(Tag tag) {
    return static_cast<std::uint32_t>(tag >> 32);
}

struct Readiness {
    Tag tag;
    bool readable;  ///< there are bytes, or a FIN or an error to be read
    bool writable;
    bool ended;  ///< the peer has sent FIN or the connection died: read on until that shows, however short a read was
};

template <class P>
concept Poller = requires(P poller, const P& observed, int fd, Tag tag, std::chrono::nanoseconds timeout, std::size_t index) {
    { P::name } -> std::convertible_to<std::string_view>;
    { P::create() } -> std::same_as<Result<P>>;
    { poller.add_connection(fd, tag) } -> std::same_as<Result<void>>;
    { poller.add_listener(fd, tag) } -> std::same_as<Result<void>>;
    { poller.remove_listener(fd) };
    { poller.wait(timeout) } -> std::same_as<std::size_t>;
    { observed.readiness(index) } -> std::same_as<Readiness>;
    { observed.wake() };
    { observed.wake_seen() };  // waker_tag was reported: wait() need not report it again before the next wake()
};

}  // namespace tinyhttpd::io
