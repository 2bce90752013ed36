#include "kernel_forms.h"

#if defined(__x86_64__)

#include "lanes_avx512.h"

namespace millrace {
namespace {

struct Step {
  __m512 operator()(__m512 sum, __m512 query, __m512 row) const noexcept {
    return _mm512_fmadd_ps(query, row, sum);
  }
};

}  // namespace

float dot_avx512(const float* query, const float* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_avx512<1>(query, &row, dimension, &out, Step{});
  return out;
}

void dot_four_avx512(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_avx512<4>(query, rows, dimension, out, Step{});
}

float half_dot_avx512(const float* query, const Half* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_avx512<1>(query, &row, dimension, &out, Step{});
  return out;
}

void half_dot_four_avx512(const float* query, const Half* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_avx512<4>(query, rows, dimension, out, Step{});
}

}  // namespace millrace

#endif
