// SPDX-License-Identifier: MIT
// Diagnostics over a synchronous spdlog logger of its own (no registry, no default logger).
#include "log/diagnostics.hpp"

#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>

#include <cstdlib>
#include <new>

#include "base/verify.hpp"

namespace tinyhttpd::log {
namespace {

using Sink = spdlog::sinks::ansicolor_sink<spdlog::details::console_mutex>;

spdlog::level::level_enum spdlog_level(Level level) {
    switch (level) {
        case Level::error: return spdlog::level::err;
        case Level::warn: return spdlog::level::warn;
        case Level::info: return spdlog::level::info;
        case Level::debug: return spdlog::level::debug;
    }
    VERIFY(false);
}

spdlog::color_mode color_mode() {
    const char* no_color = std::getenv("NO_COLOR");
    return no_color != nullptr && *no_color != '\0' ? spdlog::color_mode::never : spdlog::color_mode::automatic;
}

std::string one_line(std::string_view text) {
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
        } else {
            out += "\\x";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        }
    }
    return out;
}

}  // namespace

struct Diagnostics::Impl {
    explicit Impl(std::FILE* stream) : logger("tinyhttpd", std::make_shared<Sink>(stream, color_mode())) {
        logger.set_pattern("tinyhttpd: %^%l%$: %v");
    }
    spdlog::logger logger;
};

Diagnostics::Diagnostics(Level level, std::FILE* stream) : impl_(std::make_unique<Impl>(stream)), descriptor_(::fileno(stream)) {
    set_level(level);
}

Diagnostics::~Diagnostics() = default;

void Diagnostics::set_level(Level level) {
    impl_->logger.set_level(spdlog_level(level));
}

void Diagnostics::report(Level level, std::string_view text) {
    const auto wanted = spdlog_level(level);
    if (impl_->logger.should_log(wanted)) impl_->logger.log(wanted, spdlog::string_view_t(one_line(text)));
}

bool Diagnostics::ready() const {
    // pipe(7), poll(2): a writable pipe takes PIPE_BUF bytes without blocking. A closed one (POLLERR) does not block either.
    pollfd stream{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    return ::poll(&stream, 1, 0) != 0;
}

RepeatedReport::RepeatedReport(Diagnostics& diagnostics, Level level, std::string unit)
    : diagnostics_(diagnostics), level_(level), unit_(std::move(unit)) {}

void RepeatedReport::add(Instant now, std::string_view text, std::uint64_t count) {
    {
        const std::lock_guard lock(mutex_);
        pending_ += count;
        try {
            text_ = text;
        } catch (const std::bad_alloc&) {
            return;
        }
    }
    tick(now);
}

void RepeatedReport::tick(Instant now) {
    const std::lock_guard lock(mutex_);
    if (now < next_ || pending_ == 0) return;
    next_ = now + std::chrono::seconds(1);
    write();
}

void RepeatedReport::flush() {
    const std::lock_guard lock(mutex_);
    write();
}

void RepeatedReport::write() {
    if (pending_ == 0 || !diagnostics_.ready()) return;
    try {
        diagnostics_.report(level_, text_ + " (" + std::to_string(pending_) + ' ' + unit_ + (pending_ == 1 ? ")" : "s)"));
        pending_ = 0;
    } catch (const std::bad_alloc&) {
        // It is said when there is memory to say it with.
    }
}

}  // namespace tinyhttpd::log
