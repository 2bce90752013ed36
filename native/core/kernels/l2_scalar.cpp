#include "kernel_forms.h"

namespace millrace {

float l2_squared_scalar(const float* query, const float* row, std::size_t dimension) noexcept {
  float sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) {
    const float difference = query[i] - row[i];
    sum += difference * difference;
  }
  return sum;
}

void l2_squared_four_scalar(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept {
  for (int r = 0; r < 4; ++r) out[r] = l2_squared_scalar(query, rows[r], dimension);
}

}  // namespace millrace
