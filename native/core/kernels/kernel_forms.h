#pragma once

#include <cstddef>

namespace millrace {

// One pair of forms per metric and instruction set; kernels.h says what they mean. Plain pointers only: a file built for
// wide registers must not instantiate library templates, which the linker could then pick for the whole program.
#define MILLRACE_KERNEL(metric, set)                                                                          \
  float metric##_##set(const float* query, const float* row, std::size_t dimension) noexcept;                 \
  void metric##_four_##set(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept;

MILLRACE_KERNEL(dot, scalar)
MILLRACE_KERNEL(l2_squared, scalar)
MILLRACE_KERNEL(l1, scalar)
MILLRACE_KERNEL(dot, avx2)
MILLRACE_KERNEL(l2_squared, avx2)
MILLRACE_KERNEL(l1, avx2)
MILLRACE_KERNEL(dot, avx512)
MILLRACE_KERNEL(l2_squared, avx512)
MILLRACE_KERNEL(l1, avx512)

#undef MILLRACE_KERNEL

}  // namespace millrace
