#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "millrace/kernels.h"
#include "millrace/schema.h"

namespace millrace {

/// Compares one vector with stored ones of a slot. The query becomes what it would be if it were stored there, so that a
/// vector is as near to itself as can be.
///
/// Values are those of the metric's kernel: a similarity for cosine and dot, else the sum before any root.
class VectorScorer {
 public:
  /// @param query  f32[dimension], of unit length when the slot keeps it; outlives the scorer
  /// @throws std::bad_alloc
  VectorScorer(const VectorSlot& slot, std::span<const float> query);
  VectorScorer(const VectorScorer&) = delete;
  VectorScorer& operator=(const VectorScorer&) = delete;

  [[nodiscard]] float one(const std::byte* stored) const noexcept;

  /// The values that `one` gives.
  void four(const std::byte* const* stored, float* out) const noexcept;

  /// The query with its components as floats, as `VectorColumn::components` gives those of what is stored.
  [[nodiscard]] std::span<const float> components() const noexcept { return components_; }

 private:
  [[nodiscard]] float byte_value(const std::uint8_t* stored) const noexcept;

  ElementType element_;
  std::size_t dimension_;
  MetricKernel floats_;
  HalfKernel halves_;
  ByteKernel bytes_ = nullptr;
  bool is_byte_cosine_;
  std::vector<float> own_;
  std::span<const float> components_;
  std::vector<std::uint8_t> byte_query_;
  double byte_squares_ = 0;  ///< of the query in bytes
};

}  // namespace millrace
