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
    static void skip(Cursor& in, ascii::Class wanted) {
        while (!in.done() && ascii::is(*in.at, wanted)) ++in.at;
    }
    static void skip_token(Cursor& in) { skip(in, ascii::tchar); }
    static void skip_target(Cursor& in) { skip(in, ascii::target_char); }
    static void skip_value(Cursor& in) { skip(in, ascii::field_char); }
};

#ifdef TINYHTTPD_HAS_VECTOR_SCAN

struct VectorScan {
    static void skip_token(Cursor& in) { PortableScan::skip_token(in); }
    static void skip_target(Cursor& in) { skip<Target>(in); }
    static void skip_value(Cursor& in) { skip<Value>(in); }

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
    struct Target {
        static constexpr ascii::Class portable = ascii::target_char;
        static Block outside(Block bytes) {
            // Signed: bytes from 0x80 on are below any ASCII one.
            const Block low = _mm_cmplt_epi8(bytes, all('!'));
            const Block del = _mm_cmpeq_epi8(bytes, all(0x7f));
            const Block quote_or_hash = _mm_cmpeq_epi8(_mm_or_si128(bytes, all(1)), all('#'));
            const Block angle = _mm_cmpeq_epi8(_mm_or_si128(bytes, all(2)), all('>'));
            return _mm_or_si128(_mm_or_si128(low, del), _mm_or_si128(quote_or_hash, angle));
        }
    };

    template <class Bytes>
    static unsigned stops(const char* from) {
        return static_cast<unsigned>(_mm_movemask_epi8(Bytes::outside(load(from))));
    }

    template <class Bytes>
    static void skip(Cursor& in) {
        while (in.end - in.at >= width) {
            if (const unsigned found = stops<Bytes>(in.at)) {
                in.at += std::countr_zero(found);
                return;
            }
            in.at += width;
        }
        if (in.done()) return;
        if (in.end - in.begin < width) return PortableScan::skip(in, Bytes::portable);
        // The last block, which overlaps what has been judged already: never past the end.
        const unsigned found = stops<Bytes>(in.end - width) >> (width - (in.end - in.at));
        in.at = found != 0 ? in.at + std::countr_zero(found) : in.end;
    }
};

using FastestScan = VectorScan;
#else
using FastestScan = PortableScan;
#endif

}  // namespace tinyhttpd::http
