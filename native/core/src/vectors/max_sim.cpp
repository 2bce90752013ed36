#include "vectors/max_sim.h"

#include <algorithm>

namespace millrace {

MaxSim::MaxSim(const VectorSlot& slot, std::span<const float> query)
    : row_bytes_(slot.dimension * element_bytes(slot.element)),
      larger_is_better_(slot.distance == Distance::cosine || slot.distance == Distance::dot) {
  for (std::size_t at = 0; at < query.size(); at += slot.dimension)
    queries_.emplace_back(slot, query.subspan(at, slot.dimension));
}

float MaxSim::value(const MultiView& vectors) const noexcept {
  float sum = 0;
  for (const auto& query : queries_) sum += best_of(query, vectors);
  return sum;
}

float MaxSim::best_of(const VectorScorer& query, const MultiView& vectors) const noexcept {
  const auto better = [this](float a, float b) { return larger_is_better_ ? std::max(a, b) : std::min(a, b); };
  const std::byte* stored = vectors.stored.data();
  std::uint32_t left = vectors.count;
  float best = query.one(stored);
  for (; left >= 4; left -= 4) {
    const std::byte* rows[4];
    for (auto& row : rows) {
      row = stored;
      stored += row_bytes_;
    }
    float values[4];
    query.four(rows, values);
    best = better(best, better(better(values[0], values[1]), better(values[2], values[3])));
  }
  for (; left > 0; --left) {
    best = better(best, query.one(stored));
    stored += row_bytes_;
  }
  return best;
}

}  // namespace millrace
