#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "millrace/half.h"

namespace millrace {
namespace {

/// First `count` of eight lanes, 0 < count < 8.
inline __m256i first_lanes(std::size_t count) noexcept {
  alignas(32) static const std::int32_t kMask[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMask + 8 - count));
}

inline float add_lanes(__m256 lanes) noexcept {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
  return _mm_cvtss_f32(sum);
}

/// Eight components of a row.
inline __m256 load_row(const float* at) noexcept { return _mm256_loadu_ps(at); }
inline __m256 load_row(const Half* at) noexcept {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}
/// The first `count` of eight, and zeroes.
inline __m256 load_first(const float* at, std::size_t count) noexcept {
  return _mm256_maskload_ps(at, first_lanes(count));
}
inline __m256 load_first(const Half* at, std::size_t count) noexcept {
  alignas(16) Half held[8] = {};
  for (std::size_t i = 0; i < count; ++i) held[i] = at[i];
  return load_row(held);
}

/// Accumulates `step` over `Rows` rows at once. Each row has its own two sums, filled in the same order whatever `Rows` is,
/// so a score does not depend on how many rows were scored together. Two sums per row: with four rows they are the eight
/// independent additions that two FMA units of latency four need.
template <int Rows, typename Row, typename Step>
inline void accumulate_avx2(const float* query, const Row* const* rows, std::size_t dimension, float* out,
                            Step step) noexcept {
  __m256 even[Rows];
  __m256 odd[Rows];
  for (int r = 0; r < Rows; ++r) even[r] = odd[r] = _mm256_setzero_ps();
  std::size_t i = 0;
  for (; i + 16 <= dimension; i += 16) {
    const __m256 query_even = _mm256_loadu_ps(query + i);
    const __m256 query_odd = _mm256_loadu_ps(query + i + 8);
    for (int r = 0; r < Rows; ++r) {
      even[r] = step(even[r], query_even, load_row(rows[r] + i));
      odd[r] = step(odd[r], query_odd, load_row(rows[r] + i + 8));
    }
  }
  if (i + 8 <= dimension) {
    const __m256 query_even = _mm256_loadu_ps(query + i);
    for (int r = 0; r < Rows; ++r) even[r] = step(even[r], query_even, load_row(rows[r] + i));
    i += 8;
  }
  if (i < dimension) {
    const __m256 query_odd = load_first(query + i, dimension - i);
    for (int r = 0; r < Rows; ++r) odd[r] = step(odd[r], query_odd, load_first(rows[r] + i, dimension - i));
  }
  for (int r = 0; r < Rows; ++r) out[r] = add_lanes(_mm256_add_ps(even[r], odd[r]));
}

}  // namespace
}  // namespace millrace
