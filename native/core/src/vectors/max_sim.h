#pragma once

#include <deque>

#include "millrace/multi_view.h"
#include "vectors/vector_scorer.h"

namespace millrace {

/// Compares several vectors with a stored multivector by max_sim: each takes the stored vector that is nearest to it, and
/// their values are added.
class MaxSim {
 public:
  /// @param query  f32[count × dimension], count ≥ 1, each of unit length when the slot keeps it; outlives the scorer
  /// @throws std::bad_alloc
  MaxSim(const VectorSlot& slot, std::span<const float> query);

  /// @return Σ over the query of the largest similarity, or of the smallest distance before its root
  [[nodiscard]] float value(const MultiView& vectors) const noexcept;
  [[nodiscard]] std::size_t queries() const noexcept { return queries_.size(); }
  /// One vector of the query with its components as floats: VectorScorer::components.
  [[nodiscard]] std::span<const float> components(std::size_t query) const noexcept { return queries_[query].components(); }

 private:
  [[nodiscard]] float best_of(const VectorScorer& query, const MultiView& vectors) const noexcept;

  std::size_t row_bytes_;
  bool larger_is_better_;
  std::deque<VectorScorer> queries_;
};

}  // namespace millrace
