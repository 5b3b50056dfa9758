// SPDX-License-Identifier: MIT
// RecorderDouble: a Recorder whose lines are told when a test says so. It remembers the requests, and holds who uses it to the contract: a
// line that is told is taken once, forgotten once, and not looked at any more after that.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/recorder.hpp"
#include "base/verify.hpp"

namespace tinyhttpd::testing {

/// A CapturedRequest that owns its text, without its time.
struct RecordedRequest {
    std::uint64_t number = 0;
    std::string peer = {}, protocol = {}, method = {}, target = {}, request_line = {}, route = {};
    std::vector<std::pair<std::string, std::string>> fields = {};
    std::string body = {};
    std::uint64_t body_bytes = 0;
    int status = 0;
    std::string fault = {}, refused = {};
    friend bool operator==(const RecordedRequest&, const RecordedRequest&) = default;
};

class RecorderDouble final : public Recorder {
public:
    bool has_lines = true;  ///< false: it counts, and nothing has to be waited for
    bool takes = true;      ///< false: it has no memory, or is closed
    std::size_t content_kept = 1000;
    std::function<void(std::size_t line)> recorded = {};  ///< called for each
    std::vector<RecordedRequest> requests;

    /// Lines that were recorded and not told yet.
    [[nodiscard]] std::size_t untold() const { return untold_.size(); }
    /// Tells the first of them.
    void tell(int error = 0) { tell_line(untold_.front(), error); }
    void tell_line(std::size_t line, int error = 0) {
        VERIFY(std::erase(untold_, line) == 1);
        entries_[line]->error = error;
        told_.push_back(line);
    }
    /// Lines that somebody may wait for still.
    [[nodiscard]] std::size_t unforgotten() const {
        std::size_t count = 0;
        for (const auto& entry : entries_) count += !entry->is_forgotten;
        return count;
    }

    [[nodiscard]] bool writes_lines() const override { return has_lines; }
    [[nodiscard]] std::size_t content_max() const override { return content_kept; }
    [[nodiscard]] Recording record(CapturedRequest& request) override {
        if (!takes) return {.is_recorded = false};
        request.number = requests.size() + 1;
        const auto own = [](std::string_view text) { return std::string(text); };
        requests.push_back({request.number,
                            own(request.peer),
                            own(request.protocol),
                            own(request.method),
                            own(request.target),
                            own(request.request_line),
                            own(request.route),
                            {},
                            own(request.body),
                            request.body_bytes,
                            request.status,
                            own(request.fault),
                            own(request.refused)});
        for (const CapturedField& field : request.fields) requests.back().fields.emplace_back(field.name, field.value);
        if (!has_lines) return {};
        const std::size_t line = entries_.size();
        entries_.push_back(std::make_unique<Entry>());
        entries_.back()->connection = nobody;
        untold_.push_back(line);
        if (recorded) recorded(line);
        return {.line = entries_.back().get()};
    }
    [[nodiscard]] Line* next_told() override {
        while (!told_.empty()) {
            Entry& entry = *entries_[told_.front()];
            told_.pop_front();
            if (entry.is_forgotten) continue;
            VERIFY(entry.connection != nobody);
            return &entry;
        }
        return nullptr;
    }
    void forget(Line& line) override {
        auto& entry = static_cast<Entry&>(line);
        VERIFY(!std::exchange(entry.is_forgotten, true));
        // Who still looks at it finds a connection that there is not, and an error.
        entry.connection = nobody;
        entry.error = EIO;
    }

private:
    static constexpr std::uint32_t nobody = ~0U;
    struct Entry : Line {
        bool is_forgotten = false;
    };
    std::vector<std::unique_ptr<Entry>> entries_;
    std::deque<std::size_t> untold_;
    std::deque<std::size_t> told_;
};

}  // namespace tinyhttpd::testing
