// SPDX-License-Identifier: MIT
// Reads answers as a strict client would and compares them with what a case expects. Shares no code with src/http.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/http_cases.hpp"

namespace tinyhttpd::testing {

namespace {

struct Answer {
    std::string status;
    std::string reason;
    std::vector<std::pair<std::string, std::string>> fields;

    [[nodiscard]] std::optional<std::string> field(std::string_view name) const {
        std::optional<std::string> found;
        for (const auto& [key, value] : fields) {
            if (key != name) continue;
            if (found) return "(repeated)";
            found = value;
        }
        return found;
    }
};

// Takes the line that `rest` starts with, without its CRLF.
std::optional<std::string> take_line(std::string_view& rest) {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    std::string line(rest.substr(0, end));
    rest.remove_prefix(end + 2);
    return line;
}

std::string take_head(std::string_view& rest, Answer& answer) {
    const auto first = take_line(rest);
    if (!first || !first->starts_with("HTTP/1.1 ") || first->size() < 13 || (*first)[12] != ' ') return "no status line";
    answer.status = first->substr(9, 3);
    answer.reason = first->substr(13);
    while (true) {
        const auto line = take_line(rest);
        if (!line) return "the head does not end";
        if (line->empty()) return {};
        const std::size_t colon = line->find(": ");
        if (colon == std::string::npos) return "not a field line: " + *line;
        answer.fields.emplace_back(line->substr(0, colon), line->substr(colon + 2));
    }
}

// IMF-fixdate: letters, digits and punctuation where RFC 9110 §5.6.7 has them.
bool is_date(std::string_view text) {
    static constexpr std::string_view shape = "Aaa, 00 Aaa 0000 00:00:00 GMT";
    return std::ranges::equal(text, shape, [](char byte, char place) {
        const auto value = static_cast<unsigned char>(byte);
        if (place == '0') return std::isdigit(value) != 0;
        if (place == 'a') return std::islower(value) != 0;
        if (place == 'A') return std::isupper(value) != 0;
        return byte == place;
    });
}

std::string judge_final(std::string_view& rest, const Answer& answer, std::string_view flags) {
    std::optional<std::string_view> own;
    if (const std::size_t equals = flags.find('='); equals != std::string_view::npos) {
        own = flags.substr(equals + 1);
        flags = flags.substr(0, equals);
    }
    const auto has = [flags](char flag) { return flags.contains(flag); };
    const std::string connection = has('c') ? "close" : has('k') ? "keep-alive" : "";
    if (answer.field("Connection").value_or("") != connection) return "Connection is not \"" + connection + "\"";
    if (!is_date(answer.field("Date").value_or(""))) return "no Date";
    if (answer.field("Server") != "tinyhttpd") return "no Server";
    const bool is_error = answer.status[0] >= '4';
    // RFC 9110 §8.6: a 204 has neither content nor its length.
    if (answer.status == "204") return answer.field("Content-Length") || answer.field("Content-Type") ? "a 204 that speaks of content" : "";
    std::string content = has('o') ? "" : has('p') ? answer.reason : std::string(own.value_or(CaseSettings::body));
    if (is_error && !has('p') && !own) {
        // The phrase, and why: the words are not the standard's business. With an answer to HEAD there are none to look at.
        content = answer.reason + ": ";
        const auto length = static_cast<std::size_t>(std::atoi(answer.field("Content-Length").value_or("0").c_str()));
        if (length <= content.size()) return "no reason in the content";
        if (!has('h') && rest.starts_with(content)) content = rest.substr(0, length);
        content.resize(length);
    }
    if (answer.field("Content-Length") != std::to_string(content.size())) return "wrong Content-Length";
    if (!content.empty() && answer.field("Content-Type") != "text/plain; charset=utf-8") return "wrong Content-Type";
    if ((has('o') || answer.status == "405") != answer.field("Allow").has_value()) return "Allow where it does not belong, or none";
    if (has('h')) return {};
    if (!rest.starts_with(content)) return "wrong content";
    rest.remove_prefix(content.size());
    return {};
}

}  // namespace

std::string judge_answers(std::string_view output, std::string_view expected, const ExpectedFields& fields) {
    std::string_view rest = output;
    bool is_first = true;
    while (!expected.empty()) {
        const std::size_t space = std::min(expected.find(' '), expected.size());
        const std::string_view word = expected.substr(0, space);
        expected.remove_prefix(std::min(space + 1, expected.size()));
        if (word == "...") break;
        Answer answer;
        std::string wrong = take_head(rest, answer);
        if (wrong.empty() && answer.status != word.substr(0, 3)) wrong = "status is " + answer.status;
        if (wrong.empty() && word == "100") {
            if (!answer.fields.empty()) wrong = "a 100 with fields";
        } else if (wrong.empty()) {
            wrong = judge_final(rest, answer, word.substr(3));
            for (const auto& [name, value] : fields) {
                if (is_first && wrong.empty() && answer.field(name).value_or("") != value)
                    wrong = std::string(name).append(" is not \"").append(value).append("\"");
            }
            is_first = false;
        }
        if (!wrong.empty()) return wrong + " where " + std::string(word) + " was expected, in:\n" + std::string(output);
    }
    return rest.empty() ? "" : "more than expected:\n" + std::string(rest);
}

}  // namespace tinyhttpd::testing
