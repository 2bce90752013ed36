#pragma once

#include <memory>

#include "base/interruption.h"
#include "graph/column_index.h"
#include "millrace/shard.h"
#include "shard/quantized_search.h"
#include "shard/ranking.h"
#include "shard/rows.h"
#include "vectors/vector_scorer.h"

namespace millrace {

/// A column's graph, and how much it covered at one moment.
struct GraphView {
  std::shared_ptr<const GraphStage> stage;
  std::uint32_t covered = 0;

  /// @return without a stage when there is no graph, or it covers nothing yet
  [[nodiscard]] static GraphView of(const VectorColumn& column) {
    if (column.index == nullptr) return {};
    GraphView view{column.index->stage(), 0};
    if (view.stage != nullptr) view.covered = view.stage->covered.load(std::memory_order_acquire);
    return view.covered == 0 ? GraphView{} : view;
  }
};

/// Looks for a query's nearest rows by their codes, in the graph and in the tail that it does not cover yet, and scores the
/// best of them by their vectors: what it finds has the scores that a scan gives. A search that wants the scores of the user's
/// codes gets these for the same rows.
class GraphSearch {
 public:
  /// @param scope   whose state was read after `view`
  /// @param scorer  of the plan's query; outlives the search
  GraphSearch(const SearchScope& scope, const VectorScorer& scorer, const GraphView& view, QuantizedView& quantized);

  /// Whether it will be faster than scoring all vectors that pass.
  [[nodiscard]] bool is_worth_it() const noexcept;

  /// @param result  with everything but its hits
  /// @throws std::bad_alloc
  [[nodiscard]] Result<SearchResult> run(SearchResult result);

  /// In the unit of Shard::estimate_work.
  [[nodiscard]] static std::uint64_t estimate(const VectorColumn& column, const SearchPlan& plan,
                                              const GraphView& view) noexcept;

 private:
  class VisibleRows;

  [[nodiscard]] bool walk();
  [[nodiscard]] bool walk_filtered(const RowTest& test);
  [[nodiscard]] bool scan_codes(std::uint32_t first, std::uint32_t end, const RowTest& test);
  [[nodiscard]] bool scan_passing(const RowTest* test);
  [[nodiscard]] bool take_scanned(const RowTest& test);
  [[nodiscard]] double reach() const noexcept;
  [[nodiscard]] double share() const noexcept;
  [[nodiscard]] double hops_of_scan() const noexcept;
  [[nodiscard]] bool prefers_code_scan() const noexcept;
  [[nodiscard]] bool take_candidates(const CandidateBuffer& found, const RowTest& test);
  void rescore(Ranker& ranker) noexcept;
  void score_by_codes(Ranker& ranker);
  [[nodiscard]] bool scan_rest(Ranker& ranker) noexcept;

  const SearchScope& scope_;
  const VectorScorer& scorer_;
  const GraphView& view_;
  QuantizedView& quantized_;
  const LiveGraph& graph_;
  Scratch& scratch_;
  Interruption interruption_;
  std::uint32_t encoded_ = 0;
  std::size_t wanted_ = 0;       ///< candidates to score by their vectors
  std::size_t ef_ = 0;
  SearchPath path_ = SearchPath::graph;
  struct Chosen {
    std::int32_t key;
    std::uint32_t position;
    std::uint32_t row;
  };
  std::vector<Chosen> chosen_;
};

}  // namespace millrace
