// SPDX-License-Identifier: MIT
// A validator for RFC 8259 without recursion: a stack of open brackets and, for each token, what may come next.
#include "config/json.hpp"

#include <string>

#include "base/ascii.hpp"

namespace tinyhttpd::config {

namespace {

class Validator {
public:
    explicit Validator(std::string_view text) : rest_(text) {}

    bool document() {
        skip_space();
        if (!rest_.starts_with('{') && !rest_.starts_with('[')) return false;
        do {
            if (!value()) return false;
            if (!after_value()) return false;
        } while (!open_.empty());
        skip_space();
        return rest_.empty();
    }

private:
    /// One value, or the opening of one: then the value within it is next.
    bool value() {
        while (true) {
            skip_space();
            if (take('{')) {
                skip_space();
                if (take('}')) return true;
                open_ += '}';
                if (!name()) return false;
            } else if (take('[')) {
                skip_space();
                if (take(']')) return true;
                open_ += ']';
            } else {
                return string() || literal() || number();
            }
        }
    }

    /// Closing brackets, then a comma (and a name within an object) when something is still open.
    bool after_value() {
        while (!open_.empty()) {
            skip_space();
            if (take(open_.back())) {
                open_.pop_back();
            } else if (take(',')) {
                if (open_.back() == ']') return true;
                skip_space();
                return name();
            } else {
                return false;
            }
        }
        return true;
    }

    bool name() {
        if (!string()) return false;
        skip_space();
        return take(':');
    }

    bool string() {
        if (!take('"')) return false;
        while (!rest_.empty()) {
            const char byte = rest_.front();
            rest_.remove_prefix(1);
            if (byte == '"') return true;
            if (static_cast<unsigned char>(byte) < 0x20) return false;
            if (byte == '\\' && !escape()) return false;
        }
        return false;
    }

    bool escape() {
        if (take('u')) {
            for (int i = 0; i < 4; ++i)
                if (!take_if(ascii::hex_digit)) return false;
            return true;
        }
        if (rest_.empty() || std::string_view("\"\\/bfnrt").find(rest_.front()) == std::string_view::npos) return false;
        rest_.remove_prefix(1);
        return true;
    }

    bool literal() {
        for (const std::string_view word : {"true", "false", "null"}) {
            if (!rest_.starts_with(word)) continue;
            rest_.remove_prefix(word.size());
            return true;
        }
        return false;
    }

    bool number() {
        take('-');
        if (!take('0') && !digits()) return false;
        if (take('.') && !digits()) return false;
        if (take('e') || take('E')) {
            if (!take('+')) take('-');
            return digits();
        }
        return true;
    }

    bool digits() {
        if (!take_if(ascii::digit)) return false;
        while (take_if(ascii::digit)) {
        }
        return true;
    }

    void skip_space() {
        const auto begin = rest_.find_first_not_of(" \t\r\n");
        rest_.remove_prefix(begin == std::string_view::npos ? rest_.size() : begin);
    }

    bool take(char byte) {
        if (!rest_.starts_with(byte)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    bool take_if(unsigned classes) {
        if (rest_.empty() || !ascii::is(rest_.front(), classes)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::string_view rest_;
    std::string open_;  ///< the brackets that close what is open, innermost last
};

}  // namespace

bool is_json_document(std::string_view text) {
    return Validator(text).document();
}

}  // namespace tinyhttpd::config
