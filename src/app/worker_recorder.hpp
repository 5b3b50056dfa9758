// SPDX-License-Identifier: MIT
// WorkerRecorder: what one worker's responder tells of its requests, and to whom: the capture, whose lines answers wait for, and the
// tally of what is expected.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "base/recorder.hpp"
#include "log/capture.hpp"
#include "site/expectations.hpp"
#include "site/router.hpp"

namespace tinyhttpd {

class WorkerRecorder final : public Recorder {
public:
    /// Both outlive it; either may be null.
    WorkerRecorder(log::CaptureDesk* desk, std::size_t content_max, site::Tally* tally)
        : desk_(desk), content_max_(content_max), tally_(tally) {}

    /// Whom the capture is to wake; empty, before that one goes: nobody any more.
    void wake_by(std::function<void()> wake) {
        if (desk_ != nullptr) desk_->sit(std::move(wake));
    }

    [[nodiscard]] bool writes_lines() const override { return desk_ != nullptr; }
    [[nodiscard]] std::size_t content_max() const override { return content_max_; }
    [[nodiscard]] Recording record(CapturedRequest& request) override {
        if (tally_ != nullptr && request.refused.empty())
            tally_->count(request.method, request.target == "*" ? request.target : site::Router::path_of(request.target));
        return desk_ != nullptr ? desk_->record(request) : Recording{};
    }
    [[nodiscard]] Line* next_told() override { return desk_ != nullptr ? desk_->next_told() : nullptr; }
    void forget(Line& line) override { desk_->forget(line); }

private:
    log::CaptureDesk* desk_;
    std::size_t content_max_;
    site::Tally* tally_;
};

}  // namespace tinyhttpd
