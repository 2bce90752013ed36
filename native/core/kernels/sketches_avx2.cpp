#include "code_forms.h"

#if defined(__x86_64__)

#include <immintrin.h>

namespace millrace {
namespace {

constexpr std::size_t kStep = 32;  // A row's bytes are a multiple of it.
/// Two products of at most 15 · 127 for each half of a byte: sums of so many steps fit into 16 bits.
constexpr std::size_t kStepsOfShorts = 4;

inline __m256i load(const void* at) noexcept { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }

inline __m256i products(const std::uint8_t* row, __m256i low, __m256i high) noexcept {
  const __m256i halves = _mm256_set1_epi8(15);
  const __m256i both = _mm256_load_si256(reinterpret_cast<const __m256i*>(row));
  return _mm256_add_epi16(_mm256_maddubs_epi16(_mm256_and_si256(both, halves), low),
                          _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(both, 4), halves), high));
}

inline __m256i widened(__m256i shorts) noexcept { return _mm256_madd_epi16(shorts, _mm256_set1_epi16(1)); }

/// What four rows of one cache line are compared with: it stays in registers.
struct LineQuery {
  __m256i low[2];
  __m256i high[2];
  explicit LineQuery(const SketchQuery& from) noexcept
      : low{load(from.low), load(from.low + kStep)}, high{load(from.high), load(from.high + kStep)} {}
  [[nodiscard]] __m256i operator()(const std::uint8_t* row) const noexcept {
    return widened(_mm256_add_epi16(products(row, low[0], high[0]), products(row + kStep, low[1], high[1])));
  }
};

inline __m128i added(__m256i a, __m256i b, __m256i c, __m256i d) noexcept {
  const __m256i pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
  return _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

inline __m128i four_sums(const SketchQuery& query, const std::uint8_t* const* rows) noexcept {
  __m256i sums[4] = {};
  for (std::size_t from = 0; from < query.bytes; from += kStepsOfShorts * kStep) {
    __m256i shorts[4] = {};
    for (auto at = from; at < query.bytes && at < from + kStepsOfShorts * kStep; at += kStep) {
      const __m256i low = load(query.low + at);
      const __m256i high = load(query.high + at);
      for (int r = 0; r < 4; ++r) shorts[r] = _mm256_add_epi16(shorts[r], products(rows[r] + at, low, high));
    }
    for (int r = 0; r < 4; ++r) sums[r] = _mm256_add_epi32(sums[r], widened(shorts[r]));
  }
  return added(sums[0], sums[1], sums[2], sums[3]);
}

inline __m128i terms_of(const std::uint8_t* const* rows, std::size_t stride) noexcept {
  const auto term = [&](int r) { return _mm_loadu_si32(rows[r] + stride - 4); };
  return _mm_unpacklo_epi64(_mm_unpacklo_epi32(term(0), term(1)), _mm_unpacklo_epi32(term(2), term(3)));
}

template <typename Sums>
inline void keys_of(const SketchQuery& query, const SketchRows& rows, const std::uint32_t* ids, std::size_t count,
                    std::int32_t* keys, Sums sums) noexcept {
  const __m128 scale = _mm_set1_ps(query.term_scale);
  for (std::size_t i = 0; i < count; i += 4) {
    // The last ones are filled up with the last row, and their keys left out.
    const std::size_t last = count - 1;
    const std::uint8_t* const four[4] = {rows.row(ids[i]), rows.row(ids[i + 1 < last ? i + 1 : last]),
                                         rows.row(ids[i + 2 < last ? i + 2 : last]),
                                         rows.row(ids[i + 3 < last ? i + 3 : last])};
    const __m128i terms = _mm_cvtps_epi32(_mm_mul_ps(_mm_cvtepi32_ps(terms_of(four, rows.stride)), scale));
    const __m128i found = _mm_sub_epi32(terms, sums(four));
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

void sketch_dot_avx2(const SketchQuery& query, const SketchRows& rows, const std::uint32_t* ids, std::size_t count,
                     std::int32_t* keys) noexcept {
  if (rows.stride == 2 * kStep) {
    const LineQuery line(query);
    keys_of(query, rows, ids, count, keys, [&](const std::uint8_t* const* four) {
      return added(line(four[0]), line(four[1]), line(four[2]), line(four[3]));
    });
  } else {
    keys_of(query, rows, ids, count, keys, [&](const std::uint8_t* const* four) { return four_sums(query, four); });
  }
}

}  // namespace millrace

#endif
