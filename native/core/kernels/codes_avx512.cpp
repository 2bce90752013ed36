#include "code_forms.h"

#if defined(__x86_64__)

#include <immintrin.h>

namespace millrace {
namespace {

struct Product {
  __m512i operator()(__m512i query, __m512i codes) const noexcept { return _mm512_madd_epi16(query, codes); }
};

struct Difference {
  __m512i operator()(__m512i query, __m512i codes) const noexcept {
    return _mm512_madd_epi16(_mm512_abs_epi16(_mm512_sub_epi16(query, codes)), _mm512_set1_epi16(1));
  }
};

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

/// What lies beyond the dimension is read as zero, of the query and of the row: the masks keep it out.
template <int Rows, typename Step>
inline void sums(const CodeQuery& query, const std::int8_t* const* rows, std::int32_t* out, Step step) noexcept {
  __m512i sum[Rows];
  for (int r = 0; r < Rows; ++r) sum[r] = _mm512_setzero_si512();
  for (std::size_t d = 0; d < query.dimension; d += 32) {
    const std::size_t left = query.dimension - d;
    const __mmask32 inside = left >= 32 ? 0xffffffffU : (1U << left) - 1;
    const __m512i part = _mm512_maskz_loadu_epi16(inside, query.values + d);
    for (int r = 0; r < Rows; ++r)
      sum[r] = _mm512_add_epi32(
          sum[r], step(part, _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(inside, rows[r] + d))));
  }
  for (int r = 0; r < Rows; ++r) out[r] = add_lanes(sum[r]);
}

inline std::int32_t term_of(const std::int8_t* row, std::size_t stride) noexcept {
  return _mm_cvtsi128_si32(_mm_loadu_si32(row + stride - 4));
}

template <bool HasTerm, typename Step>
inline void keys_of(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                    std::int32_t* keys, Step step) noexcept {
  std::size_t i = 0;
  while (i < count) {
    const std::size_t many = count - i >= 4 ? 4 : 1;
    const std::int8_t* four[4];
    std::int32_t sum[4];
    for (std::size_t r = 0; r < many; ++r) four[r] = rows.row(ids[i + r]);
    if (many == 4) {
      sums<4>(query, four, sum, step);
    } else {
      sums<1>(query, four, sum, step);
    }
    for (std::size_t r = 0; r < many; ++r)
      keys[i + r] = HasTerm ? (term_of(four[r], rows.stride) >> query.term_shift) - sum[r] : sum[r];
    i += many;
  }
}

}  // namespace

void code_dot_avx512(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                     std::int32_t* keys) noexcept {
  keys_of<true>(query, rows, ids, count, keys, Product{});
}

void code_l1_avx512(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                    std::int32_t* keys) noexcept {
  keys_of<false>(query, rows, ids, count, keys, Difference{});
}

}  // namespace millrace

#endif
