#pragma once

// Included only where AVX2 is compiled.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace millrace {
namespace {

/// The sums of the eight lanes of each.
inline __m128i added(__m256i a, __m256i b, __m256i c, __m256i d) noexcept {
  const __m256i pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
  return _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

/// Keys of rows, four at a time.
/// @param HasTerm  whether a key is the row's term, in the query's scale, less its sum; else it is the sum
/// @param sums     of four rows: (const Element* const*) → __m128i
template <bool HasTerm, typename Query, typename Rows, typename Sums>
inline void keys_of_rows(const Query& query, const Rows& rows, const std::uint32_t* ids, std::size_t count,
                         std::int32_t* keys, Sums sums) noexcept {
  const __m128 scale = _mm_set1_ps(query.term_scale);
  for (std::size_t i = 0; i < count; i += 4) {
    // The last ones are filled up with the last row, and their keys left out.
    const std::size_t last = count - 1;
    const auto row = [&](std::size_t at) { return rows.row(ids[at < last ? at : last]); };
    const decltype(rows.row(0)) four[4] = {row(i), row(i + 1), row(i + 2), row(i + 3)};
    __m128i found = sums(four);
    if constexpr (HasTerm) {
      const auto term = [&](int r) { return _mm_loadu_si32(four[r] + rows.stride - 4); };
      const __m128i terms =
          _mm_unpacklo_epi64(_mm_unpacklo_epi32(term(0), term(1)), _mm_unpacklo_epi32(term(2), term(3)));
      found = _mm_sub_epi32(_mm_cvtps_epi32(_mm_mul_ps(_mm_cvtepi32_ps(terms), scale)), found);
    }
    if (i + 4 <= count) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(keys + i), found);
    } else {
      alignas(16) std::int32_t some[4];
      _mm_store_si128(reinterpret_cast<__m128i*>(some), found);
      for (std::size_t j = i; j < count; ++j) keys[j] = some[j - i];
    }
  }
}

}  // namespace
}  // namespace millrace
