// SPDX-License-Identifier: MIT
// Where a run of bytes of one class ends: the inner loops of the head parser, byte by byte (PortableScan) or sixteen at a
// time (VectorScan, where the target has the instructions). Both see the same bytes the same way and never read outside
// [begin, end): the tests hold one to the other, and end their input at an unreadable page.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/ascii.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#define TINYHTTPD_HAS_VECTOR_SCAN 1
#endif

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
};

#ifdef TINYHTTPD_HAS_VECTOR_SCAN

struct VectorScan {
    static void skip_token(Cursor& in) {
        skip<Name>(in);
        PortableScan::skip_token(in);  // for the names with another tchar in them
    }
    static void skip_target(Cursor& in) { skip<Target>(in); }
    static void skip_value(Cursor& in) { skip<Value>(in); }
    static void skip_host(Cursor& in) { skip<Host>(in); }

private:
    using Block = __m128i;
    static constexpr std::ptrdiff_t width = 16;

    static Block load(const char* from) { return _mm_loadu_si128(reinterpret_cast<const Block*>(from)); }
    static Block all(char byte) { return _mm_set1_epi8(byte); }
    static Block at_most(Block bytes, char limit) { return _mm_cmpeq_epi8(_mm_min_epu8(bytes, all(limit)), bytes); }

    struct Value {
        static constexpr ascii::Class portable = ascii::field_char;
        static Block outside(Block bytes) {
            const Block control = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, all('\t')), at_most(bytes, 0x1f));
            return _mm_or_si128(control, _mm_cmpeq_epi8(bytes, all(0x7f)));
        }
    };
    static Block letters(Block bytes) { return at_most(_mm_sub_epi8(_mm_or_si128(bytes, all(0x20)), all('a')), 'z' - 'a'); }
    static Block negated(Block mask) { return _mm_cmpeq_epi8(mask, _mm_setzero_si128()); }

    /// Letters and "-", the bytes of most field names.
    struct Name {
        static constexpr ascii::Class portable = ascii::tchar;
        static Block outside(Block bytes) { return negated(_mm_or_si128(letters(bytes), _mm_cmpeq_epi8(bytes, all('-')))); }
    };
    /// Letters, digits, "-" and ".", the bytes of most hosts.
    struct Host {
        static constexpr ascii::Class portable = ascii::host_char;
        static Block outside(Block bytes) {
            const Block from_hyphen_to_nine = at_most(_mm_sub_epi8(bytes, all('-')), '9' - '-');
            const Block others = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, all('/')), from_hyphen_to_nine);
            return negated(_mm_or_si128(letters(bytes), others));
        }
    };
    struct Target {
        static constexpr ascii::Class portable = ascii::target_char;
        static Block outside(Block bytes) {
            // Signed: bytes from 0x80 on are below any ASCII one.
            const Block low = _mm_cmplt_epi8(bytes, all('!'));
            const Block del = _mm_cmpeq_epi8(bytes, all(0x7f));
            const Block quote_or_hash = _mm_cmpeq_epi8(_mm_or_si128(bytes, all(1)), all('#'));
            const Block angle = _mm_cmpeq_epi8(_mm_or_si128(bytes, all(2)), all('>'));
            const Block percent = _mm_cmpeq_epi8(bytes, all('%'));
            return _mm_or_si128(_mm_or_si128(_mm_or_si128(low, del), percent), _mm_or_si128(quote_or_hash, angle));
        }
    };

    template <class Bytes>
    static unsigned stops(const char* from) {
        return static_cast<unsigned>(_mm_movemask_epi8(Bytes::outside(load(from))));
    }

    template <class Bytes>
    static void skip(Cursor& in) {
        const char* at = in.at;
        for (; in.end - at >= width; at += width) {
            if (const unsigned found = stops<Bytes>(at)) {
                in.at = at + std::countr_zero(found);
                return;
            }
        }
        in.at = at;
        if (at == in.end) return;
        if (in.end - in.begin < width) return PortableScan::skip(in, Bytes::portable);
        // The last block, which overlaps what has been judged already: never past the end.
        const unsigned found = stops<Bytes>(in.end - width) >> (width - (in.end - at));
        in.at = found != 0 ? at + std::countr_zero(found) : in.end;
    }
};

using FastestScan = VectorScan;
#else
using FastestScan = PortableScan;
#endif

}  // namespace tinyhttpd::http
