#pragma once

#include <immintrin.h>

#include <cstddef>

#include "millrace/half.h"

namespace millrace {
namespace {

inline float add_lanes(__m512 lanes) noexcept {
  // Through memory: GCC 12 warns of an uninitialised value inside its own extract and cast intrinsics.
  alignas(64) float stored[16];
  _mm512_store_ps(stored, lanes);
  const __m256 half = _mm256_add_ps(_mm256_load_ps(stored), _mm256_load_ps(stored + 8));
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
  return _mm_cvtss_f32(sum);
}

/// Masked, though by nothing: GCC 12 warns of an uninitialised value inside the plain conversion.
inline __m512 widen_all(__m256i halves) noexcept { return _mm512_maskz_cvtph_ps(0xffff, halves); }

/// Sixteen components of a row.
inline __m512 load_row(const float* at) noexcept { return _mm512_loadu_ps(at); }
inline __m512 load_row(const Half* at) noexcept {
  return widen_all(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
}
/// Those of the mask, and zeroes.
inline __m512 load_masked(__mmask16 mask, const float* at) noexcept { return _mm512_maskz_loadu_ps(mask, at); }
inline __m512 load_masked(__mmask16 mask, const Half* at) noexcept {
  return widen_all(_mm256_maskz_loadu_epi16(mask, at));
}

/// As accumulate_avx2, with sixteen lanes and a masked tail.
template <int Rows, typename Row, typename Step>
inline void accumulate_avx512(const float* query, const Row* const* rows, std::size_t dimension, float* out,
                              Step step) noexcept {
  __m512 even[Rows];
  __m512 odd[Rows];
  for (int r = 0; r < Rows; ++r) even[r] = odd[r] = _mm512_setzero_ps();
  std::size_t i = 0;
  for (; i + 32 <= dimension; i += 32) {
    const __m512 query_even = _mm512_loadu_ps(query + i);
    const __m512 query_odd = _mm512_loadu_ps(query + i + 16);
    for (int r = 0; r < Rows; ++r) {
      even[r] = step(even[r], query_even, load_row(rows[r] + i));
      odd[r] = step(odd[r], query_odd, load_row(rows[r] + i + 16));
    }
  }
  if (i + 16 <= dimension) {
    const __m512 query_even = _mm512_loadu_ps(query + i);
    for (int r = 0; r < Rows; ++r) even[r] = step(even[r], query_even, load_row(rows[r] + i));
    i += 16;
  }
  if (i < dimension) {
    const auto mask = static_cast<__mmask16>((1U << (dimension - i)) - 1U);
    const __m512 query_odd = _mm512_maskz_loadu_ps(mask, query + i);
    for (int r = 0; r < Rows; ++r) odd[r] = step(odd[r], query_odd, load_masked(mask, rows[r] + i));
  }
  for (int r = 0; r < Rows; ++r) out[r] = add_lanes(_mm512_add_ps(even[r], odd[r]));
}

}  // namespace
}  // namespace millrace
