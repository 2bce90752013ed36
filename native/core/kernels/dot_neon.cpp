#include "kernel_forms.h"

#if defined(__aarch64__)

#include "lanes_neon.h"

namespace millrace {
namespace {

struct Step {
  float32x4_t operator()(float32x4_t sum, float32x4_t query, float32x4_t row) const noexcept {
    return vfmaq_f32(sum, query, row);
  }
};

}  // namespace

float dot_neon(const float* query, const float* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_neon<1>(query, &row, dimension, &out, Step{});
  return out;
}

void dot_four_neon(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_neon<4>(query, rows, dimension, out, Step{});
}

float half_dot_neon(const float* query, const Half* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_neon<1>(query, &row, dimension, &out, Step{});
  return out;
}

void half_dot_four_neon(const float* query, const Half* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_neon<4>(query, rows, dimension, out, Step{});
}

}  // namespace millrace

#endif
