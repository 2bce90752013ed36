#pragma once

#include <algorithm>
#include <cstdint>

#include "millrace/shard.h"
#include "millrace/thread_pool.h"
#include "shard/snapshot.h"

namespace millrace {

/// Below this many multiply-adds for each thread, one to two milliseconds, waking another costs more than it helps.
inline constexpr std::uint64_t kThreadWorkMin = 4'000'000;

/// What one search of a column looks at: a state, and what may be found in it. All of it outlives the search.
struct SearchScope {
  /// @param among  the rows that may be found; null: all
  SearchScope(const RowStore& rows, const VectorColumn& of, const Snapshot& at, const SearchPlan& asked,
              const Bitmap* among) noexcept
      : store(rows),
        column(of),
        state(at.state),
        count(at.vectors_of(of)),
        plan(asked),
        passing(among),
        eligible(among == nullptr ? at.state.points : among->count),
        k(static_cast<std::size_t>(std::min<std::uint64_t>(asked.k, eligible))) {}

  const RowStore& store;
  const VectorColumn& column;
  const ShardState& state;
  std::uint32_t count;     ///< of positions: none from there on is part of the state
  const SearchPlan& plan;
  const Bitmap* passing;
  std::uint64_t eligible;  ///< rows that may be found
  std::size_t k;           ///< hits, at most

  /// @param row  of the state
  [[nodiscard]] bool may_be_found(std::uint32_t row) const noexcept {
    return store.is_visible(row, state.next_offset) && (passing == nullptr || passing->contains(row));
  }
  /// The row that has the position's vector in the state; kNoRow: it came later, and so did all after it.
  [[nodiscard]] std::uint32_t row_of(std::uint64_t position) const noexcept {
    return column.row_before(position, column.newest_row(position), state.rows, store);
  }
  /// The same, or kNoRow when it may not be found.
  [[nodiscard]] std::uint32_t row_at(std::uint64_t position) const noexcept {
    const auto row = row_of(position);
    return row != kNoRow && may_be_found(row) ? row : kNoRow;
  }
  /// Threads besides the caller's that are worth waking. @param work  multiply-adds
  [[nodiscard]] std::uint32_t helpers_for(std::uint64_t work) const {
    if (plan.matching.helpers == nullptr) return 0;
    const auto worth = work / kThreadWorkMin;
    return worth < 2 ? 0 : static_cast<std::uint32_t>(std::min<std::uint64_t>(worth - 1, plan.matching.helpers->idle()));
  }
};

}  // namespace millrace
