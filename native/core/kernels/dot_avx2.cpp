#include "kernel_forms.h"

#if defined(__x86_64__)

#include "lanes_avx2.h"

namespace millrace {
namespace {

struct Step {
  __m256 operator()(__m256 sum, __m256 query, __m256 row) const noexcept {
    return _mm256_fmadd_ps(query, row, sum);
  }
};

}  // namespace

float dot_avx2(const float* query, const float* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_avx2<1>(query, &row, dimension, &out, Step{});
  return out;
}

void dot_four_avx2(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_avx2<4>(query, rows, dimension, out, Step{});
}

float half_dot_avx2(const float* query, const Half* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_avx2<1>(query, &row, dimension, &out, Step{});
  return out;
}

void half_dot_four_avx2(const float* query, const Half* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_avx2<4>(query, rows, dimension, out, Step{});
}

}  // namespace millrace

#endif
