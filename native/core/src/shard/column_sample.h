#pragma once

#include <cstdint>
#include <vector>

#include "shard/rows.h"

namespace millrace {

/// Some vectors of a column as floats, to learn from.
class ColumnSample {
 public:
  /// Takes them evenly from the first `count`.
  /// @param most  vectors, about; fewer where what is stored has to be made floats first
  /// @throws std::bad_alloc
  ColumnSample(const VectorColumn& column, std::uint32_t count, std::uint32_t most);

  /// The same from multivectors: vectors of theirs.
  [[nodiscard]] static ColumnSample of_multi(const VectorColumn& column, std::uint32_t count, std::size_t most);

  /// Pointers to f32[dimension], valid as long as the sample and the column.
  [[nodiscard]] const std::vector<const float*>& vectors() const noexcept { return vectors_; }

 private:
  ColumnSample() = default;

  std::vector<const float*> vectors_;
  std::vector<float> widened_;  ///< what they point to where nothing stored is a float
};

}  // namespace millrace
