#include "millrace/normalize.h"

#include <cfloat>
#include <cmath>

namespace millrace {

double square_sum_of(std::span<const float> vector) noexcept {
  double sum = 0;
  for (const float x : vector) sum += double{x} * double{x};
  return sum;
}

float normalize(std::span<float> vector, double square_sum) noexcept {
  if (square_sum < double{FLT_EPSILON} || std::fabs(square_sum - 1.0) <= 1e-6) return 1.0F;
  const double length = std::sqrt(square_sum);
  if (length > double{FLT_MAX}) {
    for (float& x : vector) x = static_cast<float>(double{x} / length);
    return FLT_MAX;
  }
  const auto norm = static_cast<float>(length);
  for (float& x : vector) x /= norm;
  return norm;
}

}  // namespace millrace
