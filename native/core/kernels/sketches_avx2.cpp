#include "code_forms.h"

#if defined(__x86_64__)

#include "code_rows_avx2.h"

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

}  // namespace

void sketch_dot_avx2(const SketchQuery& query, const SketchRows& rows, const std::uint32_t* ids, std::size_t count,
                     std::int32_t* keys) noexcept {
  if (rows.stride == 2 * kStep) {
    const LineQuery line(query);
    keys_of_rows<true>(query, rows, ids, count, keys, [&](const std::uint8_t* const* four) {
      return added(line(four[0]), line(four[1]), line(four[2]), line(four[3]));
    });
  } else {
    keys_of_rows<true>(query, rows, ids, count, keys, [&](const std::uint8_t* const* four) { return four_sums(query, four); });
  }
}

}  // namespace millrace

#endif
