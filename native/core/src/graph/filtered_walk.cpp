#include <algorithm>
#include <cmath>

#include "graph/walk.h"

namespace millrace {
namespace {

/// Counts rows that pass, while a walk goes through all rows. With m that pass among h expanded ones, the walk may end where
/// h^0.6 · m^0.4 reaches what h has to be without a filter: measured, docs/benchmarks/filters.md. So it goes by what passes
/// around the query, not by what passes in all, and needs no more where everything around passes.
template <typename Test>
class CollectPassing {
 public:
  CollectPassing(CandidateBuffer& candidates, const PassingGoal& goal, const Test& test) noexcept
      : candidates_(candidates), goal_(goal), test_(test), enough_(std::pow(goal.reach, 5)) {
    candidates_.limit(places(goal.share, kSpareFirst));
  }

  /// Whether the candidate is to be expanded, which stands next.
  [[nodiscard]] bool near(std::uint32_t row) noexcept {
    test_last();
    const auto m = static_cast<double>(passed_);
    const auto h = static_cast<double>(hops_);
    if (reaches(enough_)) has_ended_ = true;
    if (hops_ == kLookFirst) make_room(h, m);
    if (hops_ >= kLookFirst && hops_ % kLookEvery == 0 && !is_worth_it(h, m)) gave_up_ = true;
    if (has_ended_ || gave_up_) return false;
    ++hops_;
    if constexpr (requires { test_.ask_for(row); }) test_.ask_for(row);
    last_ = row;
    return true;
  }

  /// Moves the nearest that pass to where they are kept.
  void take(CandidateBuffer& passing) noexcept {
    constexpr std::size_t kAhead = 8;
    for (std::size_t at = 0; at < candidates_.size() && !passing.is_full(); ++at) {
      if constexpr (requires { test_.ask_for(0); })
        if (at + kAhead < candidates_.size()) test_.ask_for(candidates_.id(at + kAhead));
      if (test_.passes(candidates_.id(at))) passing.insert(candidates_.key(at), candidates_.id(at));
    }
  }

  /// Whether few that pass can be nearer than what was found.
  [[nodiscard]] bool has_ended() noexcept {
    test_last();
    if (has_ended_ || gave_up_ || !candidates_.is_full()) return !gave_up_;
    return reaches(std::pow(kReachMin, 5) * enough_);
  }

 private:
  static constexpr double kSpareFirst = 1.5;  ///< candidates for each that is expected to be expanded
  static constexpr double kSpare = 1.5;
  /// A walk that has used up its candidates has come far enough with so much of its reach.
  static constexpr double kReachMin = 0.8;
  static constexpr std::size_t kLookFirst = 48;
  static constexpr std::size_t kLookEvery = 16;
  static constexpr std::uint32_t kNone = 0xffffffffU;

  /// @param enough  the fifth power of what has to be reached
  [[nodiscard]] bool reaches(double enough) const noexcept {
    const auto m = static_cast<double>(passed_);
    const auto h = static_cast<double>(hops_);
    return passed_ >= goal_.wanted && h * h * h * m * m >= enough;
  }

  /// What the test reads has arrived when the next candidate is looked at.
  void test_last() noexcept {
    if (last_ != kNone && test_.passes(last_)) ++passed_;
    last_ = kNone;
  }

  /// Candidates for a walk where such a share passes: each costs a place in the list.
  [[nodiscard]] std::size_t places(double share, double spare) const noexcept {
    const double expected = std::max(goal_.reach * std::pow(share, -0.4), static_cast<double>(goal_.wanted) / share);
    return static_cast<std::size_t>(spare * expected) + 64;
  }

  /// Takes as many candidates as the walk is expected to need by what it has met.
  void make_room(double h, double m) noexcept {
    // As far as it may be chance, as many pass here as anywhere.
    const bool is_usual = std::abs(m - h * goal_.share) < 2 * std::sqrt(h * goal_.share);
    const double share = is_usual ? goal_.share : std::max(m, 1.0) / h;
    candidates_.limit(std::max(places(share, kSpare), 2 * hops_ + 64));
  }

  /// Whether going on as it went so far costs less than a scan.
  [[nodiscard]] bool is_worth_it(double h, double m) const noexcept {
    // Where none was met, the next ones may be anywhere.
    const double share = std::max(m, 0.1) / h;
    return goal_.reach * std::pow(share, -0.4) - h < goal_.hops_of_scan;
  }

  CandidateBuffer& candidates_;
  const PassingGoal& goal_;
  const Test& test_;
  double enough_;
  std::uint32_t last_ = kNone;  ///< expanded, and not tested yet
  std::size_t hops_ = 0;
  std::size_t passed_ = 0;
  bool has_ended_ = false;
  bool gave_up_ = false;
};

}  // namespace

template <typename Test>
bool LiveGraph::collect_passing(const CodeQuery& query, const PassingGoal& goal, const Test& test, Scratch& scratch,
                                Interruption* interruption) const {
  scratch.make_room(layers_[0].width());
  scratch.candidates.reset(goal.breadth);
  scratch.passing.reset(with_margin(goal.wanted));
  const auto from = entry();
  if (!from) return true;
  CollectPassing<Test> collect(scratch.candidates, goal, test);
  const bool went_on = with_order(query, scratch, [&](const auto& order) {
    const auto first = descend(order, *from, 0, scratch);
    scratch.visited.begin(layer_capacity_[0]);
    scratch.visited.enter(first.member);
    scratch.candidates.insert(first.key, first.member);
    return walk<true>(order, layers_[0], scratch, interruption, collect);
  });
  const bool has_ended = collect.has_ended();
  collect.take(scratch.passing);
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
