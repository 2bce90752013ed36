#pragma once

#include <cstddef>

#include "millrace/cpu.h"

namespace millrace {

/// The forms of one metric. Rows need no alignment.
/// A row's value is the same to the last bit in both forms; it differs between instruction sets, whose lanes add in
/// another order: compare with a relative tolerance of (dimension + 2) * epsilon of the sum of absolute terms.
struct MetricKernel {
  /// @param query, row  f32[dimension]
  float (*one)(const float* query, const float* row, std::size_t dimension) noexcept = nullptr;
  /// @param rows  four pointers to f32[dimension]; the query is loaded once for all
  /// @param out   f32[4]
  void (*four)(const float* query, const float* const* rows, std::size_t dimension, float* out) noexcept = nullptr;
};

struct Kernels {
  MetricKernel dot;
  MetricKernel l2_squared;  ///< sum of squared differences
  MetricKernel l1;          ///< sum of absolute differences
};

/// @param set  one that cpu_runs
[[nodiscard]] const Kernels& kernels_for(InstructionSet set) noexcept;

/// Those of instruction_set().
[[nodiscard]] const Kernels& kernels() noexcept;

}  // namespace millrace
