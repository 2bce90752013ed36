#include <algorithm>
#include <cmath>

#include "graph/walk.h"

namespace millrace {
namespace {

/// Rows that pass, while a walk goes through all rows. With m rows that pass among the h nearest expanded ones, the walk may
/// end where h^0.6 · m^0.4 reaches what h has to be without a filter: measured, docs/benchmarks/filters.md. So it goes by
/// what passes around the query, not by what passes in all, and needs no more where everything around passes.
template <typename Test>
class CollectPassing {
 public:
  CollectPassing(Scratch& scratch, const PassingGoal& goal, const Test& test) noexcept
      : candidates_(scratch.candidates), passing_(scratch.passing), goal_(goal), test_(test), enough_(goal.reach * goal.reach * goal.reach * goal.reach * goal.reach) {}

  /// Whether the candidate is to be expanded, which stands next.
  [[nodiscard]] bool near(std::int32_t key) noexcept {
    test_waiting();
    while (nearer_ < passing_.size() && passing_.key(nearer_) <= key) ++nearer_;
    while (nearer_ > 0 && passing_.key(nearer_ - 1) > key) --nearer_;
    const auto m = static_cast<double>(nearer_);
    const auto h = static_cast<double>(hops_);
    has_ended_ = nearer_ >= goal_.wanted && h * h * h * m * m >= enough_;
    if (has_ended_) return false;
    if (hops_ == kNarrowFirst) narrow(h, m, kSpareFirst);
    if (hops_ == kNarrowLast) narrow(h, m, kSpare);
    if (hops_ >= kLookFirst && hops_ % kLookEvery == 0 && !is_worth_it(h, m)) gave_up_ = true;
    if (gave_up_) return false;
    ++hops_;
    return true;
  }
  /// A candidate beyond is never expanded: where all places are taken, so many are near enough whatever came before.
  [[nodiscard]] std::int32_t gate_within(std::int32_t gate) const noexcept { return std::min(gate, passing_.gate()); }
  /// What is near enough is tested a hop later, when what the test reads has arrived.
  void offer(std::int32_t key, std::uint32_t row) noexcept {
    waiting_keys_[waiting_] = key;
    waiting_rows_[waiting_] = row;
    if (key >= passing_.gate()) return;
    if constexpr (requires { test_.ask_for(row); }) test_.ask_for(row);
    if (++waiting_ == kWaiting) test_waiting();
  }
  void test_waiting() noexcept {
    for (std::size_t i = 0; i < waiting_; ++i)
      if (waiting_keys_[i] < passing_.gate() && test_.passes(waiting_rows_[i])) passing_.insert(waiting_keys_[i], waiting_rows_[i]);
    waiting_ = 0;
  }

  /// Whether few that pass can be nearer than what was found.
  [[nodiscard]] bool has_ended() const noexcept {
    if (has_ended_ || gave_up_ || !candidates_.is_full()) return !gave_up_;
    const auto m = static_cast<double>(nearer_);
    const auto h = static_cast<double>(hops_);
    return nearer_ >= goal_.wanted && h * h * h * m * m >= std::pow(kReachMin, 5) * enough_;
  }

 private:
  static constexpr std::size_t kNarrowFirst = 16;
  static constexpr std::size_t kNarrowLast = 48;
  static constexpr double kSpareFirst = 2.5;  ///< candidates for each that is expected to be expanded
  static constexpr double kSpare = 1.5;
  static constexpr double kKnown = 4;         ///< rows that pass, from which on their share says something
  /// A walk that has used up its candidates has come far enough with so much of its reach.
  static constexpr double kReachMin = 0.8;
  static constexpr std::size_t kLookFirst = 48;
  static constexpr std::size_t kLookEvery = 16;

  /// Takes as many candidates as are expected to be needed, and some more: each costs a place in the list.
  void narrow(double h, double m, double spare) noexcept {
    // As far as it may be chance, as many pass here as anywhere.
    const bool is_usual = std::abs(m - h * goal_.share) < 2 * std::sqrt(h * goal_.share);
    if (!is_usual && m < kKnown) return;
    const double share = is_usual ? goal_.share : m / h;
    const double expected = std::max(goal_.reach * std::pow(share, -0.4), static_cast<double>(goal_.wanted) / share);
    // None that was expanded may be dropped.
    const double rows = std::max(spare * expected, 2 * h + 64);
    candidates_.narrow(static_cast<std::size_t>(rows));
    passing_.narrow(static_cast<std::size_t>(rows * share) + goal_.wanted);
  }

  /// Whether going on as it went so far costs less than a scan.
  [[nodiscard]] bool is_worth_it(double h, double m) const noexcept {
    // Where none was met, the next ones may be anywhere.
    const double share = std::max(m, 0.1) / h;
    return goal_.reach * std::pow(share, -0.4) - h < goal_.hops_of_scan;
  }

  CandidateBuffer& candidates_;
  CandidateBuffer& passing_;
  const PassingGoal& goal_;
  const Test& test_;
  double enough_;
  static constexpr std::size_t kWaiting = 64;
  std::int32_t waiting_keys_[kWaiting];
  std::uint32_t waiting_rows_[kWaiting];
  std::size_t waiting_ = 0;
  std::size_t hops_ = 0;
  std::size_t nearer_ = 0;  ///< rows that pass, and are no farther than what is expanded
  bool has_ended_ = false;
  bool gave_up_ = false;
};

}  // namespace

template <typename Test>
bool LiveGraph::collect_passing(const CodeQuery& query, const PassingGoal& goal, const Test& test, Scratch& scratch,
                                Interruption* interruption) const {
  scratch.make_room(layers_[0].width());
  scratch.candidates.reset(goal.breadth);
  scratch.passing.reset(std::max(static_cast<std::size_t>(goal.reach), goal.wanted) + 1);
  const auto from = entry();
  if (!from) return true;
  CollectPassing<Test> collect(scratch, goal, test);
  const bool went_on = with_order(query, scratch, [&](const auto& order) {
    const auto first = descend(order, *from, 0, scratch);
    scratch.visited.begin(layer_capacity_[0]);
    scratch.visited.enter(first.member);
    scratch.candidates.insert(first.key, first.member);
    collect.offer(first.key, first.member);
    return walk<true>(order, layers_[0], scratch, interruption, collect);
  });
  collect.test_waiting();
  const bool has_ended = collect.has_ended();
  rank_by_codes(query, scratch.passing, goal.wanted, scratch);
  return went_on && has_ended;
}

bool LiveGraph::search_passing(const CodeQuery& query, const PassingGoal& goal, const RowTest& test, Scratch& scratch,
                               Interruption* interruption) const {
  return collect_passing(query, goal, test, scratch, interruption);
}

bool LiveGraph::search_passing(const CodeQuery& query, const PassingGoal& goal, const RowFilter& filter, Scratch& scratch,
                               Interruption* interruption) const {
  return collect_passing(query, goal, filter, scratch, interruption);
}

void LiveGraph::begin_scan(const CodeQuery& query, std::size_t kept, Scratch& scratch) const {
  scratch.make_room(kScanned);
  scratch.candidates.reset(sketch_space_ == nullptr ? kept : 2 * kept + 32);
  if (sketch_space_ != nullptr) sketch_space_->encode_query(query, scratch.sketch_query);
}

RowAsker LiveGraph::asker() const noexcept {
  if (sketch_space_ == nullptr) return {reinterpret_cast<const char*>(codes_.data()), space_->row_bytes()};
  return {reinterpret_cast<const char*>(sketches_.data()), sketch_space_->row_bytes()};
}

void LiveGraph::scan(const CodeQuery& query, std::span<const std::uint32_t> rows, const RowTest* test,
                     Scratch& scratch) const noexcept {
  auto* const keys = scratch.keys.data();
  if (sketch_space_ == nullptr) {
    space_->keys()(query, codes(), rows.data(), rows.size(), keys);
  } else {
    code_kernels().sketch_dot(scratch.sketch_query.view(), sketches(), rows.data(), rows.size(), keys);
  }
  auto& best = scratch.candidates;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (keys[i] < best.gate() && (test == nullptr || test->passes(rows[i]))) best.insert(keys[i], rows[i]);
}

void LiveGraph::end_scan(const CodeQuery& query, std::size_t kept, Scratch& scratch) const {
  rank_all_by_codes(query, scratch.candidates, kept, scratch);
}

}  // namespace millrace
