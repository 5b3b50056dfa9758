// SPDX-License-Identifier: MIT
// Sixteen bytes at a time, in the vector extensions that GCC and Clang share: what is compared for each byte at once, and the bits that
// come of it. It knows no class of bytes. Where a processor has no such instructions TINYHTTPD_HAS_SIMD is not defined: whoever uses this
// has another way, too.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#define TINYHTTPD_HAS_SIMD 1
#elif defined(__aarch64__) && defined(__ARM_NEON) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <arm_neon.h>
#define TINYHTTPD_HAS_SIMD 1
#endif

#ifdef TINYHTTPD_HAS_SIMD

namespace tinyhttpd::simd {

using Block = std::uint8_t __attribute__((vector_size(16)));
using Lanes = std::int8_t __attribute__((vector_size(16)));  ///< each 0 or -1: what comparing blocks gives

inline Block load(const char* from) {
    Block block;
    std::memcpy(&block, from, sizeof block);
    return block;
}

/// One for each lane, the first in the lowest. Only this is each processor's own.
inline unsigned bits(Lanes lanes) {
#if defined(__SSE2__)
    return static_cast<unsigned>(_mm_movemask_epi8(std::bit_cast<__m128i>(lanes)));
#else
    static constexpr std::uint8_t weights[] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t weighed = vandq_u8(std::bit_cast<uint8x16_t>(lanes), vld1q_u8(weights));
    return vaddv_u8(vget_low_u8(weighed)) | static_cast<unsigned>(vaddv_u8(vget_high_u8(weighed))) << 8;
#endif
}

}  // namespace tinyhttpd::simd

#endif
