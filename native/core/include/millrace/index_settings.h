#pragma once

#include <cstdint>

namespace millrace {

/// How a column of vectors is indexed.
struct IndexSettings {
  std::uint32_t links = 24;            ///< `m`; 0: no graph
  std::uint32_t ef_construct = 200;
  std::uint64_t threshold_bytes = std::uint64_t{10'000} << 10U;  ///< of vectors, from which on there is a graph; 0: never
  std::uint64_t full_scan_bytes = 0;  ///< fewer bytes of vectors that may be found are scanned; 0: the engine's choice
};

/// The settings of one vector slot.
struct SlotIndex {
  std::uint32_t slot = 0;
  IndexSettings settings;
};

}  // namespace millrace
