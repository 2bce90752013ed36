#include <cmath>

#include "kernel_forms.h"
#include "scalar_rows.h"

namespace millrace {
namespace {

constexpr auto kTerm = [](float q, float r) noexcept { return std::fabs(q - r); };

}  // namespace

float l1_scalar(const float* query, const float* row, std::size_t dimension) noexcept {
  return sum_of(query, row, dimension, kTerm);
}

void l1_four_scalar(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept {
  for (int r = 0; r < 4; ++r) out[r] = l1_scalar(query, rows[r], dimension);
}

float half_l1_scalar(const float* query, const Half* row, std::size_t dimension) noexcept {
  return sum_of(query, row, dimension, kTerm);
}

void half_l1_four_scalar(const float* query, const Half* const* rows, std::size_t dimension, float* out) noexcept {
  for (int r = 0; r < 4; ++r) out[r] = half_l1_scalar(query, rows[r], dimension);
}

}  // namespace millrace
