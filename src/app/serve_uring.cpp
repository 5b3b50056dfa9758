// SPDX-License-Identifier: MIT
// The worker on io_uring.
#include "app/serve.hpp"
#include "io/uring_engine.hpp"

namespace tinyhttpd {

tcp::ServerOutcome serve_uring(const Job& job, std::uint32_t seat, tcp::Crew& crew, tcp::StartLine& start) {
    return serve<io::UringEngine>(job, seat, crew, start);
}

}  // namespace tinyhttpd
