#pragma once

#include <cstddef>
#include <cstdint>

#include "millrace/cpu.h"
#include "millrace/half.h"

namespace millrace {

/// The forms of one metric for rows of one element type. Rows need no alignment beyond that of their elements.
/// A row's value is the same to the last bit in both forms; it differs between instruction sets, whose lanes add in
/// another order: compare with a relative tolerance of (dimension + 2) * epsilon of the sum of absolute terms.
template <typename Row>
struct RowKernel {
  /// @param query, row  f32[dimension], Row[dimension]
  float (*one)(const float* query, const Row* row, std::size_t dimension) noexcept = nullptr;
  /// @param rows  four pointers to Row[dimension]; the query is loaded once for all
  /// @param out   f32[4]
  void (*four)(const float* query, const Row* const* rows, std::size_t dimension, float* out) noexcept = nullptr;
};

using MetricKernel = RowKernel<float>;
using HalfKernel = RowKernel<Half>;

/// Sums over two rows of bytes; exact, and so the same with every instruction set. Up to 65,536 components fit.
using ByteKernel = std::uint32_t (*)(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept;

struct Kernels {
  MetricKernel dot;
  MetricKernel l2_squared;  ///< sum of squared differences
  MetricKernel l1;          ///< sum of absolute differences
  HalfKernel half_dot;
  HalfKernel half_l2_squared;
  HalfKernel half_l1;
  ByteKernel byte_dot = nullptr;
  ByteKernel byte_l2_squared = nullptr;
  ByteKernel byte_l1 = nullptr;
  /// @param into  f32[count]
  void (*widen)(const Half* halves, std::size_t count, float* into) noexcept = nullptr;
};

/// @param set  one that cpu_runs
[[nodiscard]] const Kernels& kernels_for(InstructionSet set) noexcept;

/// Those of instruction_set().
[[nodiscard]] const Kernels& kernels() noexcept;

}  // namespace millrace
