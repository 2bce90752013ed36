#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "millrace/sparse_view.h"
#include "sparse/sparse_counts.h"

namespace millrace {

/// A sparse query, ready to be compared. However a vector's score is come by, the products are added in f32 by rising
/// index, so that it is the same to the last bit.
class SparseQuery {
 public:
  /// @param weighed_by  multiplies each value by ln(1 + (N - n + 0.5) / (n + 0.5)), n of N vectors having its index; null: none
  /// @throws std::bad_alloc
  SparseQuery(std::span<const std::uint32_t> indices, std::span<const float> values, const SparseCounts* weighed_by);

  [[nodiscard]] std::span<const std::uint32_t> indices() const noexcept { return indices_; }
  [[nodiscard]] std::span<const float> weights() const noexcept { return weights_; }

  /// @return the sum over the indices that both have; 0 when there are none
  [[nodiscard]] float score(const SparseView& vector) const noexcept {
    float sum = 0;
    for (std::size_t i = 0; i < vector.indices.size(); ++i) {
      const auto index = vector.indices[i];
      const auto hash = hash_of(index);
      // Most indices are not asked for, and one bit says so.
      if (((seen_[(hash >> 6U) % kSeenWords] >> (hash & 63U)) & 1U) == 0) continue;
      for (auto at = hash & mask_;; at = (at + 1) & mask_) {
        if (places_[at] == 0) break;
        if (indices_[places_[at] - 1] != index) continue;
        sum += weights_[places_[at] - 1] * vector.values[i];
        break;
      }
    }
    return sum;
  }

 private:
  static constexpr std::size_t kSeenWords = 64;

  [[nodiscard]] static std::size_t hash_of(std::uint32_t index) noexcept {
    return static_cast<std::size_t>((index * 0x9E3779B97F4A7C15ULL) >> 32U);
  }

  std::vector<std::uint32_t> indices_;
  std::vector<float> weights_;
  std::vector<std::uint32_t> places_;  ///< by hash: place in indices_ + 1, or 0
  std::size_t mask_ = 0;
  std::uint64_t seen_[kSeenWords]{};
};

}  // namespace millrace
