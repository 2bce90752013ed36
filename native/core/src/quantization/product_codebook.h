#pragma once

#include <vector>

#include "quantization/codebook.h"

namespace millrace {

/// One byte for each chunk of components: the nearest of 256 centroids that k-means found for the chunk.
///
///     row:  u8[chunks]
///
/// Whatever the metric, it is a sum over chunks, so a query becomes a table of what each centroid adds.
class ProductCodebook final : public Codebook {
 public:
  static constexpr std::size_t kCentroids = 256;

  /// @param centroids  of each chunk f32[components][256], one chunk after the other
  ProductCodebook(Distance distance, std::size_t dimension, std::size_t chunk, std::vector<float> centroids) noexcept
      : distance_(distance), dimension_(dimension), chunk_(chunk), centroids_(std::move(centroids)) {}

  [[nodiscard]] std::size_t row_bytes() const noexcept override { return (dimension_ + chunk_ - 1) / chunk_; }
  void encode(const float* vector, std::byte* row) const noexcept override;
  void decode(const std::byte* row, float* vector) const noexcept override;
  [[nodiscard]] std::unique_ptr<QueryScorer> scorer(const float* query) const override;

 private:
  class Tables;

  [[nodiscard]] std::size_t components_of(std::size_t chunk) const noexcept {
    return std::min(chunk_, dimension_ - chunk * chunk_);
  }

  Distance distance_;
  std::size_t dimension_;
  std::size_t chunk_;  ///< components of each chunk but the last one
  std::vector<float> centroids_;
};

/// Finds the centroids, one chunk a step.
class ProductTraining final : public Training {
 public:
  /// @throws std::bad_alloc
  ProductTraining(Distance distance, std::size_t dimension, std::size_t chunk, std::span<const float* const> sample);

  [[nodiscard]] std::shared_ptr<const Codebook> step() override;

 private:
  Distance distance_;
  std::size_t dimension_;
  std::size_t chunk_;
  std::vector<const float*> sample_;
  std::vector<float> centroids_;
};

}  // namespace millrace
