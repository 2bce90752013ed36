#pragma once

#include <cstdint>
#include <span>

namespace millrace {

/// A sparse vector: entries by rising index. None at all is a vector, too.
struct SparseView {
  std::span<const std::uint32_t> indices;
  std::span<const float> values;  ///< f32[indices.size()]
};

}  // namespace millrace
