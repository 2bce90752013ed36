#pragma once

#include <cstddef>
#include <cstdint>

#include "millrace/cpu.h"

namespace millrace {

/// Sums over the codes of rows: every instruction set gives the same. Rows need no alignment.
struct QuantizationKernels {
  /// Σ query · code, and Σ |query - 64 · code|, in integers.
  /// @param query    i16[size]
  /// @param rows     each i8[size], codes from -127 to 127
  /// @param size     a multiple of 16
  /// @param sums     i32[count]; whoever scales the query sees to it that none overflows
  using Bytes = void (*)(const std::int16_t* query, const std::byte* const* rows, std::size_t count, std::size_t size,
                         std::int32_t* sums) noexcept;
  Bytes byte_dot = nullptr;
  Bytes byte_l1 = nullptr;

  /// Σ query · code for codes of 1, 2 or 4 bits. A block of 32 components takes 4 · bits bytes; the bits of component i of a
  /// block stand in byte i % (4 · bits), shifted by bits · ⌊i / (4 · bits)⌋.
  /// @param query    i8[32 · blocks]
  /// @param offset   where the blocks begin in each row
  /// @param sums     i32[count], added to
  using Packed = void (*)(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,
                          std::size_t blocks, std::int32_t* sums) noexcept;
  Packed one_bit = nullptr;
  Packed two_bits = nullptr;
  Packed four_bits = nullptr;

  /// The nearest of 256 centroids by squared distance, of equal ones the first.
  /// @param vector     f32[size]
  /// @param centroids  f32[size][256]: all first components, then all second ones
  std::uint32_t (*nearest)(const float* vector, const float* centroids, std::size_t size) noexcept = nullptr;

  /// Σ tables[chunk][row[chunk]], added up in eight lanes, chunk % 8, and these in pairs: equal to the last bit everywhere.
  /// @param tables  f32[chunks][256]
  /// @param rows    each u8[chunks]
  /// @param sums    f32[count]
  void (*table_sums)(const float* tables, const std::byte* const* rows, std::size_t count, std::size_t chunks,
                     float* sums) noexcept = nullptr;
};

/// @param set  one that cpu_runs
[[nodiscard]] const QuantizationKernels& quantization_kernels_for(InstructionSet set) noexcept;

/// Those of instruction_set().
[[nodiscard]] const QuantizationKernels& quantization_kernels() noexcept;

}  // namespace millrace
