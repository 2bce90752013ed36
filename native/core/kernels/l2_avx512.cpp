#include "kernel_forms.h"

#if defined(__x86_64__)

#include "lanes_avx512.h"

namespace millrace {
namespace {

struct Step {
  __m512 operator()(__m512 sum, __m512 query, __m512 row) const noexcept {
    const __m512 difference = _mm512_sub_ps(query, row);
    return _mm512_fmadd_ps(difference, difference, sum);
  }
};

}  // namespace

float l2_squared_avx512(const float* query, const float* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_avx512<1>(query, &row, dimension, &out, Step{});
  return out;
}

void l2_squared_four_avx512(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_avx512<4>(query, rows, dimension, out, Step{});
}

float half_l2_squared_avx512(const float* query, const Half* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_avx512<1>(query, &row, dimension, &out, Step{});
  return out;
}

void half_l2_squared_four_avx512(const float* query, const Half* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_avx512<4>(query, rows, dimension, out, Step{});
}

}  // namespace millrace

#endif
