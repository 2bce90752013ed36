#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "millrace/shard.h"
#include "shard/id_table.h"
#include "shard/rows.h"

namespace millrace {

using ColumnList = std::vector<std::shared_ptr<VectorColumn>>;  // in schema order

/// What changes rarely, replaced as a whole: the last reader that holds an old one frees it.
struct Generation {
  std::shared_ptr<const Schema> schema;
  std::shared_ptr<const ColumnList> columns;
  std::shared_ptr<IdTable> ids;
};

/// A reader's copy of what was published. Rows from `state.rows` on belong to records that are being applied, or to deferred
/// ones.
struct Snapshot {
  ShardState state;
  std::shared_ptr<const Generation> generation;
  /// By column of the generation, how many vectors it has in this state, or some more; null: not worth telling.
  std::shared_ptr<const std::vector<std::uint32_t>> vectors;

  /// Where the vectors of this state end, or some way behind it. @param column  of the generation, or of an older one
  [[nodiscard]] std::uint32_t vectors_of(const VectorColumn& column) const noexcept {
    const auto all = column.count.load(std::memory_order_acquire);
    if (vectors == nullptr) return all;
    const auto& columns = *generation->columns;
    const auto found = std::ranges::find(columns, &column, [](const auto& one) { return one.get(); });
    return found == columns.end() ? all : std::min(all, (*vectors)[static_cast<std::size_t>(found - columns.begin())]);
  }
};

}  // namespace millrace
