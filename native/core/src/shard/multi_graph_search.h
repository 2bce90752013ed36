#pragma once

#include <optional>
#include <unordered_set>

#include "shard/foresight.h"
#include "shard/graph_search.h"
#include "shard/ranking.h"
#include "vectors/max_sim.h"

namespace millrace {

/// A search of multivectors through their graph: what it leads to is scored by max_sim on the stored vectors, nearest codes
/// first, until hardly any of the nearest can be missing. A search that says how many candidates it wants has so many scored.
class MultiGraphSearch {
 public:
  /// @param scope   whose state was read after `view`
  /// @param scorer  of the plan's query; outlives the search
  MultiGraphSearch(const SearchScope& scope, const MaxSim& scorer, const GraphView& view);

  /// Whether it will be faster than scoring all that pass.
  [[nodiscard]] bool is_worth_it() const noexcept;

  /// @param result  with everything but its hits
  /// @return        nothing when many may be missing, and scoring all that pass costs no more than going on
  /// @throws std::bad_alloc
  [[nodiscard]] Result<std::optional<SearchResult>> run(SearchResult result);

  /// In the unit of Shard::estimate_work.
  [[nodiscard]] static std::uint64_t estimate(const VectorColumn& column, const SearchPlan& plan,
                                              const GraphView& view) noexcept;

 private:
  enum class Outcome : std::uint8_t { enough, too_few, interrupted };

  void encode_query();
  [[nodiscard]] Outcome score_found(Ranker& ranker);
  [[nodiscard]] Outcome look_for(Ranker& ranker);
  [[nodiscard]] bool is_enough(std::size_t scored) const;
  [[nodiscard]] bool scan_rest(Ranker& ranker) noexcept;
  [[nodiscard]] double cost_of_score() const noexcept;
  [[nodiscard]] double cost_of_candidates(std::size_t wanted) const noexcept;
  [[nodiscard]] double cost_of_more(std::size_t wanted) const noexcept;

  const SearchScope& scope_;
  const MaxSim& scorer_;
  GraphSearch graph_;
  bool is_told_;             ///< how many candidates there shall be
  bool larger_is_better_;
  std::size_t wanted_;       ///< candidates
  Foresight foresight_;
  std::unordered_set<std::uint32_t> scored_;  ///< positions
};

}  // namespace millrace
