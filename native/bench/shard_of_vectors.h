#pragma once

// A shard over the vectors of a folder, for benches of searches: base.f32, queries.f32 and truth.i32 as bench/engine/data.py
// writes them, raw little-endian arrays of unit vectors, and the 10 nearest rows of each query.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "millrace/index_builder.h"
#include "millrace/shard.h"
#include "records.h"

namespace millrace::bench {

inline constexpr std::uint32_t kTop = 10;

inline std::uint32_t number(const char* text) { return static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10)); }

template <typename T>
std::vector<T> read_all(const std::string& path, std::size_t count) {
  std::vector<T> values(count);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T)));
  if (!file) {
    std::fprintf(stderr, "%s is too short\n", path.c_str());
    std::exit(1);
  }
  return values;
}

inline const char* name_of(SearchPath path) {
  switch (path) {
    case SearchPath::scan: return "scan";
    case SearchPath::code_scan: return "code scan";
    case SearchPath::graph: return "graph";
    case SearchPath::filtered_graph: return "filtered walk";
    case SearchPath::graph_gave_up: return "walk, then code scan";
  }
  return "";
}

/// Upserts vectors, whose ids are their rows, and waits until the graph leads to all of them.
inline void fill(Shard& shard, const std::vector<float>& base, std::uint32_t dimension) {
  constexpr std::uint32_t kBatch = 1000;
  const auto rows = static_cast<std::uint32_t>(base.size() / dimension);
  std::uint64_t offset = 0;
  const auto apply = [&](const std::vector<std::byte>& frame) {
    const RecordView record{offset++, 0, frame};
    if (shard.apply({&record, 1}).stop) std::abort();
  };
  apply(schema_frame(dimension));
  for (std::uint32_t first = 0; first < rows; first += kBatch) {
    std::vector<std::uint64_t> ids(std::min(kBatch, rows - first));
    std::iota(ids.begin(), ids.end(), first);
    apply(upsert_frame(ids, {&base[std::size_t{first} * dimension], ids.size() * dimension}));
  }
  while (shard.state().indexed_vectors < rows) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

}  // namespace millrace::bench
