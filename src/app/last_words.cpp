// SPDX-License-Identifier: MIT
#include "app/last_words.hpp"

namespace tinyhttpd {

namespace {

std::string grouped(std::uint64_t count) {
    std::string text = std::to_string(count);
    for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
    return text;
}

}  // namespace

std::string counted_requests(std::uint64_t count) {
    return grouped(count) + (count == 1 ? " request" : " requests");
}

std::string time_text(std::chrono::milliseconds time) {
    using namespace std::chrono;
    const auto number = [](auto part) { return std::to_string(part.count()); };
    const auto h = duration_cast<hours>(time);
    const auto m = duration_cast<minutes>(time - h);
    const auto s = duration_cast<seconds>(time - h - m);
    if (h.count() > 0) return number(h) + " h " + number(m) + " m";
    if (m.count() > 0) return number(m) + " m " + number(s) + " s";
    if (s.count() >= 10) return number(s) + " s";
    return number(s) + '.' + std::to_string((time - s).count() / 100) + " s";
}

void say_last_words(log::Diagnostics& diagnostics, const Served& served) {
    if (served.cut > 0)
        diagnostics.warn("stopped by force: " + counted_requests(served.cut) + (served.cut == 1 ? " was" : " were") + " cut off");
    if (served.status == ExitStatus::time_over)
        diagnostics.error("--max-time ended after " + grouped(served.answered) + " of " + counted_requests(served.max_requests));
    if (served.on_terminal) diagnostics.info("stopped after " + counted_requests(served.answered) + " in " + time_text(served.time));
}

}  // namespace tinyhttpd
