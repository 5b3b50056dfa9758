// SPDX-License-Identifier: MIT
#include "app/records.hpp"

#include <chrono>

#include "app/job.hpp"

namespace tinyhttpd {

Result<std::unique_ptr<Records>> Records::open(const config::Config& config, std::uint32_t workers, log::Diagnostics& diagnostics) {
    auto records = std::make_unique<Records>();
    if (!config.log.access.empty()) {
        TRY(records->access_log_, log::AccessLog::open(to_log_options(config.log), diagnostics));
    }
    if (!config.capture.file.empty()) {
        TRY(records->capture_, log::Capture::open(config.capture.file, workers, diagnostics));
    }
    if (!config.expect.empty())
        records->tallies_.assign(workers, site::Tally(std::make_shared<const site::Expectations>(to_expectations(config.expect))));
    return records;
}

void Records::attach_to(Job& job) {
    job.access_log = access_log_.get();
    job.capture = capture_.get();
    job.tallies = tallies_;
}

void Records::reopen() {
    if (access_log_) access_log_->reopen();
}

void Records::abandon() {
    if (access_log_) access_log_->abandon();
    if (capture_) capture_->file().abandon();
}

void Records::finish(Lifecycle& lifecycle, const std::function<void()>& look_again) {
    if (access_log_) {
        access_log_->finish(look_again);
        lifecycle.wait_until([&] { return access_log_->finished(); });
        access_log_->close(std::chrono::milliseconds::zero());
    }
    if (capture_) {
        capture_->file().finish(look_again);
        lifecycle.wait_until([&] { return capture_->file().finished(); });
        capture_->file().close(std::chrono::milliseconds::zero());
    }
}

std::vector<std::string> Records::unmet() const {
    std::vector<const site::Tally*> all;
    all.reserve(tallies_.size());
    for (const site::Tally& tally : tallies_) all.push_back(&tally);
    return site::verdict(all);
}

}  // namespace tinyhttpd
