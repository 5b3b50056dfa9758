// SPDX-License-Identifier: MIT
#include "http/response.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/ascii.hpp"
#include "base/reason_phrase.hpp"

namespace tinyhttpd::http {

namespace {

constexpr std::size_t date_size = 29;
// Every method is answered but CONNECT and TRACE. A list can only name those that are registered (IANA HTTP Method Registry;
// "PRI" stands there so that nobody uses it).
constexpr std::string_view allowed_methods =
    "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH, QUERY, ACL, BASELINE-CONTROL, BIND, CHECKIN, CHECKOUT, COPY, LABEL, LINK, LOCK, "
    "MERGE, MKACTIVITY, MKCALENDAR, MKCOL, MKREDIRECTREF, MKWORKSPACE, MOVE, ORDERPATCH, PROPFIND, PROPPATCH, REBIND, REPORT, SEARCH, "
    "UNBIND, UNCHECKOUT, UNLINK, UNLOCK, UPDATE, UPDATEREDIRECTREF, VERSION-CONTROL";
constexpr std::string_view continue_head = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::array connection_fields = {std::string_view(), std::string_view("keep-alive"), std::string_view("close")};

// One copy more in a run saves nothing once a run fills a socket buffer, and each worker keeps its own.
constexpr std::size_t run_bytes_max = std::size_t{64} * 1024;

// RFC 9110 §5.6.7, IMF-fixdate. Not strftime(3): its names follow the locale.
void write_date(std::time_t now, char* out) {
    static constexpr std::string_view days = "SunMonTueWedThuFriSat";
    static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    std::tm utc{};
    gmtime_r(&now, &utc);
    const auto number = [](char* at, int value, int digits) {
        for (char* digit = at + digits; digit != at; value /= 10) *--digit = static_cast<char>('0' + value % 10);
    };
    const auto name = [](char* at, std::string_view names, int index) {
        names.copy(at, 3, std::size_t{3} * static_cast<std::size_t>(index));
    };
    std::memcpy(out, "ddd, DD mmm YYYY HH:MM:SS GMT", date_size);
    name(out, days, utc.tm_wday);
    number(out + 5, utc.tm_mday, 2);
    name(out + 8, months, utc.tm_mon);
    number(out + 12, utc.tm_year + 1900, 4);
    number(out + 17, utc.tm_hour, 2);
    number(out + 20, utc.tm_min, 2);
    number(out + 23, utc.tm_sec, 2);
}

void add_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
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

Renderings::Renderings(const ResponseSpec& spec, std::size_t write_buffer) : status_(spec.status), body_(spec.body) {
    render_configured(spec, std::min(write_buffer, run_bytes_max));
    render_fixed(spec);
    bytes_ = generations_[free_generation()].bytes.get();
}

Renderings::Rendered Renderings::render(const HeadParts& parts, std::string_view content) {
    Rendered rendered{.offset = prototype_.size(), .head_only_offset = prototype_.size()};
    prototype_.append("HTTP/1.1 ").append(std::to_string(parts.status)).append(" ").append(parts.reason).append("\r\n");
    if (parts.date) {
        prototype_.append("Date: ");
        date_positions_.push_back(prototype_.size());
        prototype_.append(date_size, '-').append("\r\n");
        write_date(0, prototype_.data() + date_positions_.back());
    }
    for (const auto& [name, value] : parts.headers) add_field(prototype_, name, value);
    if (parts.content_length) add_field(prototype_, "Content-Length", std::to_string(*parts.content_length));
    if (!parts.connection.empty()) add_field(prototype_, "Connection", parts.connection);
    prototype_.append("\r\n");
    rendered.head_size = prototype_.size() - rendered.offset;
    prototype_.append(content);
    rendered.size = prototype_.size() - rendered.offset;
    return rendered;
}

void Renderings::render_configured(const ResponseSpec& spec, std::size_t write_buffer) {
    const bool has_content = body_ != nullptr && !has_no_content(spec.status);
    const std::string_view content = has_content ? std::string_view(*body_) : std::string_view();
    content_size_ = content.size();
    for (const auto persistence : {Persistence::keep_alive, Persistence::keep_alive_1_0, Persistence::close}) {
        const auto index = static_cast<std::size_t>(persistence);
        const HeadParts parts{.status = spec.status,
                              .reason = spec.reason,
                              .headers = spec.headers,
                              .content_length = has_no_length(spec.status) ? std::nullopt : std::optional(content.size()),
                              .connection = connection_fields[index],
                              .date = spec.date};
        Rendered& rendered = configured_[index];
        rendered = render(parts, {});
        const bool is_one_piece = rendered.size + content.size() <= write_buffer;
        if (is_one_piece) {
            prototype_.append(content);
            rendered.size += content.size();
        } else if (!content.empty()) {
            rendered.content = body_.get();
        }
        if (persistence != Persistence::keep_alive) continue;
        // Without content behind the head the run is that one head, which nothing lengthens.
        run_step_ = rendered.size;
        while (is_one_piece && prototype_.size() + run_step_ <= write_buffer) rendered.head_only_offset = render(parts, content).offset;
        run_size_ = prototype_.size();
    }
}

void Renderings::render_fixed(const ResponseSpec& spec) {
    std::vector<HeaderField> headers;
    for (const HeaderField& field : spec.headers) {
        if (equals_ignore_case(field.name, "Server")) headers.push_back(field);
    }
    headers.push_back({"Allow", std::string(allowed_methods)});
    for (std::size_t index = 0; index < options_.size(); ++index) {
        options_[index] = render({.status = 200,
                                  .reason = reason_phrase(200),
                                  .headers = headers,
                                  .content_length = 0,
                                  .connection = connection_fields[index],
                                  .date = spec.date},
                                 {});
    }
    headers.pop_back();
    headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
    for (const RefusalRow& row : refusal_table) {
        if (row.refusal == Refusal::none) continue;
        const int status = static_cast<int>(row.status);
        const std::string_view phrase = reason_phrase(status);
        const std::string content = std::string(phrase).append(": ").append(row.why);
        // RFC 9110 §15.5.6: a 405 lists the methods that would have been taken.
        if (row.status == Status::method_not_allowed) headers.push_back({"Allow", std::string(allowed_methods)});
        refusals_[static_cast<std::size_t>(row.refusal)] = render({.status = status,
                                                                   .reason = phrase,
                                                                   .headers = headers,
                                                                   .content_length = content.size(),
                                                                   .connection = "close",
                                                                   .date = spec.date},
                                                                  content);
        if (row.status == Status::method_not_allowed) headers.pop_back();
    }
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
    std::array<char, date_size> date;
    write_date(now, date.data());
    for (const std::size_t position : date_positions_) std::memcpy(bytes + position, date.data(), date_size);
    bytes_ = bytes;
}

}  // namespace tinyhttpd::http
