#include "code_forms.h"

#if defined(__x86_64__)

#include "code_rows_avx512.h"

namespace millrace {
namespace {

constexpr std::size_t kStep = 64;  // A row's bytes are a multiple of it.

/// Products take an unsigned and a signed factor: the query gives its size, its sign goes to the codes. Two of them,
/// 2 · 127², fit into 16 bits.
struct Product {
  __m512i size;
  __mmask64 is_negative;
  Product(const CodeQuery& from, std::size_t d) noexcept {
    const __m512i query = _mm512_loadu_si512(from.values + d);
    size = _mm512_abs_epi8(query);
    is_negative = _mm512_movepi8_mask(query);
  }
  [[nodiscard]] __m512i operator()(__m512i codes) const noexcept {
    const __m512i turned = _mm512_mask_sub_epi8(codes, is_negative, _mm512_setzero_si512(), codes);
    return _mm512_madd_epi16(_mm512_maddubs_epi16(size, turned), _mm512_set1_epi16(1));
  }
};

/// Differences of what lies beyond the dimension do not count: the row may hold anything there.
struct Difference {
  __m512i query;
  __mmask64 inside;
  Difference(const CodeQuery& from, std::size_t d) noexcept : query(_mm512_loadu_si512(from.values + d)) {
    const std::size_t left = from.dimension - d;
    inside = left >= kStep ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
  }
  [[nodiscard]] __m512i operator()(__m512i codes) const noexcept {
    const __m512i apart =
        _mm512_maskz_sub_epi8(inside, _mm512_max_epi8(query, codes), _mm512_min_epi8(query, codes));
    return _mm512_sad_epu8(apart, _mm512_setzero_si512());
  }
};

template <typename Step>
struct Sums {
  template <int Rows>
  static void of(const CodeQuery& query, const std::int8_t* const* rows, std::int32_t* out) noexcept {
    __m512i sum[Rows];
    for (int r = 0; r < Rows; ++r) sum[r] = _mm512_setzero_si512();
    for (std::size_t d = 0; d < query.dimension; d += kStep) {
      const Step step(query, d);
      for (int r = 0; r < Rows; ++r) sum[r] = _mm512_add_epi32(sum[r], step(_mm512_loadu_si512(rows[r] + d)));
    }
    for (int r = 0; r < Rows; ++r) out[r] = add_lanes(sum[r]);
  }
};

}  // namespace

void code_dot_avx512(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                     std::int32_t* keys) noexcept {
  keys_of_rows<true, Sums<Product>>(query, rows, ids, count, keys);
}

void code_l1_avx512(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                    std::int32_t* keys) noexcept {
  keys_of_rows<false, Sums<Difference>>(query, rows, ids, count, keys);
}

}  // namespace millrace

#endif
