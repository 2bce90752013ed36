#pragma once

#include <memory>

#include "shard/shared_pass.h"
#include "vectors/vector_scorer.h"

namespace millrace {

/// What one search has from the codes that the user asked for.
class QuantizedView {
 public:
  /// @return without codes when there are none, or the search does not want them
  [[nodiscard]] static QuantizedView of(const VectorColumn& column, const SearchPlan& plan);
  /// Makes the scorer, which is a few hundred times the work of a score. @throws std::bad_alloc
  /// @param scorer  of the search's query, by vectors; outlives the view
  void prepare(const VectorScorer& scorer) { scorer_ = stage_->codebook->scorer(scorer.components().data()); }

  [[nodiscard]] bool has_codes() const noexcept { return stage_ != nullptr; }
  /// Whether hits get the scores of their vectors.
  [[nodiscard]] bool rescores() const noexcept { return rescores_; }
  /// Rows that the search asks to be found by codes, if it asks for more than k.
  [[nodiscard]] std::size_t oversampled(std::size_t k) const noexcept;
  /// Rows that are to be found by codes, of which `k` are then left.
  [[nodiscard]] std::size_t candidates(std::size_t k) const noexcept;
  /// Positions from this one on have no codes.
  [[nodiscard]] std::uint32_t encoded() const noexcept { return encoded_; }
  [[nodiscard]] const std::byte* row(std::uint64_t position) const noexcept { return stage_->rows.at(position); }
  /// After `prepare`.
  [[nodiscard]] const QueryScorer& scorer() const noexcept { return *scorer_; }

 private:
  std::shared_ptr<const QuantizedStage> stage_;
  std::unique_ptr<QueryScorer> scorer_;
  std::uint32_t encoded_ = 0;
  bool rescores_ = true;
  double oversampling_ = 1;
  std::size_t spare_ = 1;  ///< candidates for each hit, so that the hits are among them
};

/// One pass over the codes of a column; what has none is scored by its vectors. Threads may share it, as an ExactScan.
class QuantizedScan {
 public:
  /// @param scorer  of the plan's query; outlives the scan
  QuantizedScan(const SearchScope& scope, const VectorScorer& scorer, QuantizedView& view) noexcept;

  /// Whether it beats scoring all vectors that may be found.
  [[nodiscard]] bool is_worth_it() const noexcept;

  /// @param result  with everything but its hits
  /// @throws std::bad_alloc
  [[nodiscard]] Result<SearchResult> run(SearchResult result);

  /// In the unit of Shard::estimate_work.
  [[nodiscard]] static std::uint64_t estimate(const VectorColumn& column) noexcept;

 private:
  struct Batch;

  [[nodiscard]] bool scan(std::uint64_t position, std::uint64_t end, Ranker& ranker) const noexcept;
  void score(Batch& batch, Ranker& ranker) const noexcept;
  void rescore(TopK& candidates, Ranker& ranker) const noexcept;

  const SearchScope& scope_;
  const VectorScorer& scorer_;
  QuantizedView& view_;
  Interruption interruption_;
  Stretches stretches_;
};

}  // namespace millrace
