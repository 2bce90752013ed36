#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millrace {

enum class Distance : std::uint8_t { cosine, dot, euclid, manhattan };

/// One named vector. A slot id is never used twice in a collection, so data encoded for a dropped
/// vector of the same name is recognised.
struct VectorSlot {
  std::uint32_t slot = 0;
  std::string name;  ///< empty: the unnamed vector
  std::uint32_t dimension = 0;
  Distance distance = Distance::cosine;
};

/// What a `schema` record says (META: `version`, `versionBase`, `shard`, `vectors: [{slot, name, size, distance}]`).
struct Schema {
  std::uint32_t version = 0;       ///< 0: none applied yet
  std::uint64_t version_base = 0;  ///< a point's version is this + the offset of its record
  std::uint32_t shard = 0;
  std::vector<VectorSlot> vectors;

  [[nodiscard]] const VectorSlot* find_slot(std::uint32_t slot) const noexcept {
    for (const auto& vector : vectors)
      if (vector.slot == slot) return &vector;
    return nullptr;
  }
};

}  // namespace millrace
