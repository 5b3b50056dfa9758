// SPDX-License-Identifier: MIT
#include "http/cors.hpp"

#include <cstring>
#include <new>
#include <optional>

#include "base/ascii.hpp"
#include "http/field_lines.hpp"

namespace tinyhttpd::http {

namespace {

/// Of the first field line of that name.
std::optional<std::string_view> value_of(std::string_view head, std::string_view name) {
    return next_value(head, name);
}

/// RFC 9110 §5.6.1: field names, separated by commas.
bool is_list_of_tokens(std::string_view text) {
    while (true) {
        const std::size_t comma = text.find(',');
        if (!is_token(trim(text.substr(0, comma)))) return false;
        if (comma == std::string_view::npos) return true;
        text.remove_prefix(comma + 1);
    }
}

/// Counts what it is given, and writes it once there is where to.
class Writer {
public:
    explicit Writer(char* at) : at_(at) {}
    Writer& operator<<(std::string_view text) {
        if (at_ != nullptr) std::memcpy(at_ + size_, text.data(), text.size());
        size_ += text.size();
        return *this;
    }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    char* at_;
    std::size_t size_ = 0;
};

}  // namespace

bool is_preflight(const RequestHead& head, std::string_view bytes) {
    return head.method == Method::options && head.framing == Framing::none && value_of(bytes, "Origin") &&
           value_of(bytes, "Access-Control-Request-Method");
}

PreflightAnswer answer_preflight(std::string_view head, const site::Site& site, Persistence persistence, std::time_t now) {
    const auto asked = [head](std::string_view name) {
        const bool is_method = name == "Access-Control-Allow-Methods";
        const std::string_view text =
            value_of(head, is_method ? "Access-Control-Request-Method" : "Access-Control-Request-Headers").value_or("");
        return (is_method ? is_token(text) : is_list_of_tokens(text)) ? text : std::string_view();
    };
    const DateText date = date_text(now);
    const auto write = [&](Writer out) {
        out << "HTTP/1.1 204 No Content\r\n";
        if (site.common().date) out << "Date: " << std::string_view(date.data(), date.size()) << "\r\n";
        for (const auto& [name, configured] : site.preflight()) {
            const std::string_view value = configured.empty() ? asked(name) : configured;
            if (!value.empty()) out << name << ": " << value << "\r\n";
        }
        if (persistence == Persistence::close) out << "Connection: close\r\n";
        if (persistence == Persistence::keep_alive_1_0) out << "Connection: keep-alive\r\n";
        out << "\r\n";
        return out.size();
    };
    PreflightAnswer answer;
    answer.size = write(Writer(nullptr));
    answer.bytes.reset(new (std::nothrow) char[answer.size]);
    if (answer.bytes) write(Writer(answer.bytes.get()));
    return answer;
}

}  // namespace tinyhttpd::http
