#include "kernel_forms.h"

#if defined(__x86_64__)

#include <immintrin.h>

namespace millrace {
namespace {

inline __m512i low_of(__m512i bytes) noexcept { return _mm512_unpacklo_epi8(bytes, _mm512_setzero_si512()); }
inline __m512i high_of(__m512i bytes) noexcept { return _mm512_unpackhi_epi8(bytes, _mm512_setzero_si512()); }

struct Dot {
  __m512i operator()(__m512i a, __m512i b) const noexcept {
    return _mm512_add_epi32(_mm512_madd_epi16(low_of(a), low_of(b)), _mm512_madd_epi16(high_of(a), high_of(b)));
  }
};

struct L2 {
  __m512i operator()(__m512i a, __m512i b) const noexcept {
    const __m512i low = _mm512_sub_epi16(low_of(a), low_of(b));
    const __m512i high = _mm512_sub_epi16(high_of(a), high_of(b));
    return _mm512_add_epi32(_mm512_madd_epi16(low, low), _mm512_madd_epi16(high, high));
  }
};

struct L1 {
  __m512i operator()(__m512i a, __m512i b) const noexcept { return _mm512_sad_epu8(a, b); }
};

/// As in bytes_avx2.cpp, with 64 bytes and a masked tail.
template <typename Step>
std::uint32_t accumulate(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension, Step step) noexcept {
  __m512i sum = _mm512_setzero_si512();
  std::size_t i = 0;
  for (; i + 64 <= dimension; i += 64)
    sum = _mm512_add_epi32(sum, step(_mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i)));
  if (i < dimension) {
    const auto mask = (std::uint64_t{1} << (dimension - i)) - 1;
    sum = _mm512_add_epi32(sum, step(_mm512_maskz_loadu_epi8(mask, a + i), _mm512_maskz_loadu_epi8(mask, b + i)));
  }
  alignas(64) std::uint32_t lanes[16];
  _mm512_store_si512(lanes, sum);
  std::uint32_t total = 0;
  for (const auto lane : lanes) total += lane;
  return total;
}

}  // namespace

std::uint32_t byte_dot_avx512(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept {
  return accumulate(a, b, dimension, Dot{});
}

std::uint32_t byte_l2_squared_avx512(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept {
  return accumulate(a, b, dimension, L2{});
}

std::uint32_t byte_l1_avx512(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept {
  return accumulate(a, b, dimension, L1{});
}

}  // namespace millrace

#endif
