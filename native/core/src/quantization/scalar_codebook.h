#pragma once

#include "quantization/codebook.h"

namespace millrace {

/// One signed byte for each component, all on one scale.
///
///     row:  i8[dimension]  zeroes to a multiple of 16  i32 Σ code²
///
/// A component is `centre + step · code`. Queries have 14 bits, so that only the rows' rounding is seen.
class ScalarCodebook final : public Codebook {
 public:
  /// Learns the scale. With a quantile below 1 some of the smallest and largest components are left out, as many as the
  /// reference leaves out: ⌊vectors · (1 - quantile) / 2⌋ at each end, of at most 5,000 vectors.
  /// @throws std::bad_alloc
  ScalarCodebook(float quantile, Distance distance, std::size_t dimension, std::span<const float* const> sample);

  [[nodiscard]] std::size_t row_bytes() const noexcept override { return padded_ + sizeof(std::int32_t); }
  void encode(const float* vector, std::byte* row) const noexcept override;
  void decode(const std::byte* row, float* vector) const noexcept override;
  [[nodiscard]] std::unique_ptr<QueryScorer> scorer(const float* query) const override;

 private:
  class Product;
  class Difference;

  Distance distance_;
  std::size_t dimension_;
  std::size_t padded_;
  double centre_ = 0;
  double step_ = 1;  ///< > 0
};

}  // namespace millrace
