// SPDX-License-Identifier: MIT
// The worker on epoll.
#include "app/serve.hpp"
#include "io/epoll_engine.hpp"

namespace tinyhttpd {

tcp::ServerOutcome serve_epoll(const Job& job, std::uint32_t seat, tcp::Crew& crew, tcp::StartLine& start) {
    return serve<io::EpollEngine>(job, seat, crew, start);
}

}  // namespace tinyhttpd
