#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "millrace/elements.h"

namespace millrace {

enum class Distance : std::uint8_t { cosine, dot, euclid, manhattan };

/// One named vector, dense or sparse. A slot id is never used twice in a collection, so data encoded for a dropped
/// vector of the same name is recognised.
struct VectorSlot {
  std::uint32_t slot = 0;
  std::string name;  ///< empty: the unnamed vector
  std::uint32_t dimension = 0;  ///< of a sparse one 0
  Distance distance = Distance::cosine;  ///< of a sparse one dot
  bool is_sparse = false;
  ElementType element = ElementType::f32;  ///< that components are stored as; of a sparse one f32
  bool is_multi = false;  ///< a point has any number of vectors of this dimension, compared by max_sim

  /// Whether vectors are stored with a length of 1, and their norms beside them. Bytes could not be.
  [[nodiscard]] bool keeps_unit_length() const noexcept {
    return distance == Distance::cosine && element != ElementType::u8;
  }
};

/// What a `schema` record says (META: `version`, `versionBase`, `shard`, `vectors: [{slot, name, size, distance}]`, of which
/// those that are not of f32 say their `datatype`, and those that are multivectors `multi: true`, and `sparse: [{slot, name}]` when there are any).
struct Schema {
  std::uint32_t version = 0;       ///< 0: none applied yet
  std::uint64_t version_base = 0;  ///< a point's version is this + the offset of its record
  std::uint32_t shard = 0;
  std::vector<VectorSlot> vectors;  ///< the dense ones, then the sparse ones

  [[nodiscard]] const VectorSlot* find_slot(std::uint32_t slot) const noexcept {
    for (const auto& vector : vectors)
      if (vector.slot == slot) return &vector;
    return nullptr;
  }
};

/// @return the description of a sparse vector
[[nodiscard]] inline VectorSlot sparse_slot(std::uint32_t slot, std::string name) {
  return {slot, std::move(name), 0, Distance::dot, true};
}

}  // namespace millrace
