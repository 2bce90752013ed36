#include <algorithm>
#include <string>

#include "shard/dense_graph_search.h"
#include "shard/exact_scan.h"
#include "shard/memory_shard.h"
#include "shard/multi_graph_search.h"

namespace millrace {
namespace {

const VectorColumn* find_column(const Generation& generation, std::uint32_t slot) noexcept {
  for (const auto& column : *generation.columns)
    if (column->slot.slot == slot) return column.get();
  return nullptr;
}

/// Whether every value of a sparse query has its index, and these rise.
bool is_right(const SearchPlan& plan) noexcept {
  const auto falls = [](std::uint32_t a, std::uint32_t b) { return a >= b; };
  return plan.indices.size() == plan.query.size() && std::ranges::adjacent_find(plan.indices, falls) == plan.indices.end();
}

/// A vector of the slot's dimension, or several where it has multivectors.
bool has_right_length(const SearchPlan& plan, const VectorSlot& slot) noexcept {
  if (!slot.is_multi) return plan.query.size() == slot.dimension;
  return !plan.query.empty() && plan.query.size() % slot.dimension == 0;
}

/// Scores every vector that may be a hit.
/// @param result  with everything but its hits
/// @throws std::bad_alloc
template <typename Scorer>
Result<SearchResult> scan(const SearchScope& scope, const Scorer& scorer, SearchResult result) {
  ExactScan pass(scope, scorer);
  auto best = best_of_threads(scope, scope.k, result.larger_is_better, scope.plan.score_threshold, pass.helpers_wanted(),
                              [&](Ranker& ranker) noexcept { pass.run(ranker); });
  if (auto ended = pass.ended()) return std::move(*ended);
  put_hits(scope.store, best, result);
  return result;
}

/// The way that promises to cost least; a search through the graph that sees that it will miss some ends as a scan.
Result<SearchResult> search_multi(const SearchScope& scope, const GraphView& view, SearchResult result) {
  const MaxSim scorer(scope.column.slot, scope.plan.query);
  if (view.stage != nullptr) {
    IndexBuilder::note_search(steady_clock_ns());
    MultiGraphSearch search(scope, scorer, view);
    if (search.is_worth_it()) {
      auto found = search.run(result);
      if (!found) return found.error();
      if (found.value()) return *std::move(found).value();
      result.path = SearchPath::graph_gave_up;
    }
  }
  return scan(scope, scorer, std::move(result));
}

/// Of dense vectors and multivectors, the way that promises to cost least.
Result<SearchResult> search_dense(const SearchScope& scope, const GraphView& view) {
  const auto& column = scope.column;
  const auto& plan = scope.plan;
  const auto distance = column.slot.distance;
  SearchResult result;
  result.larger_is_better = distance == Distance::cosine || distance == Distance::dot;
  result.next_offset = scope.state.next_offset;
  if (scope.state.points == 0) return result;
  if (column.multi != nullptr) return search_multi(scope, view, std::move(result));
  const VectorScorer scorer(column.slot, plan.query);
  auto quantized = QuantizedView::of(column, plan);
  if (view.stage != nullptr) {
    IndexBuilder::note_search(steady_clock_ns());
    DenseGraphSearch search(scope, scorer, view, quantized);
    if (search.is_worth_it()) return search.run(std::move(result));
  }
  if (quantized.has_codes()) {
    QuantizedScan codes(scope, scorer, quantized);
    if (codes.is_worth_it()) return codes.run(std::move(result));
  }
  return scan(scope, scorer, std::move(result));
}

std::uint64_t estimate_graph(const VectorColumn& column, const SearchPlan& plan, const GraphView& view) noexcept {
  return column.multi != nullptr ? MultiGraphSearch::estimate(column, plan, view)
                                 : DenseGraphSearch::estimate(column, plan, view);
}

}  // namespace

Result<SearchResult> MemoryShard::search(const SearchPlan& plan) const {
  return guard([&]() -> Result<SearchResult> {
    const auto started_ns = steady_clock_ns();
    if (plan.k == 0) return Error{Errc::argument_invalid, "\"reason\":\"k is 0\""};
    auto at = snapshot();
    const auto* column = find_column(*at.generation, plan.slot);
    // What the graph covers is read before the state that is searched: see ColumnIndex::grow.
    GraphView view = plan.exact || column == nullptr ? GraphView{} : GraphView::of(*column);
    auto sparse = column == nullptr || column->sparse == nullptr ? nullptr : column->sparse->index();
    if (view.stage != nullptr || sparse != nullptr) {
      const auto* const before = column;
      at = snapshot();
      column = find_column(*at.generation, plan.slot);
      if (column != before) {
        view = {};
        sparse = nullptr;
      }
    }
    if (column == nullptr)
      return Error{Errc::vector_name_unknown, "\"name\":\"slot " + std::to_string(plan.slot) + "\""};
    if (column->slot.is_sparse != plan.is_sparse) return Error{Errc::vector_kind_mismatch, {}};
    if (plan.is_sparse && !is_right(plan)) return Error{Errc::argument_invalid, "\"reason\":\"not a sparse query\""};
    if (!plan.is_sparse && !has_right_length(plan, column->slot))
      return Error{Errc::vector_dimension_mismatch, "\"expected\":" + std::to_string(column->slot.dimension) +
                                                        ",\"actual\":" + std::to_string(plan.query.size())};
    const auto& matching = plan.matching;
    const bool is_matched = plan.passing != nullptr;
    const Result<Bitmap> passing = matching.filter == nullptr || is_matched ? Result<Bitmap>(Bitmap{})
                                                                           : match_at(at, matching, "search");
    if (!passing) return passing.error();
    const auto* const bitmap = is_matched ? plan.passing : matching.filter == nullptr ? nullptr : &passing.value();
    auto found = plan.is_sparse
                     ? search_sparse(at, *column, sparse == nullptr ? SparseIndexView{} : *sparse, plan, bitmap)
                     : search_dense(SearchScope(store_, *column, at, plan, bitmap), view);
    if (found) column->searches.note(plan, bitmap != nullptr, found.value().path, steady_clock_ns() - started_ns);
    return found;
  });
}

std::uint64_t MemoryShard::estimate_work(const SearchPlan& plan) const noexcept {
  const auto at = snapshot();
  const auto* const column = find_column(*at.generation, plan.slot);
  if (column == nullptr) return 0;
  if (column->slot.is_sparse) {
    const auto filter = plan.matching.filter == nullptr ? 0 : estimate_filter(*plan.matching.filter);
    return filter + estimate_sparse(*column, plan);
  }
  const auto view = plan.exact ? GraphView{} : GraphView::of(*column);
  const auto count = std::uint64_t{column->count.load(std::memory_order_relaxed)};
  const bool is_quantized = column->quantized != nullptr && !plan.exact && !plan.quantization.is_ignored &&
                            column->quantized->codes().vectors > count / 2;
  const auto work = view.stage != nullptr ? estimate_graph(*column, plan, view)
                    : is_quantized        ? QuantizedScan::estimate(*column)
                                          : count * work_per_position(*column, plan);
  const bool has_to_match = plan.matching.filter != nullptr && plan.passing == nullptr;
  return work + (!has_to_match ? 0 : estimate_filter(*plan.matching.filter));
}

}  // namespace millrace
