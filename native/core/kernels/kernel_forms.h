#pragma once

#include <cstddef>
#include <cstdint>

#include "millrace/half.h"

namespace millrace {

// One pair of forms per metric and element type, and instruction set; kernels.h says what they mean. Plain pointers only: a
// file built for wide registers must not instantiate library templates, which the linker could then pick for the whole program.
#define MILLRACE_KERNEL(metric, Row, set)                                                                 \
  float metric##_##set(const float* query, const Row* row, std::size_t dimension) noexcept;               \
  void metric##_four_##set(const float* query, const Row* const* rows, std::size_t dimension, float* out) noexcept;

#define MILLRACE_KERNELS(set)                                                                                         \
  MILLRACE_KERNEL(dot, float, set)                                                                                    \
  MILLRACE_KERNEL(l2_squared, float, set)                                                                             \
  MILLRACE_KERNEL(l1, float, set)                                                                                     \
  MILLRACE_KERNEL(half_dot, Half, set)                                                                                \
  MILLRACE_KERNEL(half_l2_squared, Half, set)                                                                         \
  MILLRACE_KERNEL(half_l1, Half, set)                                                                                 \
  std::uint32_t byte_dot_##set(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept;         \
  std::uint32_t byte_l2_squared_##set(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept;  \
  std::uint32_t byte_l1_##set(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept;          \
  void widen_##set(const Half* halves, std::size_t count, float* into) noexcept;

MILLRACE_KERNELS(scalar)
MILLRACE_KERNELS(avx2)
MILLRACE_KERNELS(avx512)
MILLRACE_KERNELS(neon)

#undef MILLRACE_KERNELS
#undef MILLRACE_KERNEL

}  // namespace millrace
