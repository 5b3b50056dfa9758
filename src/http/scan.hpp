// SPDX-License-Identifier: MIT
// Where a run of bytes of one class ends, and which bytes of a stretch are special: the inner loops of the head parser, byte by
// byte (PortableScan) or sixteen at a time (VectorScan, where the target has the instructions). Both see the same bytes the
// same way and never read outside [begin, end): the tests hold one to the other, and end their input at an unreadable page.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/ascii.hpp"
#include "base/simd.hpp"

namespace tinyhttpd::http {

/// A contiguous input and how far it has been judged.
struct Cursor {
    const char* begin;
    const char* at;
    const char* end;

    [[nodiscard]] bool done() const { return at == end; }
    [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end - at); }
    [[nodiscard]] std::uint32_t offset() const { return static_cast<std::uint32_t>(at - begin); }
};

struct PortableScan {
    /// Bytes that plain_name() and specials() look at, at most.
    static constexpr std::size_t width = 16;
    static constexpr std::size_t stretch = 64;

    // A local pointer: table and input are bytes, which may alias a Cursor in memory.
    static void skip(Cursor& in, ascii::Class wanted) {
        const char* at = in.at;
        while (at != in.end && ascii::is(*at, wanted)) ++at;
        in.at = at;
    }
    static void skip_token(Cursor& in) { skip(in, ascii::tchar); }
    /// Up to a "%" at most, whose digits are the caller's to judge.
    static void skip_target(Cursor& in) { skip(in, ascii::target_char); }
    static void skip_value(Cursor& in) { skip(in, ascii::field_char); }
    /// Past letters, digits, "-" and "." at least: what the hosts of almost all requests consist of.
    static void skip_host(Cursor& in) { skip(in, ascii::host_char); }

    /// How many bytes two stretches of `size` bytes have in common from their beginnings on.
    [[nodiscard]] static std::size_t common(const char* one, const char* other, std::size_t size) {
        std::size_t at = 0;
        while (at < size && one[at] == other[at]) ++at;
        return at;
    }
    /// How many bytes of `text` are whole lines.
    [[nodiscard]] static std::size_t whole_lines(std::string_view text) { return text.rfind('\n') + 1; }

    // The next two need `width` bytes from in.begin to in.end.

    /// How many letters and "-" there are from in.at on, up to `width`: the whole of most field names. Another byte must follow
    /// them.
    [[nodiscard]] static std::size_t plain_name(const Cursor& in) {
        std::size_t size = 0;
        while (size < width && (ascii::is(in.at[size], ascii::alpha) || in.at[size] == '-')) ++size;
        return size;
    }

    /// One bit for each byte of the stretch that begins at in.at, the first in the lowest: set for what is neither printable ASCII
    /// nor SP. In a clean head those are the CRs and LFs.
    [[nodiscard]] static std::uint64_t specials(const Cursor& in) {
        std::uint64_t found = 0;
        const std::size_t size = std::min(in.left(), stretch);
        for (std::size_t i = 0; i < size; ++i) {
            const auto byte = static_cast<unsigned char>(in.at[i]);
            found |= std::uint64_t{byte < 0x20 || byte > 0x7e} << i;
        }
        return found;
    }
};

#ifdef TINYHTTPD_HAS_SIMD

struct VectorScan {
    static constexpr std::size_t width = PortableScan::width;
    static constexpr std::size_t stretch = PortableScan::stretch;

    static void skip_token(Cursor& in) {
        skip<Name>(in);
        PortableScan::skip_token(in);  // for the names with another tchar in them
    }
    static void skip_target(Cursor& in) {
        for (;; ++in.at) {
            skip<Target>(in);
            if (in.done() || !ascii::is(*in.at, ascii::target_char)) return;
        }
    }
    static void skip_value(Cursor& in) { skip<Value>(in); }
    static void skip_host(Cursor& in) { skip<Host>(in); }

    [[nodiscard]] static std::size_t common(const char* one, const char* other, std::size_t size) {
        if (size < width) return PortableScan::common(one, other, size);
        constexpr unsigned all = (1U << width) - 1;
        std::size_t at = 0;
        while (size - at >= stretch) {
            const Lanes low = same(one + at, other + at) & same(one + at + width, other + at + width);
            const Lanes high = same(one + at + 2 * width, other + at + 2 * width) & same(one + at + 3 * width, other + at + 3 * width);
            if (simd::bits(low & high) != all) break;
            at += stretch;
        }
        if (const std::size_t rest = size - at; rest >= 2 * width && rest < stretch) {
            const std::size_t last = size - 2 * width;  // from both ends: the blocks in the middle overlap
            const Lanes low = same(one + at, other + at) & same(one + at + width, other + at + width);
            const Lanes high = same(one + last, other + last) & same(one + last + width, other + last + width);
            if (simd::bits(low & high) == all) return size;
        }
        while (at < size) {
            at = std::min(at, size - width);  // the last block overlaps what has been compared already
            if (const unsigned found = simd::bits(same(one + at, other + at)); found != all)
                return at + static_cast<unsigned>(std::countr_one(found));
            at += width;
        }
        return size;
    }
    [[nodiscard]] static std::size_t whole_lines(std::string_view text) {
        for (; text.size() >= width; text.remove_suffix(width)) {
            if (const unsigned found = simd::bits(simd::load(text.data() + text.size() - width) == '\n'))
                return text.size() - width + static_cast<unsigned>(std::bit_width(found));
        }
        return PortableScan::whole_lines(text);
    }

    [[nodiscard]] static std::size_t plain_name(const Cursor& in) {
        const char* const from = std::min(in.at, in.end - width);
        const unsigned others = stops<Name>(from) | 1U << width;
        return static_cast<unsigned>(std::countr_zero(others >> (in.at - from)));
    }

    [[nodiscard]] static std::uint64_t specials(const Cursor& in) {
        if (in.left() >= stretch) {
            return ~(printable(in.at) | printable(in.at + width) << width | printable(in.at + 2 * width) << 2 * width |
                     printable(in.at + 3 * width) << 3 * width);
        }
        std::uint64_t found = 0;
        const char* at = in.at;
        for (; in.end - at >= static_cast<std::ptrdiff_t>(width); at += width) found |= printable(at) << (at - in.at);
        const auto rest = static_cast<std::size_t>(in.end - at);
        if (rest != 0) found |= printable(in.end - width) >> (width - rest) << (at - in.at);
        return ~found & ((std::uint64_t{1} << in.left()) - 1);
    }

private:
    using Block = simd::Block;
    using Lanes = simd::Lanes;

    // Comparisons of lanes are signed, with what is to be out of the range moved to below it; each is one instruction this way.
    static Lanes lanes(Block bytes) { return std::bit_cast<Lanes>(bytes); }
    static Lanes same(const char* one, const char* other) { return simd::load(one) == simd::load(other); }
    static Lanes letters(Block bytes) {
        constexpr int up = 0x7f - 'z';
        return lanes((bytes | 0x20) + up) > 'a' + up - 1;
    }

    static std::uint64_t printable(const char* from) { return simd::bits(lanes(simd::load(from) + 1) > ' '); }

    // Where the scan of a block stops: at all that is outside of the class, and at those of its members that would take more instructions
    // to tell; the caller asks `portable` of those.

    struct Value {
        static constexpr ascii::Class portable = ascii::field_char;
        static Lanes stopping(Block bytes) { return ((bytes < ' ') & (bytes != '\t')) | (bytes == 0x7f); }
    };
    /// Letters and "-", the bytes of most field names.
    struct Name {
        static constexpr ascii::Class portable = ascii::tchar;
        static Lanes stopping(Block bytes) { return ~(letters(bytes) | (bytes == '-')); }
    };
    /// Letters, digits, "-" and ".", the bytes of most hosts.
    struct Host {
        static constexpr ascii::Class portable = ascii::host_char;
        static Lanes stopping(Block bytes) { return ~(letters(bytes) | ((bytes - '-' <= '9' - '-') & (bytes != '/'))); }
    };
    /// All of them but "!" and "$".
    struct Target {
        static constexpr ascii::Class portable = ascii::target_char;
        static Lanes stopping(Block bytes) { return (lanes(bytes + 1) < '%' + 2) | ((bytes | 2) == '>'); }
    };

    template <class Bytes>
    static unsigned stops(const char* from) {
        return simd::bits(Bytes::stopping(simd::load(from)));
    }

    template <class Bytes>
    static void skip(Cursor& in) {
        for (; in.end - in.at >= static_cast<std::ptrdiff_t>(width); in.at += width) {
            if (const unsigned found = stops<Bytes>(in.at)) {
                in.at += std::countr_zero(found);
                return;
            }
        }
        if (in.at != in.end) [[unlikely]]
            in.at = skip_rest<Bytes>(in.begin, in.at, in.end);
    }
    /// Of less than a block. Out of line: the input rarely ends here, and two blocks would need twice the registers.
    template <class Bytes>
    [[gnu::noinline]] static const char* skip_rest(const char* begin, const char* at, const char* end) {
        if (end - begin < static_cast<std::ptrdiff_t>(width)) {
            Cursor in{begin, at, end};
            PortableScan::skip(in, Bytes::portable);
            return in.at;
        }
        // The last block, which overlaps what has been judged already: never past the end.
        const unsigned found = stops<Bytes>(end - width) >> (static_cast<std::ptrdiff_t>(width) - (end - at));
        return found != 0 ? at + std::countr_zero(found) : end;
    }
};

using FastestScan = VectorScan;
#else
using FastestScan = PortableScan;
#endif

}  // namespace tinyhttpd::http
