// SPDX-License-Identifier: MIT
#include "http/response.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <tuple>

#include "base/ascii.hpp"
#include "base/reason_phrase.hpp"

namespace tinyhttpd::http {

namespace {

constexpr std::size_t date_size = std::tuple_size_v<DateText>;
// Every method is answered but CONNECT and TRACE. A list can only name those that are registered (IANA HTTP Method Registry;
// "PRI" stands there so that nobody uses it).
constexpr std::string_view allowed_methods =
    "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH, QUERY, ACL, BASELINE-CONTROL, BIND, CHECKIN, CHECKOUT, COPY, LABEL, LINK, LOCK, "
    "MERGE, MKACTIVITY, MKCALENDAR, MKCOL, MKREDIRECTREF, MKWORKSPACE, MOVE, ORDERPATCH, PROPFIND, PROPPATCH, REBIND, REPORT, SEARCH, "
    "UNBIND, UNCHECKOUT, UNLINK, UNLOCK, UPDATE, UPDATEREDIRECTREF, VERSION-CONTROL";
constexpr std::string_view continue_head = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::array persistences = {Persistence::keep_alive, Persistence::keep_alive_1_0, Persistence::close};
// By Persistence.
constexpr std::array connection_lines = {std::string_view(), std::string_view("Connection: keep-alive\r\n"),
                                         std::string_view("Connection: close\r\n")};

// One copy more in a run saves nothing once a run fills a socket buffer, and each worker keeps its own.
constexpr std::size_t run_bytes_max = std::size_t{64} * 1024;

// What a date looks like, and what stands for one until the first renewal.
constexpr std::string_view some_date_line = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
constexpr std::size_t date_at = some_date_line.find("Thu");
constexpr std::string_view some_date = some_date_line.substr(date_at, date_size);
static_assert(some_date_line.substr(date_at + date_size) == "\r\n");

// Not strftime(3), whose names follow the locale; nor gmtime_r(3), which takes the lock of the time zone and reads its file the first time.
void write_date(std::time_t now, char* out) {
    static constexpr std::string_view days = "SunMonTueWedThuFriSat";
    static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const std::chrono::sys_seconds seconds{std::chrono::seconds(now)};
    const auto day = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(seconds - day);
    const auto number = [](char* at, auto value, int digits) {
        for (char* digit = at + digits; digit != at; value /= 10) *--digit = static_cast<char>('0' + value % 10);
    };
    const auto name = [](char* at, std::string_view names, unsigned index) { names.copy(at, 3, std::size_t{3} * index); };
    std::memcpy(out, some_date.data(), date_size);
    name(out, days, std::chrono::weekday(day).c_encoding());
    number(out + 5, static_cast<unsigned>(date.day()), 2);
    name(out + 8, months, static_cast<unsigned>(date.month()) - 1);
    number(out + 12, static_cast<int>(date.year()), 4);
    number(out + 17, time.hours().count(), 2);
    number(out + 20, time.minutes().count(), 2);
    number(out + 23, time.seconds().count(), 2);
}

void add_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

std::string field_lines(const std::vector<site::HeaderField>& fields) {
    std::string lines;
    for (const auto& [name, value] : fields) add_field(lines, name, value);
    return lines;
}

// RFC 9110 §8.6, §15.3.6, §15.4.5: 204 has neither content nor Content-Length, 304 no content (and we know no length that
// a 200 would have had), 205 a length of 0.
bool has_no_length(int status) {
    return status == 204 || status == 304;
}
bool has_no_content(int status) {
    return has_no_length(status) || status == 205;
}

}  // namespace

DateText date_text(std::time_t now) {
    DateText text;
    write_date(now, text.data());
    return text;
}

Renderings::Renderings(const site::Site& site, std::size_t write_buffer, Lease first_lease) : first_lease_(first_lease) {
    const std::size_t piece_max = std::min(write_buffer, run_bytes_max);
    const std::size_t run_max = std::min(piece_max, run_bytes_max / site.answers().size());
    answers_.reserve(site.answers().size());
    for (const site::Answer& answer : site.answers()) render_answer(answer, piece_max, run_max);
    render_fixed(site.common());
    bytes_ = generations_[free_generation()].bytes.get();
}

Renderings::Rendered Renderings::render(const HeadParts& parts, std::string_view content) {
    Rendered rendered{.offset = prototype_.size(), .head_only_offset = prototype_.size()};
    prototype_.append("HTTP/1.1 ").append(std::to_string(parts.status)).append(" ").append(parts.reason).append("\r\n");
    if (parts.date) {
        date_positions_.push_back(prototype_.size() + date_at);
        prototype_.append(some_date_line);
    }
    prototype_.append(parts.field_lines);
    if (parts.content_length) add_field(prototype_, "Content-Length", std::to_string(*parts.content_length));
    prototype_.append(connection_lines[static_cast<std::size_t>(parts.persistence)]).append("\r\n");
    rendered.head_size = prototype_.size() - rendered.offset;
    prototype_.append(content);
    rendered.size = prototype_.size() - rendered.offset;
    return rendered;
}

void Renderings::repeat(std::size_t bytes, bool has_date) {
    if (has_date) date_positions_.push_back(date_positions_.back() + bytes);
    prototype_.append(prototype_, prototype_.size() - bytes, bytes);
}

void Renderings::render_answer(const site::Answer& configured, std::size_t piece_max, std::size_t run_max) {
    Answer& answer = answers_.emplace_back();
    answer.status = configured.status;
    if (configured.body != nullptr && !has_no_content(configured.status)) {
        bodies_.push_back(configured.body);
        answer.content = *configured.body;
    }
    const std::string lines = field_lines(configured.headers);
    for (const Persistence persistence : persistences) {
        const HeadParts parts{.status = configured.status,
                              .reason = configured.reason,
                              .field_lines = lines,
                              .content_length = has_no_length(configured.status) ? std::nullopt : std::optional(answer.content.size()),
                              .persistence = persistence,
                              .date = configured.date};
        Rendered& rendered = answer.rendered[static_cast<std::size_t>(persistence)];
        rendered = render(parts, {});
        const bool is_one_piece = rendered.size + answer.content.size() <= piece_max;
        if (is_one_piece) {
            prototype_.append(answer.content);
            rendered.size += answer.content.size();
        } else {
            rendered.content = answer.content;
        }
        if (persistence != Persistence::keep_alive) continue;
        // Without content behind the head the run is that one head, which nothing lengthens.
        answer.run_step = rendered.size;
        while (is_one_piece && prototype_.size() - rendered.offset + answer.run_step <= run_max) repeat(answer.run_step, configured.date);
        rendered.head_only_offset = prototype_.size() - answer.run_step;
        answer.run_size = prototype_.size() - rendered.offset;
    }
}

void Renderings::render_fixed(const site::Common& common) {
    const std::string lines = field_lines(common.headers);
    std::string allow;
    add_field(allow, "Allow", allowed_methods);
    const std::string option_lines = lines + allow;
    for (const Persistence persistence : persistences) {
        options_[static_cast<std::size_t>(persistence)] = render({.status = 200,
                                                                  .reason = reason_phrase(200),
                                                                  .field_lines = option_lines,
                                                                  .content_length = 0,
                                                                  .persistence = persistence,
                                                                  .date = common.date},
                                                                 {});
    }
    std::string refusal_lines = lines;
    add_field(refusal_lines, "Content-Type", "text/plain; charset=utf-8");
    // RFC 9110 §15.5.6: a 405 lists the methods that would have been taken.
    const std::string not_allowed_lines = refusal_lines + allow;
    std::string content;
    for (const RefusalRow& row : refusal_table) {
        if (row.refusal == Refusal::none) continue;
        const int status = static_cast<int>(row.status);
        const std::string_view phrase = reason_phrase(status);
        content.assign(phrase).append(": ").append(row.why);
        refusals_[static_cast<std::size_t>(row.refusal)] =
            render({.status = status,
                    .reason = phrase,
                    .field_lines = row.status == Status::method_not_allowed ? not_allowed_lines : refusal_lines,
                    .content_length = content.size(),
                    .persistence = Persistence::close,
                    .date = common.date},
                   content);
    }
}

void Renderings::cut(Batch& out, site::AnswerId id, Persistence persistence, Content content, std::uint64_t content_bytes) {
    borrow(out);
    const Rendered& rendered = answers_[id].rendered[static_cast<std::size_t>(persistence)];
    // Nothing lengthens a slice that does not start where a run does.
    if (content == Content::left_out) return out.push({bytes_ + rendered.head_only_offset, rendered.head_size / 2});
    out.push({bytes_ + rendered.head_only_offset, rendered.head_size});
    if (content_bytes != 0) out.push({answers_[id].content.data(), static_cast<std::size_t>(content_bytes)});
}

void Renderings::garbage(Batch& out) {
    static constexpr std::string_view bytes =
        "\x1f\x8b\x08\x15\xe3\x9c\x02\xf1\x7f\xaa\x55\x10\xc4\x3d\x99\x0e\xb7\x61\x80\xfe\x2a\x13\xd8\x47\x05\xbc\x6b\x92\x31\xea\x1c\x78"
        "\xa6\x0b\xf4\x59\x83\xcd\x24\x9f\x40\x17\xe8\xb2\x5d\x06\x71\xdb\x8e\x33\xc9\x12\xf7\x64\xa0\x1b\x95\x4e\xd3\x08\xbf\x76\x2d\xe1";
    static_assert(bytes.size() == 64);
    out.push({bytes.data(), bytes.size()});
}

void Renderings::answer_options(Batch& out, Persistence persistence) {
    borrow(out);
    append(out, options_[static_cast<std::size_t>(persistence)], Content::sent);
}

std::uint64_t Renderings::refuse(Batch& out, Refusal refusal, Content content) {
    VERIFY(refusal != Refusal::none);
    borrow(out);
    const Rendered& rendered = refusals_[static_cast<std::size_t>(refusal)];
    append(out, rendered, content);
    return content == Content::sent ? rendered.size - rendered.head_size : 0;
}

void Renderings::invite(Batch& out) {
    out.push({continue_head.data(), continue_head.size()});
}

std::size_t Renderings::free_generation() {
    if (current_ < generations_.size() && generations_[current_].leases == 0) return current_;
    const auto found = std::ranges::find(generations_, 0U, &Generation::leases);
    const auto index = static_cast<std::size_t>(found - generations_.begin());
    if (found == generations_.end()) {
        auto bytes = std::make_unique_for_overwrite<char[]>(prototype_.size());
        std::memcpy(bytes.get(), prototype_.data(), prototype_.size());
        generations_.push_back({std::move(bytes)});
    }
    return index;
}

void Renderings::renew(std::time_t now) {
    second_ = now;
    if (date_positions_.empty()) return;
    try {
        current_ = static_cast<Lease>(free_generation());
    } catch (const std::bad_alloc&) {
        return;  // all generations are leased: Date is renewed in the next second
    }
    char* const bytes = generations_[current_].bytes.get();
    const DateText date = date_text(now);
    for (const std::size_t position : date_positions_) std::memcpy(bytes + position, date.data(), date_size);
    bytes_ = bytes;
}

}  // namespace tinyhttpd::http
