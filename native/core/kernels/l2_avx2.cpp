#include "kernel_forms.h"

#if defined(__x86_64__)

#include "lanes_avx2.h"

namespace millrace {
namespace {

struct Step {
  __m256 operator()(__m256 sum, __m256 query, __m256 row) const noexcept {
    const __m256 difference = _mm256_sub_ps(query, row);
    return _mm256_fmadd_ps(difference, difference, sum);
  }
};

}  // namespace

float l2_squared_avx2(const float* query, const float* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_avx2<1>(query, &row, dimension, &out, Step{});
  return out;
}

void l2_squared_four_avx2(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_avx2<4>(query, rows, dimension, out, Step{});
}

float half_l2_squared_avx2(const float* query, const Half* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_avx2<1>(query, &row, dimension, &out, Step{});
  return out;
}

void half_l2_squared_four_avx2(const float* query, const Half* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_avx2<4>(query, rows, dimension, out, Step{});
}

}  // namespace millrace

#endif
