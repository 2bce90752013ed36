#include "kernel_forms.h"

#if defined(__x86_64__)

#include <immintrin.h>

namespace millrace {
namespace {

/// The two halves of each 16 bytes as numbers of 16 bits; in which order does not matter to a sum.
inline __m256i low_of(__m256i bytes) noexcept { return _mm256_unpacklo_epi8(bytes, _mm256_setzero_si256()); }
inline __m256i high_of(__m256i bytes) noexcept { return _mm256_unpackhi_epi8(bytes, _mm256_setzero_si256()); }

struct Dot {
  __m256i operator()(__m256i a, __m256i b) const noexcept {
    return _mm256_add_epi32(_mm256_madd_epi16(low_of(a), low_of(b)), _mm256_madd_epi16(high_of(a), high_of(b)));
  }
};

struct L2 {
  __m256i operator()(__m256i a, __m256i b) const noexcept {
    const __m256i low = _mm256_sub_epi16(low_of(a), low_of(b));
    const __m256i high = _mm256_sub_epi16(high_of(a), high_of(b));
    return _mm256_add_epi32(_mm256_madd_epi16(low, low), _mm256_madd_epi16(high, high));
  }
};

struct L1 {
  __m256i operator()(__m256i a, __m256i b) const noexcept { return _mm256_sad_epu8(a, b); }
};

/// No lane overflows: of 65,536 components each takes an eighth, and the sum of all fits into 32 bits.
template <typename Step>
std::uint32_t accumulate(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension, Step step) noexcept {
  __m256i sum = _mm256_setzero_si256();
  std::size_t i = 0;
  for (; i + 32 <= dimension; i += 32) {
    const __m256i of_a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a + i));
    const __m256i of_b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + i));
    sum = _mm256_add_epi32(sum, step(of_a, of_b));
  }
  if (i < dimension) {
    alignas(32) std::uint8_t rest_of_a[32] = {};
    alignas(32) std::uint8_t rest_of_b[32] = {};
    for (std::size_t left = i; left < dimension; ++left) {
      rest_of_a[left - i] = a[left];
      rest_of_b[left - i] = b[left];
    }
    const __m256i of_a = _mm256_load_si256(reinterpret_cast<const __m256i*>(rest_of_a));
    const __m256i of_b = _mm256_load_si256(reinterpret_cast<const __m256i*>(rest_of_b));
    sum = _mm256_add_epi32(sum, step(of_a, of_b));
  }
  alignas(32) std::uint32_t lanes[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sum);
  std::uint32_t total = 0;
  for (const auto lane : lanes) total += lane;
  return total;
}

}  // namespace

std::uint32_t byte_dot_avx2(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept {
  return accumulate(a, b, dimension, Dot{});
}

std::uint32_t byte_l2_squared_avx2(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept {
  return accumulate(a, b, dimension, L2{});
}

std::uint32_t byte_l1_avx2(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept {
  return accumulate(a, b, dimension, L1{});
}

}  // namespace millrace

#endif
