#pragma once

#include <cstddef>

#include "millrace/half.h"

namespace millrace {
namespace {

inline float as_float(float value) noexcept { return value; }
inline float as_float(Half value) noexcept { return widened(value); }

/// Adds `term` of each component, in order.
template <typename Row, typename Term>
float sum_of(const float* query, const Row* row, std::size_t dimension, Term term) noexcept {
  float sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) sum += term(query[i], as_float(row[i]));
  return sum;
}

}  // namespace
}  // namespace millrace
