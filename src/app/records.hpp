// SPDX-License-Identifier: MIT
// Records: what a run keeps of its requests, each only if it is asked for: the access log, the capture, and the tally of what is
// expected. Opened before the workers start, finished when they have returned.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/lifecycle.hpp"
#include "app/serve.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "log/access_log.hpp"
#include "log/capture.hpp"
#include "log/diagnostics.hpp"
#include "site/expectations.hpp"

namespace tinyhttpd {

class Records {
public:
    /// `diagnostics` outlives it.
    [[nodiscard]] static Result<std::unique_ptr<Records>> open(const config::Config& config, std::uint32_t workers,
                                                               log::Diagnostics& diagnostics);

    /// Hands them to the workers, which this outlives.
    void attach_to(Job& job);
    /// After a rename: HUP, USR1.
    void reopen();
    /// Nothing is waited for any more, by nobody.
    void abandon();
    /// All workers have returned: waits for what they have left here, within the lifecycle's time. `look_again` lets that look.
    void finish(Lifecycle& lifecycle, const std::function<void()>& look_again);
    /// What was expected and has not come, a line each.
    [[nodiscard]] std::vector<std::string> unmet() const;

private:
    std::unique_ptr<log::AccessLog> access_log_;
    std::unique_ptr<log::Capture> capture_;
    std::vector<site::Tally> tallies_;  ///< by worker
};

}  // namespace tinyhttpd
