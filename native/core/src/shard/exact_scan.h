#pragma once

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "base/interruption.h"
#include "millrace/shard.h"
#include "millrace/thread_pool.h"
#include "shard/ranking.h"
#include "shard/rows.h"
#include "vectors/max_sim.h"
#include "vectors/vector_scorer.h"

namespace millrace {

/// Below this many multiply-adds for each thread, one to two milliseconds, waking another costs more than it helps.
inline constexpr std::uint64_t kThreadWorkMin = 4'000'000;

/// Multiply-adds of one position of a column, on average.
[[nodiscard]] inline std::uint64_t work_per_position(const VectorColumn& column, const SearchPlan& plan) noexcept {
  const std::uint64_t dimension = column.slot.dimension;
  if (column.multi == nullptr) return dimension;
  const auto positions = std::max(1U, column.count.load(std::memory_order_relaxed));
  return std::max<std::uint64_t>(1, column.multi->vectors() / positions) * std::max<std::uint64_t>(dimension, plan.query.size());
}

/// One exact pass over a column. Threads may share it: each takes the next stretch of positions that nobody has taken.
/// The stretches are the same however many threads there are, and so are the scores.
template <typename Scorer = VectorScorer>
class ExactScan {
 public:
  /// @param scorer  of the plan's query: a VectorScorer, or a MaxSim where the column has multivectors; outlives the scan
  /// @param first   the position to begin with
  ExactScan(const RowStore& store, const VectorColumn& column, const Scorer& scorer, const ShardState& state,
            const SearchPlan& plan, const Bitmap* passing, std::uint64_t first = 0) noexcept
      : store_(store),
        column_(column),
        scorer_(scorer),
        state_(state),
        plan_(plan),
        passing_(passing),
        interruption_(plan.matching.cancellation),
        count_(column.count.load(std::memory_order_acquire)),
        // About two million components between two looks at the clock: some hundred microseconds.
        work_(work_per_position(column, plan)),
        stride_(std::clamp<std::uint64_t>((2U << 20U) / work_, 16, 4096)),
        next_(first) {}

  /// Takes part in the pass until nothing of it is left.
  void run(Ranker& ranker) noexcept {
    for (;;) {
      auto position = next_.load(std::memory_order_relaxed);
      std::uint64_t end = position;
      do {
        if (position >= count_) return;
        end = std::min({count_, position + stride_, position + DenseVectors::run(position)});
      } while (!next_.compare_exchange_weak(position, end, std::memory_order_relaxed));
      if (interruption_.is_due() || !scan(position, end, ranker)) next_.store(count_, std::memory_order_relaxed);
    }
  }

  /// Why the pass ended before its end. Asked when all have left `run`.
  [[nodiscard]] std::optional<Error> ended() const { return interruption_.error("search"); }

  /// Threads besides the caller's that are worth waking.
  [[nodiscard]] std::uint32_t helpers_wanted() const {
    if (plan_.matching.helpers == nullptr) return 0;
    const auto worth = count_ * work_ / kThreadWorkMin;
    return worth < 2 ? 0 : static_cast<std::uint32_t>(std::min<std::uint64_t>(worth - 1, plan_.matching.helpers->idle()));
  }

 private:
  /// Scores positions [position, end), all in one block, four wanted rows at a time.
  /// @return false when rows beyond the snapshot began
  bool scan(std::uint64_t position, std::uint64_t end, Ranker& ranker) const noexcept {
    std::uint32_t* newest = column_.row_of.at(position);
    const std::byte* waiting[4];
    std::uint32_t waiting_rows[4];
    float scores[4];
    std::size_t held = 0;
    bool is_inside = true;
    for (; position < end; ++position, ++newest) {
      const auto row = column_.row_before(position, std::atomic_ref(*newest).load(std::memory_order_acquire), state_.rows, store_);
      if (row == kNoRow) {
        is_inside = false;
        break;
      }
      if (!store_.is_visible(row, state_.next_offset) || (passing_ != nullptr && !passing_->contains(row))) continue;
      if constexpr (std::is_same_v<Scorer, MaxSim>) {
        ranker.offer(scorer_.value(column_.multi->at(position)), row);
      } else {
        waiting[held] = column_.dense.at(position);
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

  const RowStore& store_;
  const VectorColumn& column_;
  const Scorer& scorer_;
  const ShardState& state_;
  const SearchPlan& plan_;
  const Bitmap* passing_;
  Interruption interruption_;
  std::uint64_t count_;
  std::uint64_t work_;
  std::uint64_t stride_;
  std::atomic<std::uint64_t> next_;  ///< the first position that nobody has taken
};

}  // namespace millrace
