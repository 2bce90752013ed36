#include "shard/multi_graph_search.h"

#include "shard/exact_scan.h"

namespace millrace {
namespace {

/// Candidates of the first walk, and of a hit.
constexpr std::size_t kWantedMin = 256;
constexpr std::size_t kWantedOfHit = 8;
/// The same again, where they did not suffice.
constexpr std::size_t kMoreWanted = 4;
/// Nanoseconds that a candidate's vectors are waited for; those of a scan come in order.
constexpr double kMissCost = 150;
/// Candidates after which it is first asked whether they suffice.
constexpr std::size_t kScoredFirst = 64;
/// Of the nearest, so many may be expected to be missing.
constexpr double kMissingShare = 0.005;
/// A search gives up where going on would cost so much of a scan.
constexpr double kCostMax = 0.5;
/// Multivectors that are scored between two looks at the clock.
constexpr std::size_t kScoresPerLook = 16;

/// Nanoseconds, about, of scoring one multivector of the column.
double score_cost(const VectorColumn& column, std::size_t queries) noexcept {
  const auto count = std::max(1U, column.count.load(std::memory_order_relaxed));
  const auto vectors = static_cast<double>(column.multi->vectors()) / count;
  return 30 + vectors * static_cast<double>(queries) * (5 + 0.05 * static_cast<double>(column.slot.dimension));
}

std::size_t wanted_of(const SearchPlan& plan, std::size_t k) noexcept {
  return plan.ef != 0 ? std::max<std::size_t>(plan.ef, k) : std::max(kWantedMin, kWantedOfHit * k);
}

}  // namespace

MultiGraphSearch::MultiGraphSearch(const SearchScope& scope, const MaxSim& scorer, const GraphView& view)
    : scope_(scope),
      scorer_(scorer),
      graph_(scope, view),
      is_told_(scope.plan.ef != 0),
      larger_is_better_(scope.column.slot.distance == Distance::cosine || scope.column.slot.distance == Distance::dot),
      wanted_(wanted_of(scope.plan, scope.k)) {}

double MultiGraphSearch::cost_of_score() const noexcept { return score_cost(scope_.column, scorer_.queries()); }

double MultiGraphSearch::cost_of_candidates(std::size_t wanted) const noexcept {
  return static_cast<double>(wanted) * (cost_of_score() + kMissCost);
}

double MultiGraphSearch::cost_of_more(std::size_t wanted) const noexcept {
  return graph_.cost_of_scan(wanted) + cost_of_candidates(wanted);
}

bool MultiGraphSearch::is_worth_it() const noexcept {
  if (!graph_.is_worth_it(0)) return false;
  const auto all = static_cast<double>(scope_.eligible) * cost_of_score();
  const auto finding = scope_.passing == nullptr ? graph_.cost_of_find(wanted_)
                                                 : std::min(graph_.cost_of_find(wanted_), graph_.cost_of_scan(wanted_));
  // The first candidates may not suffice.
  const auto more = is_told_ ? 0 : cost_of_more(wanted_ * kMoreWanted);
  return finding + cost_of_candidates(wanted_) + more < kCostMax * all;
}

std::uint64_t MultiGraphSearch::estimate(const VectorColumn& column, const SearchPlan& plan, const GraphView& view) noexcept {
  const std::uint64_t count = column.count.load(std::memory_order_relaxed);
  const std::uint64_t encoded = std::min<std::uint64_t>(view.stage->graph.encoded(), count);
  const auto wanted = wanted_of(plan, plan.k);
  return GraphSearch::estimate(column, view, wanted + wanted / 2) +
         std::min<std::uint64_t>(count, count - encoded + wanted) * work_per_position(column, plan);
}

void MultiGraphSearch::encode_query() {
  const auto& encoding = *graph_.encoding();
  std::vector<float> weights(encoding.size());
  std::vector<float> scratch(encoding.size());
  for (std::size_t i = 0; i < scorer_.queries(); ++i) encoding.add_query(scorer_.components(i), weights, scratch);
  graph_.space().encode_weights(weights, graph_.query());
}

/// @param scored  of what was found
bool MultiGraphSearch::is_enough(std::size_t scored) const {
  const auto found = graph_.found();
  if (is_told_) return scored == found.size();
  if (foresight_.scored() < scope_.k) return false;
  auto gate = foresight_.kth(scope_.k);
  if (const auto& threshold = scope_.plan.score_threshold) {
    const auto limit = scope_.column.slot.distance == Distance::euclid ? *threshold * *threshold : *threshold;
    gate = std::max(gate, larger_is_better_ ? limit : -limit);
  }
  return foresight_.missing(found, scored, scope_.eligible, gate) <= kMissingShare * static_cast<double>(scope_.k);
}

/// Scores what was found and was not before.
MultiGraphSearch::Outcome MultiGraphSearch::score_found(Ranker& ranker) {
  const auto found = graph_.found();
  auto next_look = std::max(kScoredFirst, 2 * scope_.k);
  for (std::size_t at = 0; at < found.size(); ++at) {
    if (at == next_look) {
      if (is_enough(at)) return Outcome::enough;
      next_look *= 2;
    }
    if (at % kScoresPerLook == 0 && graph_.interruption().is_due()) return Outcome::interrupted;
    const auto& [key, position, row] = found[at];
    if (!scored_.insert(position).second) continue;
    const auto value = scorer_.value(scope_.column.multi->at(position));
    foresight_.add(key, larger_is_better_ ? value : -value);
    ranker.offer(value, row);
  }
  // Where all codes were looked at, fewer than were wanted are all that there are.
  const bool is_all = found.size() >= scope_.eligible ||
                      (graph_.path() == SearchPath::code_scan && found.size() < wanted_);
  return is_all || is_enough(found.size()) ? Outcome::enough : Outcome::too_few;
}

/// A walk, and then all codes, of which ever more are scored.
MultiGraphSearch::Outcome MultiGraphSearch::look_for(Ranker& ranker) {
  if (!graph_.find(wanted_, wanted_)) return Outcome::interrupted;
  auto outcome = score_found(ranker);
  const auto all = static_cast<double>(scope_.eligible) * cost_of_score();
  while (outcome == Outcome::too_few && !is_told_) {
    wanted_ *= kMoreWanted;
    if (cost_of_more(wanted_) > kCostMax * all) return outcome;
    if (!graph_.scan(wanted_)) return Outcome::interrupted;
    outcome = score_found(ranker);
  }
  return outcome;
}

/// What has no codes yet is scored as in a scan.
bool MultiGraphSearch::scan_rest(Ranker& ranker) noexcept {
  ExactScan rest(scope_, scorer_, graph_.encoded());
  rest.run(ranker);
  const auto ended = rest.ended();
  if (!ended) return true;
  graph_.interruption().end(ended->code);
  return false;
}

Result<std::optional<SearchResult>> MultiGraphSearch::run(SearchResult result) {
  encode_query();
  TopK best(scope_.store, scope_.k, result.larger_is_better);
  Ranker ranker(best, scope_.column.slot.distance, scope_.plan.score_threshold);
  const auto outcome = look_for(ranker);
  if (outcome == Outcome::too_few && !is_told_) return std::optional<SearchResult>();
  if (outcome == Outcome::interrupted || !scan_rest(ranker))
    if (auto error = graph_.interruption().error("search")) return std::move(*error);
  put_hits(scope_.store, best, result);
  result.path = graph_.path();
  return std::optional(std::move(result));
}

}  // namespace millrace
