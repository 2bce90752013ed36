#include "code_forms.h"

#if defined(__x86_64__)

#include <immintrin.h>

namespace millrace {
namespace {

struct Product {
  __m256i operator()(__m256i query, __m256i codes, __m256i /*inside*/) const noexcept {
    return _mm256_madd_epi16(query, codes);
  }
};

/// Differences of what lies beyond the dimension do not count: the row may hold anything there.
struct Difference {
  __m256i operator()(__m256i query, __m256i codes, __m256i inside) const noexcept {
    return _mm256_madd_epi16(_mm256_abs_epi16(_mm256_sub_epi16(query, codes)), inside);
  }
};

/// Ones for the lanes of sixteen that lie inside of the dimension.
inline __m256i ones_for(std::size_t lanes) noexcept {
  alignas(32) static const std::int16_t kOnes[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kOnes + 16 - (lanes < 16 ? lanes : 16)));
}

/// Sums of `Rows` rows, in lanes 0 to Rows - 1.
template <int Rows, typename Step>
inline __m128i sums(const CodeQuery& query, const std::int8_t* const* rows, Step step) noexcept {
  __m256i sum[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
  for (std::size_t d = 0; d < query.dimension; d += 16) {
    const __m256i part = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(query.values + d));
    const __m256i inside = ones_for(query.dimension - d);
    for (int r = 0; r < Rows; ++r) {
      const __m256i codes = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[r] + d)));
      sum[r] = _mm256_add_epi32(sum[r], step(part, codes, inside));
    }
  }
  const __m256i pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(sum[0], sum[1]), _mm256_hadd_epi32(sum[2], sum[3]));
  return _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

inline std::int32_t term_of(const std::int8_t* row, std::size_t stride) noexcept {
  return _mm_cvtsi128_si32(_mm_loadu_si32(row + stride - 4));
}

template <bool HasTerm, typename Step>
inline void keys_of(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                    std::int32_t* keys, Step step) noexcept {
  const __m128i shift = _mm_cvtsi32_si128(query.term_shift);
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const std::int8_t* const four[4] = {rows.row(ids[i]), rows.row(ids[i + 1]), rows.row(ids[i + 2]),
                                        rows.row(ids[i + 3])};
    __m128i sum = sums<4>(query, four, step);
    if constexpr (HasTerm) {
      const __m128i terms = _mm_setr_epi32(term_of(four[0], rows.stride), term_of(four[1], rows.stride),
                                           term_of(four[2], rows.stride), term_of(four[3], rows.stride));
      sum = _mm_sub_epi32(_mm_sra_epi32(terms, shift), sum);
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(keys + i), sum);
  }
  for (; i < count; ++i) {
    const std::int8_t* const row = rows.row(ids[i]);
    const std::int32_t sum = _mm_cvtsi128_si32(sums<1>(query, &row, step));
    keys[i] = HasTerm ? (term_of(row, rows.stride) >> query.term_shift) - sum : sum;
  }
}

}  // namespace

void code_dot_avx2(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                   std::int32_t* keys) noexcept {
  keys_of<true>(query, rows, ids, count, keys, Product{});
}

void code_l1_avx2(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                  std::int32_t* keys) noexcept {
  keys_of<false>(query, rows, ids, count, keys, Difference{});
}

}  // namespace millrace

#endif
