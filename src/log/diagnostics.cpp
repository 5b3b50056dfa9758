// SPDX-License-Identifier: MIT
// Diagnostics over a spdlog logger of its own (no registry, no default logger), whose sink hands whole lines on: straight to write(2)
// while the program starts, to a LineWriter from then on.
#include "log/diagnostics.hpp"

#include <spdlog/details/os.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>

#include "base/verify.hpp"
#include "base/write_all.hpp"
#include "log/line_writer.hpp"

namespace tinyhttpd::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
    switch (level) {
        case Level::error: return spdlog::level::err;
        case Level::warn: return spdlog::level::warn;
        case Level::info: return spdlog::level::info;
        case Level::debug: return spdlog::level::debug;
    }
    VERIFY(false);
}

bool in_colour(int descriptor) {
    const char* no_color = std::getenv("NO_COLOR");
    return (no_color == nullptr || *no_color == '\0') && ::isatty(descriptor) != 0 && spdlog::details::os::is_color_terminal();
}

/// ECMA-48 §8.3.117, SGR: 1 bold, 31 red, 33 yellow, 32 green, 36 cyan.
std::string_view colour_of(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::err: return "\033[31m\033[1m";
        case spdlog::level::warn: return "\033[33m\033[1m";
        case spdlog::level::info: return "\033[32m";
        default: return "\033[36m";
    }
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

std::string to_line(const spdlog::details::log_msg& message, spdlog::formatter& formatter, bool in_colour) {
    spdlog::memory_buf_t text;
    formatter.format(message, text);
    std::string line(text.data(), text.size());
    if (in_colour) {
        line.insert(message.color_range_end, "\033[m");
        line.insert(message.color_range_start, colour_of(message.level));
    }
    return line;
}

/// Its lock is held while a line is made; while it is written, too, as long as the program starts.
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit LineSink(int descriptor) : descriptor_(descriptor), in_colour_(in_colour(descriptor)) {}

    void never_wait() {
        // The writer's thread makes this line: with a formatter of its own.
        const std::shared_ptr<spdlog::formatter> formatter = formatter_->clone();
        writer_ = std::make_unique<LineWriter>(descriptor_, [formatter, in_colour = in_colour_](std::uint64_t count) {
            const std::string text =
                std::to_string(count) + (count == 1 ? " message was" : " messages were") + " lost: standard error could not be written";
            return to_line({{}, spdlog::level::warn, text}, *formatter, in_colour);
        });
    }

    /// Null while the program starts.
    [[nodiscard]] LineWriter* writer() const { return writer_.get(); }

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        std::string line = to_line(message, *formatter_, in_colour_);
        if (writer_)
            writer_->put(std::move(line));
        else
            static_cast<void>(write_all(descriptor_, line, {}));
    }
    void flush_() override {}

    const int descriptor_;
    const bool in_colour_;
    std::unique_ptr<LineWriter> writer_;
};

}  // namespace

struct Diagnostics::Impl {
    explicit Impl(int descriptor) : sink(std::make_shared<LineSink>(descriptor)), logger("tinyhttpd", sink) {
        logger.set_pattern("tinyhttpd: %^%l%$: %v");
        // What spdlog cannot make a line of, for want of memory. Its own handler writes to standard error, and would wait there.
        logger.set_error_handler([this](const std::string&) { lose(); });
    }
    void lose() const noexcept {
        if (sink->writer() != nullptr) sink->writer()->lose();
    }

    std::shared_ptr<LineSink> sink;
    spdlog::logger logger;
};

Diagnostics::Diagnostics(Level level, int descriptor) : impl_(std::make_unique<Impl>(descriptor)) {
    set_level(level);
}

Diagnostics::~Diagnostics() = default;

void Diagnostics::set_level(Level level) {
    impl_->logger.set_level(spdlog_level(level));
}

void Diagnostics::never_wait() {
    impl_->sink->never_wait();
}

void Diagnostics::report(Level level, std::string_view text) noexcept {
    try {
        if (shows(level)) impl_->logger.log(spdlog_level(level), spdlog::string_view_t(one_line(text)));
    } catch (const std::exception&) {  // no memory
        impl_->lose();
    }
}

bool Diagnostics::shows(Level level) const {
    return impl_->logger.should_log(spdlog_level(level));
}

bool Diagnostics::all_written() const {
    return impl_->sink->writer() == nullptr || impl_->sink->writer()->empty();
}

void Diagnostics::when_all_written(std::function<void()> call) {
    if (impl_->sink->writer() != nullptr) impl_->sink->writer()->when_empty(std::move(call));
}

void Diagnostics::wait(std::chrono::milliseconds patience) {
    if (impl_->sink->writer() != nullptr) impl_->sink->writer()->wait(patience);
}

RepeatedReport::RepeatedReport(Diagnostics& diagnostics, Level level, std::string unit)
    : diagnostics_(diagnostics), level_(level), unit_(std::move(unit)) {
    // Memory that has run out is one of the things to report.
    constexpr std::size_t usual_text = 200;
    text_.reserve(usual_text);
}

void RepeatedReport::add(Instant now, std::string_view text, std::uint64_t count) noexcept {
    {
        const std::lock_guard lock(mutex_);
        pending_ += count;
        try {
            text_ = text;
        } catch (const std::exception&) {  // no memory: under the last text
        }
    }
    tick(now);
}

void RepeatedReport::tick(Instant now) noexcept {
    const std::lock_guard lock(mutex_);
    if (now < next_ || pending_ == 0 || !diagnostics_.all_written()) return;
    next_ = now + std::chrono::seconds(1);
    write();
}

void RepeatedReport::flush() noexcept {
    const std::lock_guard lock(mutex_);
    if (pending_ > 0) write();
}

void RepeatedReport::write() noexcept {
    try {
        diagnostics_.report(level_, text_ + " (" + std::to_string(pending_) + ' ' + unit_ + (pending_ == 1 ? ")" : "s)"));
        pending_ = 0;
    } catch (const std::exception&) {  // no memory: it counts on
    }
}

}  // namespace tinyhttpd::log
