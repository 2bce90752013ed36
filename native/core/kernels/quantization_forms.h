#pragma once

#include "millrace/quantization_kernels.h"

namespace millrace {

// One set of forms per instruction set; quantization_kernels.h says what they mean.
#define MILLRACE_QUANTIZATION_KERNELS(set)                                                                            \
  void byte_dot_##set(const std::int16_t* query, const std::byte* const* rows, std::size_t count, std::size_t size,   \
                      std::int32_t* sums) noexcept;                                                                   \
  void byte_l1_##set(const std::int16_t* query, const std::byte* const* rows, std::size_t count, std::size_t size,    \
                     std::int32_t* sums) noexcept;                                                                    \
  void one_bit_##set(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,   \
                     std::size_t blocks, std::int32_t* sums) noexcept;                                                \
  void two_bits_##set(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,  \
                      std::size_t blocks, std::int32_t* sums) noexcept;                                               \
  void four_bits_##set(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset, \
                       std::size_t blocks, std::int32_t* sums) noexcept;                                              \
  std::uint32_t nearest_##set(const float* vector, const float* centroids, std::size_t size) noexcept;                \
  void table_sums_##set(const float* tables, const std::byte* const* rows, std::size_t count, std::size_t chunks,     \
                        float* sums) noexcept;

MILLRACE_QUANTIZATION_KERNELS(scalar)
MILLRACE_QUANTIZATION_KERNELS(avx2)
MILLRACE_QUANTIZATION_KERNELS(neon)

#undef MILLRACE_QUANTIZATION_KERNELS

}  // namespace millrace
