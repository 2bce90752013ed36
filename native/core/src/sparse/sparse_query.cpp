#include "sparse/sparse_query.h"

#include <bit>
#include <cmath>

namespace millrace {
namespace {

float idf(std::uint32_t vectors, std::uint32_t with_index) noexcept {
  // Counted while records are applied, the one may be newer than the other.
  const double without = vectors > with_index ? vectors - with_index : 0;
  return static_cast<float>(std::log1p((without + 0.5) / (with_index + 0.5)));
}

}  // namespace

SparseQuery::SparseQuery(std::span<const std::uint32_t> indices, std::span<const float> values,
                         const SparseCounts* weighed_by)
    : indices_(indices.begin(), indices.end()),
      weights_(values.begin(), values.end()),
      places_(std::bit_ceil(2 * indices.size() + 1)),
      mask_(places_.size() - 1) {
  for (std::uint32_t i = 0; i < indices_.size(); ++i) {
    const auto hash = hash_of(indices_[i]);
    seen_[(hash >> 6U) % kSeenWords] |= std::uint64_t{1} << (hash & 63U);
    auto at = hash & mask_;
    while (places_[at] != 0) at = (at + 1) & mask_;
    places_[at] = i + 1;
    if (weighed_by != nullptr) weights_[i] *= idf(weighed_by->vectors(), weighed_by->of(indices_[i]));
  }
}

}  // namespace millrace
