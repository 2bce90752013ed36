#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <string>

#include "base/interruption.h"
#include "base/share_work.h"
#include "millrace/kernels.h"
#include "shard/memory_shard.h"

namespace millrace {
namespace {

struct Candidate {
  float rank;  ///< larger is better: the similarity, or the distance negated
  std::uint32_t row;
};

/// The k best rows seen, by (rank, id): of equal ranks the larger id for similarities, the smaller one for distances.
class TopK {
 public:
  TopK(const RowStore& store, std::size_t k, bool larger_is_better) : store_(store), k_(k), larger_(larger_is_better) {
    heap_.reserve(k);
  }

  [[nodiscard]] float worst() const noexcept {
    return heap_.size() < k_ ? -std::numeric_limits<float>::infinity() : heap_.front().rank;
  }

  void offer(Candidate candidate) noexcept {
    const auto better = [this](const Candidate& a, const Candidate& b) { return is_better(a, b); };
    if (heap_.size() == k_) {
      if (!is_better(candidate, heap_.front())) return;
      std::ranges::pop_heap(heap_, better);
      heap_.pop_back();
    }
    heap_.push_back(candidate);
    std::ranges::push_heap(heap_, better);
  }

  void take(const TopK& other) noexcept {
    for (const auto& candidate : other.heap_) offer(candidate);
  }

  [[nodiscard]] const std::vector<Candidate>& sorted() noexcept {
    std::ranges::sort_heap(heap_, [this](const Candidate& a, const Candidate& b) { return is_better(a, b); });
    return heap_;
  }

 private:
  [[nodiscard]] bool is_better(const Candidate& a, const Candidate& b) const noexcept {
    if (a.rank != b.rank) return a.rank > b.rank;
    const auto first = store_.rows.at(a.row)->id();
    const auto second = store_.rows.at(b.row)->id();
    return larger_ ? first > second : first < second;
  }

  const RowStore& store_;
  std::size_t k_;
  bool larger_;
  std::vector<Candidate> heap_;
};

/// Turns kernel values into ranks and keeps the best.
class Ranker {
 public:
  Ranker(TopK& best, Distance distance, std::optional<float> threshold) noexcept
      : best_(best), distance_(distance), threshold_(threshold) {}

  void offer(float value, std::uint32_t row) noexcept {
    // A NaN (infinities of both signs met) is as bad as can be; it must not reach a comparison.
    if (distance_ == Distance::cosine || distance_ == Distance::dot) {
      if (std::isnan(value)) value = -std::numeric_limits<float>::infinity();
      if (threshold_ && !(value > *threshold_)) return;
      if (value < best_.worst()) return;
      best_.offer({value, row});
      return;
    }
    if (std::isnan(value)) value = std::numeric_limits<float>::infinity();
    if (value > gate_) return;
    const float score = distance_ == Distance::euclid ? std::sqrt(value) : value;
    if (threshold_ && !(score < *threshold_)) return;
    best_.offer({-score, row});
    gate_ = gate(-best_.worst());
  }

 private:
  /// The kernel value beyond which no row can be among the best. Ranks are roots, and rounding makes different squares
  /// equal roots that are then ordered by id: so a little room, over twice the 2^-23 that one rounding needs.
  [[nodiscard]] float gate(float worst) const noexcept {
    if (distance_ != Distance::euclid) return worst;
    const double square = double{worst} * double{worst} * (1 + 1e-6);
    if (!(square < static_cast<double>(std::numeric_limits<float>::max())))
      return std::numeric_limits<float>::infinity();
    return std::nextafter(static_cast<float>(square), std::numeric_limits<float>::infinity());
  }

  TopK& best_;
  Distance distance_;
  std::optional<float> threshold_;
  float gate_ = std::numeric_limits<float>::infinity();
};

const MetricKernel& kernel_of(Distance distance) noexcept {
  if (distance == Distance::euclid) return kernels().l2_squared;
  return distance == Distance::manhattan ? kernels().l1 : kernels().dot;
}

/// Below this many multiply-adds for each thread, one to two milliseconds, waking another costs more than it helps.
constexpr std::uint64_t kThreadWorkMin = 4'000'000;

/// One exact pass over a column. Threads may share it: each takes the next stretch of positions that nobody has taken.
/// The stretches are the same however many threads there are, and so are the scores.
class ExactScan {
 public:
  ExactScan(const RowStore& store, const VectorColumn& column, const ShardState& state, const SearchPlan& plan,
            const Bitmap* passing) noexcept
      : store_(store),
        column_(column),
        state_(state),
        plan_(plan),
        passing_(passing),
        interruption_(plan.matching.cancellation),
        count_(column.count.load(std::memory_order_acquire)),
        // About two million components between two looks at the clock: some hundred microseconds.
        stride_(std::clamp<std::uint64_t>((2U << 20U) / column.slot.dimension, 16, 4096)) {}

  /// Takes part in the pass until nothing of it is left.
  void run(Ranker& ranker) noexcept {
    for (;;) {
      auto position = next_.load(std::memory_order_relaxed);
      std::uint64_t end = position;
      do {
        if (position >= count_) return;
        end = std::min({count_, position + stride_, position + BlockColumn<float>::run(position)});
      } while (!next_.compare_exchange_weak(position, end, std::memory_order_relaxed));
      if (interruption_.is_due() || !scan(position, end, ranker)) next_.store(count_, std::memory_order_relaxed);
    }
  }

  /// Why the pass ended before its end. Asked when all have left `run`.
  [[nodiscard]] std::optional<Error> ended() const { return interruption_.error("search"); }

  /// Threads besides the caller's that are worth waking.
  [[nodiscard]] std::uint32_t helpers_wanted() const {
    if (plan_.matching.helpers == nullptr) return 0;
    const auto worth = count_ * column_.slot.dimension / kThreadWorkMin;
    return worth < 2 ? 0 : static_cast<std::uint32_t>(std::min<std::uint64_t>(worth - 1, plan_.matching.helpers->idle()));
  }

 private:
  /// Scores positions [position, end), all in one block, four wanted rows at a time.
  /// @return false when rows beyond the snapshot began
  bool scan(std::uint64_t position, std::uint64_t end, Ranker& ranker) const noexcept {
    const auto& kernel = kernel_of(column_.slot.distance);
    const std::size_t dimension = column_.slot.dimension;
    const float* values = column_.values.at(position);
    std::uint32_t* newest = column_.row_of.at(position);
    const float* waiting[4];
    std::uint32_t waiting_rows[4];
    float scores[4];
    std::size_t held = 0;
    bool is_inside = true;
    for (; position < end; ++position, values += dimension, ++newest) {
      const auto row = row_at(position, std::atomic_ref(*newest).load(std::memory_order_acquire));
      if (row == kNoRow) {
        is_inside = false;
        break;
      }
      if (!store_.is_visible(row, state_.next_offset) || (passing_ != nullptr && !passing_->contains(row))) continue;
      waiting[held] = values;
      waiting_rows[held] = row;
      if (++held < 4) continue;
      kernel.four(plan_.query.data(), waiting, dimension, scores);
      for (std::size_t i = 0; i < 4; ++i) ranker.offer(scores[i], waiting_rows[i]);
      held = 0;
    }
    for (std::size_t i = 0; i < held; ++i)
      ranker.offer(kernel.one(plan_.query.data(), waiting[i], dimension), waiting_rows[i]);
    return is_inside;
  }

  /// The row that had the position's vector in the snapshot. A record that is being applied, or was since, may have made
  /// newer ones that share it; they lead back. When all are newer, so is the vector, and every one after it.
  [[nodiscard]] std::uint32_t row_at(std::uint64_t position, std::uint32_t row) const noexcept {
    if (row < state_.rows) return row;
    while (row != kNoRow && row >= state_.rows) row = store_.rows.at(row)->previous;
    if (row == kNoRow) return kNoRow;
    const auto* const shared = column_.position_of.find(row);
    return shared != nullptr && *shared == position + 1 ? row : kNoRow;
  }

  const RowStore& store_;
  const VectorColumn& column_;
  const ShardState& state_;
  const SearchPlan& plan_;
  const Bitmap* passing_;
  Interruption interruption_;
  std::uint64_t count_;
  std::uint64_t stride_;
  std::atomic<std::uint64_t> next_{0};  ///< the first position that nobody has taken
};

const VectorColumn* find_column(const Generation& generation, std::uint32_t slot) noexcept {
  for (const auto& column : *generation.columns)
    if (column->slot.slot == slot) return column.get();
  return nullptr;
}

}  // namespace

Result<SearchResult> MemoryShard::search(const SearchPlan& plan) const {
  return guard([&]() -> Result<SearchResult> {
    if (plan.k == 0) return Error{Errc::argument_invalid, "\"reason\":\"k is 0\""};
    const auto at = snapshot();
    const auto* const column = find_column(*at.generation, plan.slot);
    if (column == nullptr)
      return Error{Errc::vector_name_unknown, "\"name\":\"slot " + std::to_string(plan.slot) + "\""};
    if (plan.query.size() != column->slot.dimension)
      return Error{Errc::vector_dimension_mismatch, "\"expected\":" + std::to_string(column->slot.dimension) +
                                                        ",\"actual\":" + std::to_string(plan.query.size())};
    const auto& matching = plan.matching;
    const Result<Bitmap> passing =
        matching.filter == nullptr ? Result<Bitmap>(Bitmap{}) : match_at(at, matching, "search");
    if (!passing) return passing.error();
    const auto distance = column->slot.distance;
    SearchResult result;
    result.larger_is_better = distance == Distance::cosine || distance == Distance::dot;
    result.next_offset = at.state.next_offset;
    if (at.state.points == 0) return result;
    ExactScan scan(store_, *column, at.state, plan, matching.filter == nullptr ? nullptr : &passing.value());
    const auto helpers = scan.helpers_wanted();
    const auto eligible = matching.filter == nullptr ? at.state.points : passing.value().count;
    const auto k = static_cast<std::size_t>(std::min<std::uint64_t>(plan.k, eligible));
    std::vector<TopK> parts;
    for (std::uint32_t i = 0; i <= helpers; ++i) parts.emplace_back(store_, k, result.larger_is_better);
    const auto take_part = [&](std::uint32_t part) noexcept {
      Ranker ranker(parts[part], distance, plan.score_threshold);
      scan.run(ranker);
    };
    if (helpers == 0) {
      take_part(0);
    } else {
      share_work(*plan.matching.helpers, helpers, take_part);
    }
    if (auto ended = scan.ended()) return std::move(*ended);
    auto& best = parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i) best.take(parts[i]);
    const auto& sorted = best.sorted();
    result.hits.reserve(sorted.size());
    for (const auto& [rank, row] : sorted) {
      const auto& stored = *store_.rows.at(row);
      result.hits.push_back({stored.id(), stored.version, result.larger_is_better ? rank : -rank});
    }
    return result;
  });
}

std::uint64_t MemoryShard::estimate_work(const SearchPlan& plan) const noexcept {
  const auto at = snapshot();
  const auto* const column = find_column(*at.generation, plan.slot);
  if (column == nullptr) return 0;
  return std::uint64_t{column->count.load(std::memory_order_relaxed)} * column->slot.dimension +
         (plan.matching.filter == nullptr ? 0 : estimate_filter(*plan.matching.filter));
}

}  // namespace millrace
