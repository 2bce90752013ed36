#pragma once

#include "shard/graph_search.h"
#include "shard/quantized_search.h"
#include "shard/ranking.h"
#include "vectors/vector_scorer.h"

namespace millrace {

/// A search of dense vectors through their graph: the best that it leads to are scored by their vectors, so that they have
/// the scores that a scan gives. A search that wants the scores of the user's codes gets these for the same rows.
class DenseGraphSearch {
 public:
  /// @param scope   whose state was read after `view`
  /// @param scorer  of the plan's query; outlives the search
  DenseGraphSearch(const SearchScope& scope, const VectorScorer& scorer, const GraphView& view, QuantizedView& quantized);

  /// Whether it will be faster than scoring all vectors that pass.
  [[nodiscard]] bool is_worth_it() const noexcept { return graph_.is_worth_it(wanted_); }

  /// @param result  with everything but its hits
  /// @throws std::bad_alloc
  [[nodiscard]] Result<SearchResult> run(SearchResult result);

  /// In the unit of Shard::estimate_work.
  [[nodiscard]] static std::uint64_t estimate(const VectorColumn& column, const SearchPlan& plan,
                                              const GraphView& view) noexcept;

 private:
  void rescore(Ranker& ranker) noexcept;
  void score_by_codes(Ranker& ranker);
  [[nodiscard]] bool scan_rest(Ranker& ranker) noexcept;

  const SearchScope& scope_;
  const VectorScorer& scorer_;
  QuantizedView& quantized_;
  GraphSearch graph_;
  std::size_t wanted_ = 0;  ///< candidates to score by their vectors
};

}  // namespace millrace
