#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "millrace/code_kernels.h"

namespace millrace {

/// Asks for the lines of a row before they are read. Into the second cache: what may be under way to the first is fewer
/// lines than a hop asks for, and a processor waits with the others, or forgets them.
inline void prefetch_row(const void* row, std::size_t bytes) noexcept {
  // The processor goes on by itself with longer ones.
  constexpr std::size_t kLinesAhead = 16;
  const auto* const start = static_cast<const char*>(row);
  const auto end = std::min(bytes, kLinesAhead * 64);
  for (std::size_t byte = 0; byte < end; byte += 64) __builtin_prefetch(start + byte, 0, 2);
}

/// What a walk compares a query with.
template <typename Query, typename Rows, typename KeysOf>
struct RowOrder {
  Query query;
  Rows rows;
  KeysOf keys_of;

  void ask_for(std::uint32_t row) const noexcept { prefetch_row(rows.row(row), rows.stride); }
  void keys(const std::uint32_t* ids, std::size_t count, std::int32_t* keys) const noexcept {
    keys_of(query, rows, ids, count, keys);
  }
};

/// The codes of rows, or their sketches.
using ByCodes = RowOrder<CodeQuery, CodeRows, CodeKernels::Keys>;
using BySketches = RowOrder<SketchQuery, SketchRows, CodeKernels::SketchKeys>;

}  // namespace millrace
