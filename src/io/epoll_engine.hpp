// SPDX-License-Identifier: MIT
// The epoll engine: the shared readiness half over the epoll poller. Linux only.
#pragma once

#include "io/epoll_poller.hpp"
#include "io/readiness_engine.hpp"

namespace tinyhttpd::io {

using EpollEngine = ReadinessEngine<EpollPoller>;
static_assert(Engine<EpollEngine>);

}  // namespace tinyhttpd::io
