#pragma once

#include <algorithm>
#include <type_traits>

#include "shard/shared_pass.h"
#include "vectors/max_sim.h"
#include "vectors/vector_scorer.h"

namespace millrace {

/// Multiply-adds of one position of a column, on average.
[[nodiscard]] inline std::uint64_t work_per_position(const VectorColumn& column, const SearchPlan& plan) noexcept {
  const std::uint64_t dimension = column.slot.dimension;
  if (column.multi == nullptr) return dimension;
  const auto positions = std::max(1U, column.count.load(std::memory_order_relaxed));
  return std::max<std::uint64_t>(1, column.multi->vectors() / positions) * std::max<std::uint64_t>(dimension, plan.query.size());
}

/// One exact pass over a column. Threads may share it: the scores are the same however many there are.
template <typename Scorer = VectorScorer>
class ExactScan {
 public:
  /// @param scorer  of the plan's query: a VectorScorer, or a MaxSim where the column has multivectors; outlives the scan
  /// @param first   the position to begin with
  ExactScan(const SearchScope& scope, const Scorer& scorer, std::uint64_t first = 0) noexcept
      : scope_(scope),
        scorer_(scorer),
        interruption_(scope.plan.matching.cancellation),
        count_(scope.count),
        work_(work_per_position(scope.column, scope.plan)),
        // About two million components between two looks at the clock: some hundred microseconds.
        stretches_(first, count_, std::clamp<std::uint64_t>((2U << 20U) / work_, 16, 4096)) {}

  /// Takes part in the pass until nothing of it is left.
  void run(Ranker& ranker) noexcept {
    stretches_.run(interruption_, [&](std::uint64_t begin, std::uint64_t end) noexcept { return scan(begin, end, ranker); });
  }

  /// Why the pass ended before its end. Asked when all have left `run`.
  [[nodiscard]] std::optional<Error> ended() const { return interruption_.error("search"); }

  /// Threads besides the caller's that are worth waking.
  [[nodiscard]] std::uint32_t helpers_wanted() const { return scope_.helpers_for(count_ * work_); }

 private:
  /// Scores positions [position, end), four wanted rows at a time.
  /// @return false when rows beyond the snapshot began
  bool scan(std::uint64_t position, std::uint64_t end, Ranker& ranker) const noexcept {
    const auto& column = scope_.column;
    const std::byte* waiting[4];
    std::uint32_t waiting_rows[4];
    float scores[4];
    std::size_t held = 0;
    bool is_inside = true;
    for (; position < end; ++position) {
      const auto row = scope_.row_of(position);
      if (row == kNoRow) {
        is_inside = false;
        break;
      }
      if (!scope_.may_be_found(row)) continue;
      if constexpr (std::is_same_v<Scorer, MaxSim>) {
        ranker.offer(scorer_.value(column.multi->at(position)), row);
      } else {
        waiting[held] = column.dense.at(position);
        waiting_rows[held] = row;
        if (++held < 4) continue;
        scorer_.four(waiting, scores);
        for (std::size_t i = 0; i < 4; ++i) ranker.offer(scores[i], waiting_rows[i]);
        held = 0;
      }
    }
    if constexpr (!std::is_same_v<Scorer, MaxSim>)
      for (std::size_t i = 0; i < held; ++i) ranker.offer(scorer_.one(waiting[i]), waiting_rows[i]);
    return is_inside;
  }

  const SearchScope& scope_;
  const Scorer& scorer_;
  Interruption interruption_;
  std::uint64_t count_;
  std::uint64_t work_;
  Stretches stretches_;
};

}  // namespace millrace
