#include "quantization_forms.h"

#if defined(__x86_64__)

#include <immintrin.h>

namespace millrace {
namespace {

inline __m256i load(const void* at) noexcept { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }

/// The sum of eight.
inline std::int32_t total(__m256i sums) noexcept {
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
  return _mm_cvtsi128_si32(half);
}

/// Sixteen codes in the width of the query.
inline __m256i widened(const std::byte* codes) noexcept {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
}

struct Product {
  [[nodiscard]] static __m256i of(__m256i query, __m256i codes) noexcept { return _mm256_madd_epi16(query, codes); }
};

struct Difference {
  [[nodiscard]] static __m256i of(__m256i query, __m256i codes) noexcept {
    const __m256i apart = _mm256_abs_epi16(_mm256_sub_epi16(query, _mm256_slli_epi16(codes, 6)));
    return _mm256_madd_epi16(apart, _mm256_set1_epi16(1));
  }
};

constexpr std::size_t kAhead = 6;

template <typename Term>
inline void byte_sums(const std::int16_t* query, const std::byte* const* rows, std::size_t count, std::size_t size,
                      std::int32_t* sums) noexcept {
  std::size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    __m256i first = _mm256_setzero_si256();
    __m256i second = first;
    // In a scan rows lie side by side: twice their size is the next pair's. Asked for ahead, they come twice as fast.
    const std::byte* const ahead = rows[i + kAhead < count ? i + kAhead : i];
    for (std::size_t d = 0; d < size; d += 16) {
      if (d % 32 == 0) _mm_prefetch(reinterpret_cast<const char*>(ahead + 2 * d), _MM_HINT_T0);
      const __m256i values = load(query + d);
      first = _mm256_add_epi32(first, Term::of(values, widened(rows[i] + d)));
      second = _mm256_add_epi32(second, Term::of(values, widened(rows[i + 1] + d)));
    }
    sums[i] = total(first);
    sums[i + 1] = total(second);
  }
  if (i == count) return;
  __m256i last = _mm256_setzero_si256();
  for (std::size_t d = 0; d < size; d += 16) last = _mm256_add_epi32(last, Term::of(load(query + d), widened(rows[i] + d)));
  sums[i] = total(last);
}

/// The 32 codes of a block, one in each byte.
template <int Bits>
struct Unpack;

template <>
struct Unpack<1> {
  [[nodiscard]] static __m256i codes(const std::byte* at) noexcept {
    const __m256i all = _mm256_broadcastd_epi32(_mm_loadu_si32(at));
    return _mm256_and_si256(_mm256_srlv_epi32(all, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)), _mm256_set1_epi8(1));
  }
};

template <>
struct Unpack<2> {
  [[nodiscard]] static __m256i codes(const std::byte* at) noexcept {
    const __m256i all = _mm256_broadcastq_epi64(_mm_loadu_si64(at));
    return _mm256_and_si256(_mm256_srlv_epi64(all, _mm256_setr_epi64x(0, 2, 4, 6)), _mm256_set1_epi8(3));
  }
};

template <>
struct Unpack<4> {
  [[nodiscard]] static __m256i codes(const std::byte* at) noexcept {
    const __m256i all = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
    return _mm256_and_si256(_mm256_srlv_epi32(all, _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4)), _mm256_set1_epi8(15));
  }
};

/// Sixteen bits hold eight products of two codes, 8 · 2 · 15 · 128.
constexpr std::size_t kNarrowBlocks = 8;

template <int Bits>
inline void packed_sums(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,
                        std::size_t blocks, std::int32_t* sums) noexcept {
  const __m256i ones = _mm256_set1_epi16(1);
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* const row = rows[i] + offset;
    __m256i sum = _mm256_setzero_si256();
    for (std::size_t block = 0; block < blocks;) {
      const std::size_t end = blocks - block < kNarrowBlocks ? blocks : block + kNarrowBlocks;
      __m256i narrow = _mm256_setzero_si256();
      for (; block < end; ++block) {
        const __m256i codes = Unpack<Bits>::codes(row + block * 4 * Bits);
        narrow = _mm256_add_epi16(narrow, _mm256_maddubs_epi16(codes, load(query + block * 32)));
      }
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(narrow, ones));
    }
    sums[i] += total(sum);
  }
}

}  // namespace

void byte_dot_avx2(const std::int16_t* query, const std::byte* const* rows, std::size_t count, std::size_t size,
                   std::int32_t* sums) noexcept {
  byte_sums<Product>(query, rows, count, size, sums);
}

void byte_l1_avx2(const std::int16_t* query, const std::byte* const* rows, std::size_t count, std::size_t size,
                  std::int32_t* sums) noexcept {
  byte_sums<Difference>(query, rows, count, size, sums);
}

void one_bit_avx2(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,
                  std::size_t blocks, std::int32_t* sums) noexcept {
  packed_sums<1>(query, rows, count, offset, blocks, sums);
}

void two_bits_avx2(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,
                   std::size_t blocks, std::int32_t* sums) noexcept {
  packed_sums<2>(query, rows, count, offset, blocks, sums);
}

void four_bits_avx2(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,
                    std::size_t blocks, std::int32_t* sums) noexcept {
  packed_sums<4>(query, rows, count, offset, blocks, sums);
}

std::uint32_t nearest_avx2(const float* vector, const float* centroids, std::size_t size) noexcept {
  __m256 best_sums = _mm256_set1_ps(__builtin_inff());
  __m256i best = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  __m256i indices = best;
  for (std::size_t c = 0; c < 256; c += 8) {
    __m256 sums = _mm256_setzero_ps();
    for (std::size_t d = 0; d < size; ++d) {
      const __m256 apart = _mm256_sub_ps(_mm256_set1_ps(vector[d]), _mm256_loadu_ps(centroids + d * 256 + c));
      sums = _mm256_add_ps(sums, _mm256_mul_ps(apart, apart));
    }
    const __m256 is_nearer = _mm256_cmp_ps(sums, best_sums, _CMP_LT_OQ);
    best_sums = _mm256_blendv_ps(best_sums, sums, is_nearer);
    best = _mm256_blendv_epi8(best, indices, _mm256_castps_si256(is_nearer));
    indices = _mm256_add_epi32(indices, _mm256_set1_epi32(8));
  }
  alignas(32) float lanes[8];
  alignas(32) std::uint32_t of_lanes[8];
  _mm256_store_ps(lanes, best_sums);
  _mm256_store_si256(reinterpret_cast<__m256i*>(of_lanes), best);
  std::size_t nearest = 0;
  for (std::size_t lane = 1; lane < 8; ++lane)
    if (lanes[lane] < lanes[nearest] || (lanes[lane] == lanes[nearest] && of_lanes[lane] < of_lanes[nearest])) nearest = lane;
  return of_lanes[nearest];
}

void table_sums_avx2(const float* tables, const std::byte* const* rows, std::size_t count, std::size_t chunks,
                     float* sums) noexcept {
  const __m256i starts = _mm256_setr_epi32(0, 256, 512, 768, 1024, 1280, 1536, 1792);
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* const row = rows[i];
    __m256 lanes = _mm256_setzero_ps();
    std::size_t chunk = 0;
    for (; chunk + 8 <= chunks; chunk += 8) {
      const __m256i codes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + chunk)));
      lanes = _mm256_add_ps(lanes, _mm256_i32gather_ps(tables + chunk * 256, _mm256_add_epi32(codes, starts), 4));
    }
    alignas(32) float each[8];
    _mm256_store_ps(each, lanes);
    for (std::size_t lane = 0; chunk < chunks; ++chunk, ++lane)
      each[lane] += tables[chunk * 256 + std::to_integer<std::size_t>(row[chunk])];
    sums[i] = ((each[0] + each[4]) + (each[2] + each[6])) + ((each[1] + each[5]) + (each[3] + each[7]));
  }
}

}  // namespace millrace

#endif
