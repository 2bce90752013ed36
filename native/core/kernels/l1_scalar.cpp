#include <cmath>

#include "kernel_forms.h"

namespace millrace {

float l1_scalar(const float* query, const float* row, std::size_t dimension) noexcept {
  float sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) {
    sum += std::fabs(query[i] - row[i]);
  }
  return sum;
}

void l1_four_scalar(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept {
  for (int r = 0; r < 4; ++r) out[r] = l1_scalar(query, rows[r], dimension);
}

}  // namespace millrace
