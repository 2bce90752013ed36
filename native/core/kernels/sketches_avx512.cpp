#include "code_forms.h"

#if defined(__x86_64__)

#include <immintrin.h>

namespace millrace {
namespace {

constexpr std::size_t kStep = 64;  // A row's bytes are a multiple of it.
/// Two products of at most 15 · 127 for each half of a byte: sums of so many steps fit into 16 bits.
constexpr std::size_t kStepsOfShorts = 4;

inline __m512i products(const std::uint8_t* row, __m512i low, __m512i high) noexcept {
  const __m512i halves = _mm512_set1_epi8(15);
  const __m512i both = _mm512_loadu_si512(row);
  return _mm512_add_epi16(_mm512_maddubs_epi16(_mm512_and_si512(both, halves), low),
                          _mm512_maddubs_epi16(_mm512_and_si512(_mm512_srli_epi16(both, 4), halves), high));
}

inline std::int32_t add_lanes(__m512i lanes) noexcept {
  // Through memory, as for codes: GCC 12 warns of its own intrinsics.
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

template <int Rows>
inline void sums(const SketchQuery& query, const std::uint8_t* const* rows, std::int32_t* out) noexcept {
  __m512i sum[Rows];
  for (int r = 0; r < Rows; ++r) sum[r] = _mm512_setzero_si512();
  for (std::size_t from = 0; from < query.bytes; from += kStepsOfShorts * kStep) {
    __m512i shorts[Rows];
    for (int r = 0; r < Rows; ++r) shorts[r] = _mm512_setzero_si512();
    for (auto at = from; at < query.bytes && at < from + kStepsOfShorts * kStep; at += kStep) {
      const __m512i low = _mm512_loadu_si512(query.low + at);
      const __m512i high = _mm512_loadu_si512(query.high + at);
      for (int r = 0; r < Rows; ++r) shorts[r] = _mm512_add_epi16(shorts[r], products(rows[r] + at, low, high));
    }
    for (int r = 0; r < Rows; ++r)
      sum[r] = _mm512_add_epi32(sum[r], _mm512_madd_epi16(shorts[r], _mm512_set1_epi16(1)));
  }
  for (int r = 0; r < Rows; ++r) out[r] = add_lanes(sum[r]);
}

inline std::int32_t term_of(const SketchQuery& query, const std::uint8_t* row, std::size_t stride) noexcept {
  const __m128 term = _mm_cvtepi32_ps(_mm_loadu_si32(row + stride - 4));
  return _mm_cvtsi128_si32(_mm_cvtps_epi32(_mm_mul_ps(term, _mm_set1_ps(query.term_scale))));
}

}  // namespace

void sketch_dot_avx512(const SketchQuery& query, const SketchRows& rows, const std::uint32_t* ids, std::size_t count,
                       std::int32_t* keys) noexcept {
  for (std::size_t i = 0; i < count;) {
    const std::size_t many = count - i >= 4 ? 4 : 1;
    const std::uint8_t* four[4];
    std::int32_t sum[4];
    for (std::size_t r = 0; r < many; ++r) four[r] = rows.row(ids[i + r]);
    if (many == 4) {
      sums<4>(query, four, sum);
    } else {
      sums<1>(query, four, sum);
    }
    for (std::size_t r = 0; r < many; ++r) keys[i + r] = term_of(query, four[r], rows.stride) - sum[r];
    i += many;
  }
}

}  // namespace millrace

#endif
