#pragma once

#include <cstdint>

#include "millrace/elements.h"

namespace millrace {

enum class QuantizationKind : std::uint8_t { none, scalar, binary, turbo, product };

/// Codes that the user asked for beside the vectors of a column.
struct QuantizationSettings {
  QuantizationKind kind = QuantizationKind::none;
  float quantile = 1;                 ///< scalar: the share of components, by the reference's rule, that the scale holds
  std::uint32_t half_bits = 8;        ///< binary and turbo: twice the bits of a component: 2, 3, 4 or 8
  std::uint32_t query_bits = 8;       ///< binary: of a component of the query: 1, 4 or 8
  std::uint32_t chunk = 4;            ///< product: components that share a byte: 1, 2, 4, 8 or 16

  /// Whether hits are scored by their vectors when a search does not say.
  [[nodiscard]] bool rescores() const noexcept {
    return kind == QuantizationKind::binary || (kind == QuantizationKind::turbo && half_bits < 8);
  }
  friend bool operator==(const QuantizationSettings&, const QuantizationSettings&) = default;
};

/// How a column of vectors is indexed.
struct IndexSettings {
  std::uint32_t links = 24;            ///< `m`; 0: no graph
  std::uint32_t ef_construct = 200;
  std::uint64_t threshold_bytes = std::uint64_t{10'000} << 10U;  ///< of vectors, from which on there is a graph; 0: never
  std::uint64_t full_scan_bytes = 0;  ///< fewer bytes of vectors that may be found are scanned; 0: the engine's choice
  QuantizationSettings quantization = {};  ///< from the same size on, with or without a graph
};

/// Where vectors are kept as they were given. Graphs and codes are always in memory.
enum class VectorPlacement : std::uint8_t {
  cached,  ///< in memory
  cold,    ///< in a file, of which the system keeps in memory what it has room for
};

/// The settings of one vector slot.
struct SlotIndex {
  std::uint32_t slot = 0;
  IndexSettings settings;
  VectorPlacement placement = VectorPlacement::cached;
  ElementType weights = ElementType::f32;  ///< of a sparse vector: what its inverted index keeps of them
};

}  // namespace millrace
