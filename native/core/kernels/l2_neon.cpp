#include "kernel_forms.h"

#if defined(__aarch64__)

#include "lanes_neon.h"

namespace millrace {
namespace {

struct Step {
  float32x4_t operator()(float32x4_t sum, float32x4_t query, float32x4_t row) const noexcept {
    const float32x4_t difference = vsubq_f32(query, row);
    return vfmaq_f32(sum, difference, difference);
  }
};

}  // namespace

float l2_squared_neon(const float* query, const float* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_neon<1>(query, &row, dimension, &out, Step{});
  return out;
}

void l2_squared_four_neon(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_neon<4>(query, rows, dimension, out, Step{});
}

float half_l2_squared_neon(const float* query, const Half* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_neon<1>(query, &row, dimension, &out, Step{});
  return out;
}

void half_l2_squared_four_neon(const float* query, const Half* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_neon<4>(query, rows, dimension, out, Step{});
}

}  // namespace millrace

#endif
