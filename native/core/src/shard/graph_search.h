#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/interruption.h"
#include "graph/column_index.h"
#include "millrace/shard.h"
#include "shard/rows.h"
#include "shard/search_scope.h"

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

/// Looks for a query's nearest rows by their codes, in the graph and in the tail that it does not cover yet. Who asks for
/// them scores them by their vectors.
class GraphSearch {
 public:
  struct Found {
    std::int32_t key;        ///< smaller is nearer
    std::uint32_t position;
    std::uint32_t row;
  };

  /// @param scope   whose state was read after `view`
  GraphSearch(const SearchScope& scope, const GraphView& view);

  /// What is looked for. To be filled in before `find`.
  [[nodiscard]] EncodedQuery& query() noexcept { return scratch_.query; }
  [[nodiscard]] const CodeSpace& space() const noexcept { return graph_.space(); }
  /// Of multivectors; null: the codes are of vectors.
  [[nodiscard]] const MultiEncoding* encoding() const noexcept { return view_.stage->encoding.get(); }

  /// Whether it will be faster than scoring all vectors that pass.
  /// @param wanted  as for `find`
  [[nodiscard]] bool is_worth_it(std::size_t wanted) const noexcept;

  /// Leaves the nearest in `found`.
  /// @param wanted  to be scored by their vectors
  /// @param ef      rows that a walk keeps to go on from, at least
  /// @return false when it was interrupted
  /// @throws std::bad_alloc
  [[nodiscard]] bool find(std::size_t wanted, std::size_t ef);
  /// The same by looking at all codes.
  [[nodiscard]] bool scan(std::size_t wanted);
  /// Nearest first; more than were wanted where they come from several places.
  [[nodiscard]] std::span<const Found> found() const noexcept { return chosen_; }

  /// Positions from this one on have no codes.
  [[nodiscard]] std::uint32_t encoded() const noexcept { return encoded_; }
  [[nodiscard]] Interruption& interruption() noexcept { return interruption_; }
  [[nodiscard]] SearchPath path() const noexcept { return path_; }

  /// Nanoseconds, about, of `find` without a filter and of `scan`.
  [[nodiscard]] double cost_of_find(std::size_t wanted) const noexcept;
  [[nodiscard]] double cost_of_scan(std::size_t wanted) const noexcept;

  /// Rows that a walk keeps when nobody says.
  [[nodiscard]] static std::size_t ef_of(const SearchPlan& plan, std::size_t k) noexcept;
  /// Of a walk and the scan of what it does not reach, in the unit of Shard::estimate_work.
  [[nodiscard]] static std::uint64_t estimate(const VectorColumn& column, const GraphView& view, std::size_t ef) noexcept;

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

  const SearchScope& scope_;
  const GraphView& view_;
  const LiveGraph& graph_;
  Scratch& scratch_;
  Interruption interruption_;
  std::uint32_t encoded_ = 0;
  std::size_t wanted_ = 0;       ///< candidates to score by their vectors
  std::size_t ef_ = 0;
  SearchPath path_ = SearchPath::graph;
  std::vector<Found> chosen_;
};

}  // namespace millrace
