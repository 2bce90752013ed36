#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace {

/// A multivector as it is stored: vectors of one length, one after the other.
struct MultiView {
  std::span<const std::byte> stored;  ///< element[count × dimension]
  std::span<const float> norms;       ///< the lengths that normalisation took away, f32[count], or empty
  std::uint32_t count = 0;            ///< at least 1
};

}  // namespace millrace
