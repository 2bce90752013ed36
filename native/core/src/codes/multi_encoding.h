#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "millrace/kernels.h"
#include "millrace/schema.h"

namespace millrace {

/// How multivectors become vectors of one length, so that a graph leads to them: a component for each of some anchors, which
/// lie where the column's vectors do. It tells how near the nearest of a multivector's vectors comes to the anchor. A query's
/// vector is told by the anchors around it, each with a weight; so the sum of weight · component over all anchors is about
/// what max_sim gives. As in MUVERA (Dhulipala et al. 2024) the order of one dot product stands for that of max_sim; why by
/// anchors: docs/adr/0017-encode-multivectors-by-anchors.md
class MultiEncoding {
 public:
  /// The anchors of a column of vectors of this dimension: the more, the nearer to max_sim, and the more bytes a point.
  [[nodiscard]] static std::size_t anchors_for(std::size_t dimension) noexcept;
  /// Vectors that are wanted to learn from.
  [[nodiscard]] static std::size_t sample_for(std::size_t dimension) noexcept;

  /// Learns anchors.
  /// @param sample  pointers to f32[dimension], finite; at least one. The same ones give the same anchors.
  /// @throws std::bad_alloc
  [[nodiscard]] static MultiEncoding learned(Distance distance, std::size_t dimension, std::span<const float* const> sample);

  /// @param anchors  f32[n × dimension], finite, of which there are a multiple of 4
  MultiEncoding(Distance distance, std::size_t dimension, std::vector<float> anchors);

  /// Components of what is encoded.
  [[nodiscard]] std::size_t size() const noexcept { return anchors_.size() / dimension_; }
  [[nodiscard]] std::span<const float> anchors() const noexcept { return anchors_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return anchors_.size() * sizeof(float); }

  /// @param vectors  f32[n × dimension], n ≥ 1
  /// @param into     f32[size()], finite
  void encode(std::span<const float> vectors, std::span<float> into) const noexcept;

  /// Adds the weights of one vector of a query.
  /// @param vector  f32[dimension]
  /// @param into    f32[size()]
  /// @param scratch f32[size()]
  void add_query(std::span<const float> vector, std::span<float> into, std::span<float> scratch) const noexcept;

 private:
  /// How near a vector comes to each anchor: larger is nearer.
  void near(const float* vector, std::span<float> into) const noexcept;

  Distance distance_;
  std::size_t dimension_;
  MetricKernel kernel_;
  std::vector<float> anchors_;
};

}  // namespace millrace
