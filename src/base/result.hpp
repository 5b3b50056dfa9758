// SPDX-License-Identifier: MIT
// Result<T> and TRY: how an operating error (a bind that fails, a ring the kernel refuses) travels up to the one place
// that reports it. An Error carries facts; its text is made where it is printed.
#pragma once

#include <cerrno>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tinyhttpd {

/// What an errno value means, as it reads inside a sentence: "connection refused". The same words on every system for what is common.
[[nodiscard]] std::string reason_text(int code);

/// What could not be done, to what, and why.
struct Error {
    std::string_view operation;  ///< a literal that reads after "cannot": "listen on", "open"
    std::string subject;         ///< the address, path or name it was tried on; may be empty
    int code = 0;                ///< an errno value; 0 when `remedy` says it all
    std::string remedy = {};     ///< what the user can do about it, without brackets; may be empty
    std::string place = {};      ///< where the user asked for it: "stub.toml:3:13: body_file = "x""; may be empty

    /// "cannot listen on 127.0.0.1:8000: address already in use (try port 0)"
    [[nodiscard]] std::string text() const {
        std::string out = place.empty() ? "cannot " : place + ": cannot ";
        out += operation;
        if (!subject.empty()) out += ' ' + subject;
        if (code != 0) out += ": " + reason_text(code);
        if (!remedy.empty()) out += code != 0 ? " (" + remedy + ")" : ": " + remedy;
        return out;
    }
};

template <class T>
using Result = std::expected<T, Error>;

/// The Error for the errno that the call just left behind.
[[nodiscard]] inline std::unexpected<Error> fail(std::string_view operation, std::string subject = {}, int code = errno,
                                                 std::string remedy = {}) {
    return std::unexpected(Error{operation, std::move(subject), code, std::move(remedy)});
}

/// `result`, its error with a place.
template <class T>
[[nodiscard]] Result<T> at_place(const std::string& place, Result<T> result) {
    if (!result) result.error().place = place;
    return result;
}

}  // namespace tinyhttpd

#define TINYHTTPD_CONCAT_(a, b) a##b
#define TINYHTTPD_CONCAT(a, b) TINYHTTPD_CONCAT_(a, b)
#define TINYHTTPD_TRY_(result, declaration, expression)             \
    auto result = (expression);                                     \
    if (!result) return std::unexpected(std::move(result).error()); \
    declaration = *std::move(result)

/// `TRY(auto fd, open_listener(address));` declares fd, or returns the error to the caller.
#define TRY(declaration, expression) TINYHTTPD_TRY_(TINYHTTPD_CONCAT(try_result_, __LINE__), declaration, expression)

/// The same for a Result<void>.
#define TRY_VOID(expression)                                                                                    \
    do {                                                                                                        \
        if (auto try_result = (expression); !try_result) return std::unexpected(std::move(try_result).error()); \
    } while (false)
