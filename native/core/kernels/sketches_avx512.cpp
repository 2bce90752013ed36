#include "code_forms.h"

#if defined(__x86_64__)

#include "code_rows_avx512.h"

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

struct Sums {
  template <int Rows>
  static void of(const SketchQuery& query, const std::uint8_t* const* rows, std::int32_t* out) noexcept {
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
};

}  // namespace

void sketch_dot_avx512(const SketchQuery& query, const SketchRows& rows, const std::uint32_t* ids, std::size_t count,
                       std::int32_t* keys) noexcept {
  keys_of_rows<true, Sums>(query, rows, ids, count, keys);
}

}  // namespace millrace

#endif
