#include "kernel_forms.h"

#if defined(__aarch64__)

#include "lanes_neon.h"

namespace millrace {
namespace {

struct Step {
  float32x4_t operator()(float32x4_t sum, float32x4_t query, float32x4_t row) const noexcept {
    return vaddq_f32(sum, vabdq_f32(query, row));
  }
};

}  // namespace

float l1_neon(const float* query, const float* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_neon<1>(query, &row, dimension, &out, Step{});
  return out;
}

void l1_four_neon(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_neon<4>(query, rows, dimension, out, Step{});
}

float half_l1_neon(const float* query, const Half* row, std::size_t dimension) noexcept {
  float out = 0;
  accumulate_neon<1>(query, &row, dimension, &out, Step{});
  return out;
}

void half_l1_four_neon(const float* query, const Half* const* rows, std::size_t dimension, float* out) noexcept {
  accumulate_neon<4>(query, rows, dimension, out, Step{});
}

}  // namespace millrace

#endif
