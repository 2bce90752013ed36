#include "code_forms.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstdint>

namespace millrace {
namespace {

constexpr std::size_t kStep = 32;  // A row's bytes are a multiple of it.

/// Products take an unsigned and a signed factor: the query gives its size, its sign goes to the codes. Two of them,
/// 2 · 127², fit into 16 bits.
struct Product {
  __m256i size;
  __m256i query;
  Product(const CodeQuery& from, std::size_t d) noexcept
      : query(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from.values + d))) {
    size = _mm256_abs_epi8(query);
  }
  [[nodiscard]] __m256i operator()(__m256i codes) const noexcept {
    const __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(codes, query));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  }
};

/// Differences of what lies beyond the dimension do not count: the row may hold anything there.
struct Difference {
  __m256i inside;
  __m256i query;
  Difference(const CodeQuery& from, std::size_t d) noexcept
      : query(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from.values + d))) {
    alignas(32) static const std::uint8_t kInside[2 * kStep] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    const std::size_t left = from.dimension - d;
    inside = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kInside + kStep - (left < kStep ? left : kStep)));
  }
  [[nodiscard]] __m256i operator()(__m256i codes) const noexcept {
    const __m256i apart = _mm256_sub_epi8(_mm256_max_epi8(query, codes), _mm256_min_epi8(query, codes));
    return _mm256_sad_epu8(_mm256_and_si256(apart, inside), _mm256_setzero_si256());
  }
};

/// Sums of four rows.
template <typename Step>
inline __m128i four_sums(const CodeQuery& query, const std::int8_t* a, const std::int8_t* b, const std::int8_t* c,
                         const std::int8_t* d) noexcept {
  const auto load = [](const std::int8_t* at) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(at)); };
  __m256i of_a = _mm256_setzero_si256();
  __m256i of_b = of_a;
  __m256i of_c = of_a;
  __m256i of_d = of_a;
  for (std::size_t at = 0; at < query.dimension; at += kStep) {
    const Step step(query, at);
    of_a = _mm256_add_epi32(of_a, step(load(a + at)));
    of_b = _mm256_add_epi32(of_b, step(load(b + at)));
    of_c = _mm256_add_epi32(of_c, step(load(c + at)));
    of_d = _mm256_add_epi32(of_d, step(load(d + at)));
  }
  const __m256i pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(of_a, of_b), _mm256_hadd_epi32(of_c, of_d));
  return _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

inline __m128i term_of(const std::int8_t* row, std::size_t stride) noexcept {
  return _mm_loadu_si32(row + stride - 4);
}

template <bool HasTerm, typename Step>
inline void keys_of(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                    std::int32_t* keys) noexcept {
  const __m128 scale = _mm_set1_ps(query.term_scale);
  for (std::size_t i = 0; i < count; i += 4) {
    // The last ones are filled up with the last row, and their keys left out.
    const std::size_t last = count - 1;
    const auto row = [&](std::size_t at) { return rows.row(ids[at < last ? at : last]); };
    const std::int8_t* const a = row(i);
    const std::int8_t* const b = row(i + 1);
    const std::int8_t* const c = row(i + 2);
    const std::int8_t* const d = row(i + 3);
    __m128i sum = four_sums<Step>(query, a, b, c, d);
    if constexpr (HasTerm) {
      const __m128i terms =
          _mm_unpacklo_epi64(_mm_unpacklo_epi32(term_of(a, rows.stride), term_of(b, rows.stride)),
                             _mm_unpacklo_epi32(term_of(c, rows.stride), term_of(d, rows.stride)));
      sum = _mm_sub_epi32(_mm_cvtps_epi32(_mm_mul_ps(_mm_cvtepi32_ps(terms), scale)), sum);
    }
    if (i + 4 <= count) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(keys + i), sum);
    } else {
      alignas(16) std::int32_t four[4];
      _mm_store_si128(reinterpret_cast<__m128i*>(four), sum);
      for (std::size_t j = i; j < count; ++j) keys[j] = four[j - i];
    }
  }
}

}  // namespace

void code_dot_avx2(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                   std::int32_t* keys) noexcept {
  keys_of<true, Product>(query, rows, ids, count, keys);
}

void code_l1_avx2(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                  std::int32_t* keys) noexcept {
  keys_of<false, Difference>(query, rows, ids, count, keys);
}

}  // namespace millrace

#endif
