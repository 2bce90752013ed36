#include "shard/graph_search.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace millrace {
namespace {

/// The engine's choice when nobody says how large the candidate list shall be: on hard data of a few hundred thousand
/// vectors it finds more than 95 of 100 (docs/benchmarks).
constexpr std::size_t kEfDefault = 128;
/// Of the candidates that a plain walk finds, this share must be alive; else they are collected while walking.
constexpr double kAliveMin = 0.7;
/// A walk under a filter goes so much farther, for it to find no less than one without.
constexpr double kReachOfEf = 1.1;
constexpr double kBreadthMax = 16'384;
/// Codes that are scored between two looks at the clock, a few hundred microseconds.
constexpr std::uint32_t kStride = 16'384;
/// Members that a hop brings: about so many of a list were not seen before.
constexpr double kFreshPerHop = 26;

/// Nanoseconds, measured; only their proportions matter. A code of a row that is met in order, and one met at random.
double scan_cost(std::size_t dimension) noexcept { return 3.5 + 0.025 * static_cast<double>(dimension); }
double walk_cost(std::size_t dimension) noexcept { return 12 + 0.06 * static_cast<double>(dimension); }

/// Of what a walk leaves, some may be dead.
constexpr std::size_t with_spare(std::size_t wanted) noexcept { return wanted + wanted / 2; }
/// What a row takes that gets into a long list of candidates.
constexpr double kPlaceCost = 40;

}  // namespace

/// A position may be found when the row that it had in the snapshot is alive there, and passes.
class GraphSearch::VisibleRows final : public RowTest {
 public:
  explicit VisibleRows(const GraphSearch& search) : search_(search) {}
  [[nodiscard]] bool passes(std::uint32_t position) const noexcept override {
    // What the graph got since is found in the tail.
    return position < search_.view_.covered && may_be_found(position);
  }
  [[nodiscard]] bool may_be_found(std::uint32_t position) const noexcept {
    return search_.scope_.row_at(position) != kNoRow;
  }

 private:
  const GraphSearch& search_;
};

GraphSearch::GraphSearch(const SearchScope& scope, const GraphView& view)
    : scope_(scope),
      view_(view),
      graph_(view.stage->graph),
      scratch_(Scratch::of_thread()),
      interruption_(scope.plan.matching.cancellation),
      encoded_(std::min(view.stage->graph.encoded(), scope.count)) {}

std::size_t GraphSearch::ef_of(const SearchPlan& plan, std::size_t k) noexcept {
  return std::max<std::size_t>(plan.ef != 0 ? plan.ef : std::max(kEfDefault, 2 * k), k);
}

bool GraphSearch::is_worth_it(std::size_t wanted) const noexcept {
  const auto& column = scope_.column;
  const auto count = scope_.count;
  // Most of everything is scored as fast as its codes, and a long tail without codes has to be.
  if (scope_.k >= count / 4 || count - encoded_ > count / 4) return false;
  // The product may be larger than 64 bits hold.
  const auto bytes = static_cast<double>(scope_.eligible) / count * static_cast<double>(column.vector_bytes());
  if (bytes < static_cast<double>(column.index->settings().full_scan_bytes)) return false;
  return scope_.passing != nullptr || scope_.eligible > 4 * wanted;
}

std::uint64_t GraphSearch::estimate(const VectorColumn& column, const GraphView& view, std::size_t ef) noexcept {
  const std::uint64_t count = column.count.load(std::memory_order_relaxed);
  const std::uint64_t dimension = view.stage->graph.space().dimension();
  const std::uint64_t walked = std::min(count, ef * static_cast<std::uint64_t>(kFreshPerHop));
  const std::uint64_t encoded = std::min<std::uint64_t>(view.stage->graph.encoded(), count);
  const auto tail = encoded - std::min<std::uint64_t>(view.covered, encoded);
  return (walked * (dimension + 200) + tail * dimension) / 4;
}

/// Rows that a walk under a filter would expand if all passed.
double GraphSearch::reach() const noexcept { return kReachOfEf * static_cast<double>(ef_); }

/// Of the rows with codes, those that may be found.
double GraphSearch::share() const noexcept {
  return std::clamp(static_cast<double>(scope_.eligible) / std::max(1.0, static_cast<double>(encoded_)), 1e-9, 1.0);
}

/// Expansions of a walk that cost as much as scanning all that pass.
double GraphSearch::hops_of_scan() const noexcept {
  const auto dimension = graph_.space().dimension();
  const auto eligible = static_cast<double>(scope_.passing != nullptr ? scope_.eligible : view_.covered);
  return eligible * scan_cost(dimension) / (kFreshPerHop * walk_cost(dimension));
}

/// Few that pass are scored all; with more of them a walk collects enough soon.
bool GraphSearch::prefers_code_scan() const noexcept {
  return hops_of_scan() < reach() * std::pow(share(), -0.4);
}

namespace {

/// For positions outside of the graph, and rows that the filter has already named.
template <typename MayBeFound>
class AnyPosition final : public RowTest {
 public:
  explicit AnyPosition(const MayBeFound& test) : test_(test) {}
  [[nodiscard]] bool passes(std::uint32_t position) const noexcept override { return test_.may_be_found(position); }

 private:
  const MayBeFound& test_;
};

}  // namespace

/// Leaves the nearest of the positions [first, end) as candidates.
bool GraphSearch::scan_codes(std::uint32_t first, std::uint32_t end, const RowTest& test) {
  const auto query = scratch_.query.view();
  graph_.begin_scan(query, wanted_, scratch_);
  std::uint32_t positions[LiveGraph::kScanned];
  for (auto at = first; at < end;) {
    if ((at - first) % kStride == 0 && interruption_.is_due()) return false;
    const auto count = std::min<std::size_t>(LiveGraph::kScanned, end - at);
    for (std::size_t i = 0; i < count; ++i) positions[i] = at + static_cast<std::uint32_t>(i);
    graph_.scan(query, {positions, count}, &test, scratch_);
    at += static_cast<std::uint32_t>(count);
  }
  graph_.end_scan(query, wanted_, scratch_);
  return true;
}

/// Leaves the nearest of the rows that pass as candidates, as far as they have codes.
/// @param test  null: no row has died since it was found to pass
bool GraphSearch::scan_passing(const RowTest* test) {
  static_assert(LiveGraph::kScanned == 64);
  const auto query = scratch_.query.view();
  graph_.begin_scan(query, wanted_, scratch_);
  const auto ask_for = graph_.asker();
  // While some are scored, the next ones arrive.
  std::uint32_t positions[2][2 * LiveGraph::kScanned];
  std::size_t held[2] = {0, 0};
  std::size_t side = 0;
  const auto score = [&](std::size_t which) {
    for (std::size_t at = 0; at < held[which]; at += LiveGraph::kScanned)
      graph_.scan(query, {positions[which] + at, std::min(LiveGraph::kScanned, held[which] - at)}, test, scratch_);
    held[which] = 0;
  };
  const auto& words = scope_.passing->words;
  for (std::size_t word = 0; word < words.size(); ++word) {
    if (word % (kStride / 64) == 0 && interruption_.is_due()) return false;
    if (words[word] == 0) continue;
    // The rows of a word stand in one block.
    const auto* const known = scope_.column.position_of.find(word * 64);
    if (known == nullptr) continue;
    auto* const into = positions[side];
    auto count = held[side];
    for (auto bits = words[word]; bits != 0; bits &= bits - 1) {
      const auto position = known[std::countr_zero(bits)] - 1;  // 0: none, and then it is the largest number
      into[count] = position;
      if (position < encoded_) ask_for(into[count++]);
    }
    held[side] = count;
    if (count < LiveGraph::kScanned) continue;
    side = 1 - side;
    score(side);
  }
  score(1 - side);
  score(side);
  graph_.end_scan(query, wanted_, scratch_);
  return true;
}

/// Takes what passes by scanning it.
bool GraphSearch::take_scanned(const RowTest& test) {
  if (!scan_passing(nullptr)) return false;
  if (take_candidates(scratch_.candidates, test)) return true;
  chosen_.clear();
  if (!scan_passing(&test)) return false;
  static_cast<void>(take_candidates(scratch_.candidates, test));
  return true;
}

/// Moves what was found, as far as it may be, to what is scored by vectors.
/// @return whether most of it was alive
bool GraphSearch::take_candidates(const CandidateBuffer& found, const RowTest& test) {
  const auto looked_at = std::min(found.size(), with_spare(wanted_));
  for (std::size_t i = 0; i < looked_at; ++i) __builtin_prefetch(scope_.column.row_of.at(found.id(i)));
  std::size_t seen = 0;
  std::size_t taken = 0;
  for (; seen < found.size() && taken < wanted_; ++seen) {
    const auto position = found.id(seen);
    if (!test.passes(position)) continue;
    chosen_.push_back({found.key(seen), position, scope_.row_at(position)});
    ++taken;
  }
  return static_cast<double>(taken) >= kAliveMin * static_cast<double>(seen);
}

bool GraphSearch::walk() {
  const VisibleRows visible(*this);
  if (scope_.passing == nullptr) {
    const auto kept = with_spare(wanted_);
    if (!graph_.search(scratch_.query.view(), std::max(ef_, kept), kept, scratch_, &interruption_)) return false;
    if (take_candidates(scratch_.candidates, visible)) return true;
    // Many of the rows around are dead: they must not take the places of those alive.
    chosen_.clear();
  }
  return walk_filtered(visible);
}

bool GraphSearch::walk_filtered(const RowTest& test) {
  path_ = SearchPath::filtered_graph;
  const auto scan = hops_of_scan();
  const auto breadth = static_cast<std::size_t>(std::max(std::min(scan + reach(), kBreadthMax), 2 * reach()));
  const PassingGoal goal{reach(), share(), wanted_, breadth, scan};
  const auto query = scratch_.query.view();
  bool has_ended = false;
  if (scope_.passing == nullptr) {
    has_ended = graph_.search_passing(query, goal, test, scratch_, &interruption_);
  } else {
    // Rows that died since they were found to pass are left out with the candidates.
    const RowFilter filter(scope_.column.row_of, scope_.passing->words, scope_.state.rows);
    has_ended = graph_.search_passing(query, goal, filter, scratch_, &interruption_);
  }
  if (has_ended && take_candidates(scratch_.passing, test)) return true;
  if (interruption_.is_due()) return false;
  chosen_.clear();
  path_ = SearchPath::graph_gave_up;
  if (scope_.passing != nullptr) return take_scanned(test);
  if (!scan_codes(0, view_.covered, test)) return false;
  static_cast<void>(take_candidates(scratch_.candidates, test));
  return true;
}

double GraphSearch::cost_of_find(std::size_t wanted) const noexcept {
  const auto dimension = graph_.space().dimension();
  const auto walked = std::min(kFreshPerHop * static_cast<double>(with_spare(wanted)), static_cast<double>(view_.covered));
  return walked * (walk_cost(dimension) + kPlaceCost) + static_cast<double>(encoded_ - std::min(view_.covered, encoded_)) * scan_cost(dimension);
}

double GraphSearch::cost_of_scan(std::size_t wanted) const noexcept {
  const auto rows = static_cast<double>(std::min<std::uint64_t>(scope_.eligible, encoded_));
  const auto kept = static_cast<double>(wanted);
  // Rows that get into the list, and what of the list each of them moves.
  const auto entering = kept * (1 + std::log(std::max(1.0, rows / kept)));
  return rows * scan_cost(graph_.space().dimension()) + entering * (10 + 0.15 * kept);
}

bool GraphSearch::scan(std::size_t wanted) {
  wanted_ = wanted;
  chosen_.clear();
  path_ = SearchPath::code_scan;
  const VisibleRows visible(*this);
  const AnyPosition<VisibleRows> anywhere(visible);
  if (scope_.passing != nullptr) {
    if (!take_scanned(anywhere)) return false;
  } else {
    if (!scan_codes(0, encoded_, anywhere)) return false;
    static_cast<void>(take_candidates(scratch_.candidates, anywhere));
  }
  std::ranges::sort(chosen_, {}, &Found::key);
  return true;
}

bool GraphSearch::find(std::size_t wanted, std::size_t ef) {
  wanted_ = wanted;
  ef_ = ef;
  chosen_.clear();
  chosen_.reserve(2 * wanted_);
  const VisibleRows visible(*this);
  const AnyPosition<VisibleRows> anywhere(visible);
  if (scope_.passing != nullptr && prefers_code_scan()) {
    path_ = SearchPath::code_scan;
    if (!take_scanned(anywhere)) return false;
  } else {
    path_ = SearchPath::graph;
    if (!walk()) return false;
    if (view_.covered < encoded_) {
      if (!scan_codes(view_.covered, encoded_, anywhere)) return false;
      static_cast<void>(take_candidates(scratch_.candidates, anywhere));
    }
  }
  std::ranges::sort(chosen_, {}, &Found::key);
  return true;
}

}  // namespace millrace
