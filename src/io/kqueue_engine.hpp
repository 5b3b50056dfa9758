// SPDX-License-Identifier: MIT
// The kqueue engine: the shared readiness half over the kqueue poller. macOS and the BSDs.
#pragma once

#include "io/kqueue_poller.hpp"
#include "io/readiness_engine.hpp"

namespace tinyhttpd::io {

using KqueueEngine = ReadinessEngine<KqueuePoller>;
static_assert(Engine<KqueueEngine>);

}  // namespace tinyhttpd::io
