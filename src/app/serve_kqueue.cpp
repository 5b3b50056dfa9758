// SPDX-License-Identifier: MIT
// The worker on kqueue.
#include "app/serve.hpp"
#include "io/kqueue_engine.hpp"

namespace tinyhttpd {

tcp::ServerOutcome serve_kqueue(const Job& job, std::uint32_t seat, tcp::Crew& crew, tcp::StartLine& start) {
    return serve<io::KqueueEngine>(job, seat, crew, start);
}

}  // namespace tinyhttpd
