#include "code_forms.h"

#if defined(__x86_64__)

#include "code_rows_avx2.h"

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
inline __m128i four_sums(const CodeQuery& query, const std::int8_t* const* rows) noexcept {
  const auto load = [](const std::int8_t* at) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(at)); };
  __m256i sums[4] = {};
  for (std::size_t at = 0; at < query.dimension; at += kStep) {
    const Step step(query, at);
    for (int r = 0; r < 4; ++r) sums[r] = _mm256_add_epi32(sums[r], step(load(rows[r] + at)));
  }
  return added(sums[0], sums[1], sums[2], sums[3]);
}

template <bool HasTerm, typename Step>
inline void keys_of(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                    std::int32_t* keys) noexcept {
  keys_of_rows<HasTerm>(query, rows, ids, count, keys,
                        [&](const std::int8_t* const* four) { return four_sums<Step>(query, four); });
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
