#pragma once

// Included only where AVX-512 is compiled.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace millrace {
namespace {

inline std::int32_t add_lanes(__m512i lanes) noexcept {
  // Through memory, as for floats: GCC 12 warns of its own intrinsics.
  alignas(64) std::int32_t stored[16];
  _mm512_store_si512(stored, lanes);
  __m256i half = _mm256_add_epi32(_mm256_load_si256(reinterpret_cast<const __m256i*>(stored)),
                                  _mm256_load_si256(reinterpret_cast<const __m256i*>(stored + 8)));
  half = _mm256_hadd_epi32(half, half);
  half = _mm256_hadd_epi32(half, half);
  alignas(32) std::int32_t quarters[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(quarters), half);
  return quarters[0] + quarters[4];
}

/// Keys of rows, four at a time, and those that are left one by one.
/// @param HasTerm  whether a key is the row's term, in the query's scale, less its sum; else it is the sum
/// @param Sums     `Sums::template of<Rows>(query, rows, out)` sums one or four rows
template <bool HasTerm, typename Sums, typename Query, typename Rows>
inline void keys_of_rows(const Query& query, const Rows& rows, const std::uint32_t* ids, std::size_t count,
                         std::int32_t* keys) noexcept {
  for (std::size_t i = 0; i < count;) {
    const std::size_t many = count - i >= 4 ? 4 : 1;
    decltype(rows.row(0)) four[4];
    std::int32_t sum[4];
    for (std::size_t r = 0; r < many; ++r) four[r] = rows.row(ids[i + r]);
    if (many == 4) {
      Sums::template of<4>(query, four, sum);
    } else {
      Sums::template of<1>(query, four, sum);
    }
    for (std::size_t r = 0; r < many; ++r) {
      if constexpr (HasTerm) {
        const __m128 term = _mm_cvtepi32_ps(_mm_loadu_si32(four[r] + rows.stride - 4));
        keys[i + r] = _mm_cvtsi128_si32(_mm_cvtps_epi32(_mm_mul_ps(term, _mm_set1_ps(query.term_scale)))) - sum[r];
      } else {
        keys[i + r] = sum[r];
      }
    }
    i += many;
  }
}

}  // namespace
}  // namespace millrace
