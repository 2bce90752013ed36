#pragma once

#include <memory>
#include <vector>

#include "filter/filter_evaluator.h"
#include "shard/rows.h"

namespace millrace {

/// Asks a filter about rows. One for each thread.
class RowMatcher {
 public:
  /// @param columns  of the generation that is read; what the filter asks of others is false
  /// @throws std::bad_alloc
  RowMatcher(const RowStore& store, const std::vector<std::shared_ptr<VectorColumn>>& columns, const FilterTree& tree)
      : store_(store), evaluator_(tree), columns_(tree.slots.size()), vectors_(new bool[tree.slots.size()]) {
    for (std::size_t i = 0; i < columns_.size(); ++i)
      for (const auto& column : columns)
        if (column->slot.slot == tree.slots[i]) columns_[i] = column.get();
  }

  /// @throws std::bad_alloc
  [[nodiscard]] bool matches(std::uint32_t row) {
    const auto& stored = *store_.rows.at(row);
    for (std::size_t i = 0; i < columns_.size(); ++i)
      vectors_[i] = columns_[i] != nullptr && columns_[i]->position(row) != 0;
    return evaluator_.matches(stored.payload_text(), stored.id(), {vectors_.get(), columns_.size()});
  }

 private:
  const RowStore& store_;
  FilterEvaluator evaluator_;
  std::vector<const VectorColumn*> columns_;  ///< by the tree's slots
  std::unique_ptr<bool[]> vectors_;
};

}  // namespace millrace
