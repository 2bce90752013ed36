#include "kernel_forms.h"

#if defined(__x86_64__)

#include "lanes_avx2.h"

namespace millrace {
namespace {

struct Step {
  __m256 operator()(__m256 sum, __m256 query, __m256 row) const noexcept {
    const __m256 sign = _mm256_set1_ps(-0.0F);
    return _mm256_add_ps(sum, _mm256_andnot_ps(sign, _mm256_sub_ps(query, row)));
  }
};

}  // namespace

float l1_avx2(const float* query, const float* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_avx2<1>(query, &row, dimension, &out, Step{});
  return out;
}

void l1_four_avx2(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_avx2<4>(query, rows, dimension, out, Step{});
}

float half_l1_avx2(const float* query, const Half* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_avx2<1>(query, &row, dimension, &out, Step{});
  return out;
}

void half_l1_four_avx2(const float* query, const Half* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_avx2<4>(query, rows, dimension, out, Step{});
}

}  // namespace millrace

#endif
