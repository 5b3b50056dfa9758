// SPDX-License-Identifier: MIT
// The requests that clients make up, and the strict reader of answers.
#include "simulation/script.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/reason_phrase.hpp"

namespace tinyhttpd::simulation {

namespace {

/// Where a request goes and with what: filled in once per request.
struct Maker {
    const Settings& settings;
    Random& random;
    std::string target;

    [[nodiscard]] Expected answer(Persistence persistence = Persistence::stays, bool head_only = false) const {
        const std::size_t resource = settings.resource_of(target);
        return {
            .outcomes = settings.resources[resource].outcomes(), .resource = resource, .head_only = head_only, .persistence = persistence};
    }
    [[nodiscard]] static Expected error(int status) { return {.outcomes = {{.status = status}}, .persistence = Persistence::closes}; }

    [[nodiscard]] std::string head(std::string_view method, std::string_view fields = "", std::string_view version = "HTTP/1.1") const {
        return std::string(method) + ' ' + target + ' ' + std::string(version) + "\r\nHost: a.example\r\n" + std::string(fields) + "\r\n";
    }
    [[nodiscard]] std::string content() const {
        std::string bytes(random.below(std::min<std::uint64_t>(settings.max_body, 3000) + 1), '\0');
        for (char& byte : bytes) byte = "GET / HTTP/1.1\r\n"[random.below(16)];  // must never be taken for a request
        return bytes;
    }
    [[nodiscard]] std::string chunked() const {
        std::string out;
        const std::string bytes = content();
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t size = std::min<std::size_t>(random.between(1, 700), bytes.size() - at);
            char digits[16];
            const auto end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
            out += std::string(digits, end) + (random.chance(0.2) ? ";name=\"v;\"\r\n" : "\r\n") + bytes.substr(at, size) + "\r\n";
            at += size;
        }
        return out + (random.chance(0.3) ? "0\r\nTrailer: value\r\n\r\n" : "0\r\n\r\n");
    }
};

using Make = Request (*)(const Maker&);

// What a decent client sends.
constexpr Make decent[] = {
    [](const Maker& m) { return Request{m.head("GET"), m.answer()}; },
    [](const Maker& m) { return Request{m.head("GET", "User-Agent: simulation\r\nAccept: */*\r\nX-Empty:\r\n"), m.answer()}; },
    [](const Maker& m) { return Request{m.head("HEAD"), m.answer(Persistence::stays, true)}; },
    [](const Maker& m) { return Request{"\r\n" + m.head("BREW"), m.answer()}; },
    [](const Maker& m) {
        const std::string content = m.content();
        return Request{m.head("POST", "Content-Length: " + std::to_string(content.size()) + "\r\n") + content, m.answer()};
    },
    [](const Maker& m) { return Request{m.head("POST", "Transfer-Encoding: chunked\r\n") + m.chunked(), m.answer()}; },
    [](const Maker& m) {
        Expected expected = m.answer();
        expected.invited = true;
        return Request{m.head("PUT", "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n") + m.chunked(), expected};
    },
    [](const Maker&) { return Request{"OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n", {.outcomes = {{.content = ""}}}}; },
    [](const Maker& m) { return Request{m.head("GET", "Connection: keep-alive\r\n", "HTTP/1.0"), m.answer(Persistence::stays_1_0)}; },
};

// What ends the connection with its answer.
constexpr Make last[] = {
    [](const Maker& m) { return Request{m.head("GET", "Connection: close\r\n"), m.answer(Persistence::closes)}; },
    [](const Maker& m) { return Request{m.head("HEAD", "Connection: x, close\r\n"), m.answer(Persistence::closes, true)}; },
    [](const Maker& m) { return Request{m.head("GET", "", "HTTP/1.0"), m.answer(Persistence::closes)}; },
    [](const Maker& m) { return Request{m.head("TRACE"), Maker::error(405)}; },
    [](const Maker& m) { return Request{m.head("GET", "Expect: miracles\r\n"), Maker::error(417)}; },
    [](const Maker& m) { return Request{m.head("GET", "", "HTTP/2.0"), Maker::error(505), false}; },
    [](const Maker& m) { return Request{m.head("GET", "Host: b.example\r\n"), Maker::error(400), false}; },
    [](const Maker& m) { return Request{"GET " + m.target + " HTTP/1.1\r\n\r\n", Maker::error(400)}; },
    [](const Maker& m) { return Request{"GET " + m.target + " HTTP/1.1\nHost: a.example\r\n\r\n", Maker::error(400), false}; },
    [](const Maker& m) {
        return Request{m.head("POST", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") + "0\r\n\r\n", Maker::error(400), false};
    },
    [](const Maker& m) { return Request{m.head("POST", "Transfer-Encoding: gzip\r\n") + "bytes", Maker::error(501), false}; },
    [](const Maker& m) { return Request{m.head("POST", "Content-Length: +1\r\n") + "x", Maker::error(400), false}; },
    [](const Maker& m) {
        return Request{m.head("POST", "Content-Length: " + std::to_string(m.settings.max_body + 1) + "\r\n") + "bytes", Maker::error(413),
                       false};
    },
    [](const Maker& m) {
        return Request{m.head("POST", "Transfer-Encoding: chunked\r\n") + "5\r\nhelloX\r\n0\r\n\r\n", Maker::error(400), false};
    },
    [](const Maker& m) {
        return Request{m.head("GET", "X-Long: " + std::string(m.settings.max_head, 'x') + "\r\n"), Maker::error(431), false};
    },
};

/// The value of a field in a head, which has each at most once; none: it is not there.
std::optional<std::string_view> field(std::string_view head, std::string_view name) {
    const std::string pattern = "\r\n" + std::string(name) + ": ";
    const auto at = head.find(pattern);
    if (at == std::string_view::npos) return std::nullopt;
    const auto from = at + pattern.size();
    return head.substr(from, head.find("\r\n", from) - from);
}

bool has_content(int status) {
    return status != 204 && status != 304;
}

/// What is wrong with the head of an answer, or nothing.
std::string judge_head(std::string_view head, int status, const Expected& expected) {
    if (!field(head, "Date")) return "no Date";
    const auto connection = field(head, "Connection");
    if (expected.persistence == Persistence::closes && connection != "close") return "the close is not announced";
    if (expected.persistence == Persistence::stays_1_0 && connection != "keep-alive" && connection != "close")
        return "1.0 is not told that it may go on";
    if (field(head, "Content-Length").has_value() != has_content(status)) return "Content-Length does not go with the status";
    return {};
}

constexpr std::size_t garbage_bytes = 64;

}  // namespace

std::string texts_of(const std::vector<Outcome>& outcomes) {
    std::string texts;
    for (const Outcome& outcome : outcomes) {
        if (!texts.empty()) texts += " or ";
        texts += outcome.fault == Fault::none ? std::to_string(outcome.status) : std::string(name_of(outcome.fault));
    }
    return texts.empty() ? "nothing" : texts;
}

Outcome Resource::outcome_of(const Step& step) const {
    if (step.status != 0) return {step.status, reason_phrase(step.status)};
    return {status, body, step.fault};
}

std::vector<Outcome> Resource::outcomes() const {
    std::vector<Outcome> all;
    if (steps.empty() || is_by_chance) all.push_back(outcome_of({}));
    for (const Step& step : steps) all.push_back(outcome_of(step));
    return all;
}

std::size_t Settings::resource_of(std::string_view target) const {
    for (std::size_t i = 1; i < resources.size(); ++i) {
        if (target.starts_with(resources[i].prefix)) return i;
    }
    return 0;
}

std::vector<Request> make_script(std::uint32_t client, const Settings& settings, Random& random) {
    std::vector<Request> script;
    const std::uint64_t count = random.between(1, 12);
    std::uint64_t answers = 0;
    const double last_probability = random.chance(0.5) ? 0 : 0.15;
    for (std::uint32_t i = 0; i < count; ++i) {
        const Maker maker{settings, random, "/" + std::to_string(client) + "/" + std::to_string(i)};
        Request request = random.chance(last_probability) ? random.pick(last)(maker) : random.pick(decent)(maker);
        if (!settings.keepalive || ++answers == settings.keepalive_requests) request.expected.persistence = Persistence::closes;
        script.push_back(std::move(request));
    }
    return script;
}

std::string make_proxy_header(std::uint32_t client, Random& random) {
    if (random.chance(0.5)) return "PROXY TCP4 192.0.2." + std::to_string(client) + " 198.51.100.1 4711 80\r\n";
    using namespace std::string_view_literals;
    std::string header("\r\n\r\n\0\r\nQUIT\n"sv);
    header += random.chance(0.2) ? '\x20' : '\x21';  // LOCAL, PROXY
    header += '\x11';                                // TCP over IPv4
    const std::size_t size = 12 + (random.chance(0.5) ? 0 : random.below(509));
    header += static_cast<char>(size >> 8U);
    header += static_cast<char>(size & 0xffU);
    header.append({'\xc0', '\0', '\2', static_cast<char>(client)});
    header += "\xc6\x33\x64\1\x12\x67\0\x50"sv;
    return header + std::string(size - 12, '\r');  // TLVs, which nobody reads
}

Heard read_answers(std::string_view stream, const std::vector<Request>& script) {
    Heard heard;
    const auto wrong = [&](const std::string& what) {
        heard.fault = "answer " + std::to_string(heard.answers.size()) + ": " + what;
        heard.tail = stream;
        return heard;
    };
    while (!stream.empty()) {
        heard.tail = stream;
        if (!heard.answers.empty() && heard.answers.back().announces_close) return wrong("bytes after the last answer");
        constexpr std::string_view version = "HTTP/1.1 ";
        const std::size_t index = heard.answers.size();
        const auto may_fail_by = [&](Fault fault) { return index < script.size() && script[index].expected.may_fail_by(fault); };
        if (!stream.starts_with(version.substr(0, stream.size()))) {
            if (!may_fail_by(Fault::garbage)) return wrong("no status line");
            if (stream.size() > garbage_bytes) return wrong("bytes behind garbage");
            if (stream.size() == garbage_bytes) heard.tail_is = Fault::garbage;
            return heard;
        }
        const auto end = stream.find("\r\n\r\n");
        if (end == std::string_view::npos) {
            // Of an answer to HEAD it is the head that is cut.
            if (may_fail_by(Fault::truncate) && script[index].expected.head_only) heard.tail_is = Fault::truncate;
            return heard;
        }
        const std::string_view head = stream.substr(0, end + 2);
        int status = 0;
        std::from_chars(head.data() + version.size(), head.data() + head.size(), status);

        // Too late, or not recorded: what was asked for does not matter then.
        const bool gives_up = status == 408 || status == 500;
        if (index == script.size() && status != 408) return wrong("nobody asked for it");
        const Expected expected = gives_up ? Expected{.outcomes = {{status}}, .persistence = Persistence::closes} : script[index].expected;
        if (status == 100) {
            if (!expected.invited) return wrong("100 Continue was not asked for");
            stream.remove_prefix(end + 4);
            continue;
        }
        std::vector<Outcome> outcomes = expected.outcomes;
        std::erase_if(outcomes, [&](const Outcome& o) {
            return o.status != status || (o.fault != Fault::none && (o.fault != Fault::truncate || expected.head_only));
        });
        if (outcomes.empty()) return wrong("status " + std::to_string(status) + " instead of " + texts_of(expected.outcomes));
        if (std::string fault = judge_head(head, status, expected); !fault.empty()) return wrong(fault);

        std::size_t length = 0;
        if (const auto text = field(head, "Content-Length")) std::from_chars(text->data(), text->data() + text->size(), length);
        if (has_content(status)) std::erase_if(outcomes, [&](const Outcome& o) { return o.content && o.content->size() != length; });
        if (outcomes.empty()) return wrong("a wrong Content-Length");
        // Half a HEAD may or may not have been recognised as one; such an answer is the last.
        const bool is_half_a_head = gives_up && index < script.size() && script[index].expected.head_only;
        const bool head_only = expected.head_only || (is_half_a_head && stream.size() == end + 4);
        if (head_only) length = 0;
        const std::string_view content = stream.substr(end + 4, length);
        if (has_content(status) && !head_only) {
            std::erase_if(outcomes, [&](const Outcome& o) {
                const std::size_t most = o.fault == Fault::truncate ? length / 2 : length;
                return content.size() > most || (o.content && !o.content->starts_with(content));
            });
            if (outcomes.empty()) return wrong("a wrong body");
        }
        const bool may_be_cut = std::ranges::find(outcomes, Fault::truncate, &Outcome::fault) != outcomes.end();
        if (may_be_cut && content.size() == length / 2) heard.tail_is = Fault::truncate;
        if (content.size() < length || std::ranges::find(outcomes, Fault::none, &Outcome::fault) == outcomes.end()) return heard;
        heard.tail_is = Fault::none;
        heard.answers.push_back({status, field(head, "Connection") == "close"});
        stream.remove_prefix(end + 4 + length);
    }
    heard.tail = stream;
    return heard;
}

}  // namespace tinyhttpd::simulation
