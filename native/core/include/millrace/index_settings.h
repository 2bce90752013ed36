#pragma once

#include <cstdint>

namespace millrace {

/// How a column of vectors is indexed.
struct IndexSettings {
  std::uint32_t links = 24;            ///< `m`; 0: no graph
  std::uint32_t ef_construct = 200;
  std::uint64_t threshold_bytes = std::uint64_t{10'000} << 10U;  ///< of vectors, from which on there is a graph; 0: never
};

}  // namespace millrace
