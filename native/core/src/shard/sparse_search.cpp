#include <algorithm>
#include <bit>

#include "base/interruption.h"
#include "shard/memory_shard.h"
#include "shard/ranking.h"
#include "shard/search_scope.h"
#include "sparse/sparse_walk.h"

namespace millrace {
namespace {

/// Vectors between two looks at the clock, a few hundred microseconds.
constexpr std::uint64_t kStride = 2048;
/// A vector that is looked at by itself takes about as long as so many entries of a list.
constexpr std::uint64_t kVectorEntries = 128;

/// Keeps the best of what the snapshot has.
class SparseHits final : public SparseSink {
 public:
  SparseHits(const SearchScope& scope, TopK& best)
      : scope_(scope), best_(best), threshold_(scope.plan.score_threshold), ranker_(best, Distance::dot, threshold_) {}

  [[nodiscard]] float wanted() const noexcept override {
    return threshold_ ? std::max(*threshold_, best_.worst()) : best_.worst();
  }

  [[nodiscard]] bool admits(std::uint32_t position) const noexcept override { return scope_.row_at(position) != kNoRow; }

  void offer(std::uint32_t position, float score) noexcept override {
    if (const auto row = scope_.row_at(position); row != kNoRow) ranker_.offer(score, row);
  }

  /// Looks at the vectors from `first` on, one after the other.
  void scan(const SparseQuery& query, std::uint64_t first, Interruption& interruption) noexcept {
    for (auto position = first; position < scope_.count; ++position) {
      if (position % kStride == 0 && interruption.is_due()) return;
      take(query, static_cast<std::uint32_t>(position));
    }
  }

  /// Looks at the vectors of what passes a filter.
  void scan_passing(const SparseQuery& query, Interruption& interruption) noexcept {
    std::uint64_t seen = 0;
    for (std::size_t word = 0; word < scope_.passing->words.size(); ++word)
      for (auto bits = scope_.passing->words[word]; bits != 0; bits &= bits - 1) {
        if (++seen % kStride == 0 && interruption.is_due()) return;
        const auto row = static_cast<std::uint32_t>(word * 64) + static_cast<std::uint32_t>(std::countr_zero(bits));
        if (const auto position = scope_.column.position(row); position != 0) take(query, position - 1);
      }
  }

 private:
  void take(const SparseQuery& query, std::uint32_t position) noexcept {
    const auto score = query.score(scope_.column.sparse->at(position));
    if (score != 0 && !(score < wanted())) offer(position, score);
  }

  const SearchScope& scope_;
  TopK& best_;
  std::optional<float> threshold_;
  Ranker ranker_;
};

}  // namespace

/// A point is a hit when it shares an index with the query and the sum is not 0.
/// @param view  asked for before the snapshot
Result<SearchResult> MemoryShard::search_sparse(const Snapshot& at, const VectorColumn& column, const SparseIndexView& view,
                                                const SearchPlan& plan, const Bitmap* passing) const {
  SearchResult result;
  result.next_offset = at.state.next_offset;
  const SearchScope scope(store_, column, at, plan, passing);
  if (scope.k == 0 || plan.indices.empty()) return result;
  const SparseQuery query(plan.indices, plan.query, plan.idf ? &column.sparse->counts() : nullptr);
  TopK best(store_, scope.k, true);
  SparseHits hits(scope, best);
  Interruption interruption(plan.matching.cancellation);
  SparseWalk walk(*column.sparse, view, query);
  if (passing != nullptr && passing->count * kVectorEntries < walk.entries()) {
    hits.scan_passing(query, interruption);
  } else {
    hits.scan(query, view.covered, interruption);
    if (!interruption.is_due()) walk.run(hits, interruption);
  }
  if (auto ended = interruption.error("search")) return std::move(*ended);
  put_hits(store_, best, result);
  return result;
}

std::uint64_t MemoryShard::estimate_sparse(const VectorColumn& column, const SearchPlan& plan) noexcept {
  // An entry takes about four multiply-adds.
  constexpr std::uint64_t kEntryWork = 4;
  std::uint64_t entries = kVectorEntries * 256;
  for (const auto index : plan.indices) entries += column.sparse->counts().of(index);
  return entries * kEntryWork;
}

}  // namespace millrace
