#include "shard/dense_graph_search.h"

#include "shard/exact_scan.h"

namespace millrace {
namespace {

constexpr std::size_t kRescoredMin = 24;
/// Up to so many rows that pass are all scored by their vectors.
constexpr std::uint64_t kScoredAll = 256;

}  // namespace

DenseGraphSearch::DenseGraphSearch(const SearchScope& scope, const VectorScorer& scorer, const GraphView& view,
                                   QuantizedView& quantized)
    : scope_(scope), scorer_(scorer), quantized_(quantized), graph_(scope, view) {
  const auto k = scope.k;
  wanted_ = std::max(kRescoredMin, k + k / 2);
  if (scope.passing != nullptr && scope.eligible <= kScoredAll) wanted_ = std::max<std::size_t>(wanted_, scope.eligible);
  if (quantized.has_codes()) wanted_ = std::max(wanted_, quantized.oversampled(k));
}

std::uint64_t DenseGraphSearch::estimate(const VectorColumn& column, const SearchPlan& plan, const GraphView& view) noexcept {
  const std::uint64_t count = column.count.load(std::memory_order_relaxed);
  const std::uint64_t encoded = std::min<std::uint64_t>(view.stage->graph.encoded(), count);
  return GraphSearch::estimate(column, view, GraphSearch::ef_of(plan, plan.k)) +
         (count - encoded + 2ULL * plan.k) * column.slot.dimension;
}

/// Scores by the vectors themselves, nearest codes first.
void DenseGraphSearch::rescore(Ranker& ranker) noexcept {
  const std::size_t bytes = scope_.column.dense.row_bytes();
  const auto found = graph_.found();
  const auto count = std::min(wanted_, found.size());
  constexpr std::size_t kAhead = 6;
  const auto prefetch = [&](std::size_t i) {
    const auto* const start = scope_.column.dense.at(found[i].position);
    for (std::size_t byte = 0; byte < std::min<std::size_t>(bytes, 512); byte += 64) __builtin_prefetch(start + byte);
    __builtin_prefetch(scope_.store.rows.at(found[i].row));
  };
  for (std::size_t i = 0; i < std::min(kAhead, count); ++i) prefetch(i);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kAhead < count) prefetch(i + kAhead);
    ranker.offer(scorer_.one(scope_.column.dense.at(found[i].position)), found[i].row);
  }
}

/// The same with the scores of the user's codes, as far as there are any.
void DenseGraphSearch::score_by_codes(Ranker& ranker) {
  quantized_.prepare(scorer_);
  const auto found = graph_.found();
  for (const auto& [key, position, row] : found.first(std::min(wanted_, found.size()))) {
    float value = 0;
    if (position < quantized_.encoded()) {
      const std::byte* const codes = quantized_.row(position);
      quantized_.scorer().score(&codes, 1, &value);
    } else {
      value = scorer_.one(scope_.column.dense.at(position));
    }
    ranker.offer(value, row);
  }
}

/// What has no codes yet is scored as in a scan.
bool DenseGraphSearch::scan_rest(Ranker& ranker) noexcept {
  ExactScan rest(scope_, scorer_, graph_.encoded());
  rest.run(ranker);
  const auto ended = rest.ended();
  if (!ended) return true;
  graph_.interruption().end(ended->code);
  return false;
}

Result<SearchResult> DenseGraphSearch::run(SearchResult result) {
  graph_.space().encode_query(scorer_.components().data(), graph_.query());
  TopK best(scope_.store, scope_.k, result.larger_is_better);
  Ranker ranker(best, scope_.column.slot.distance, scope_.plan.score_threshold);
  bool went_through = graph_.find(wanted_, GraphSearch::ef_of(scope_.plan, scope_.k));
  if (went_through) {
    if (quantized_.has_codes() && !quantized_.rescores()) {
      score_by_codes(ranker);
    } else {
      rescore(ranker);
    }
    went_through = scan_rest(ranker);
  }
  if (!went_through)
    if (auto error = graph_.interruption().error("search")) return std::move(*error);
  put_hits(scope_.store, best, result);
  result.path = graph_.path();
  return result;
}

}  // namespace millrace
