#include "graph/walk.h"

#include <algorithm>

namespace millrace {
namespace {

/// Rows that pass; the walk ends when the nearest `wanted` cannot change, and leaves those that it met beside them.
struct CollectPassing {
  CandidateBuffer& passing;
  std::size_t wanted;
  const RowTest& test;
  [[nodiscard]] bool has_all() const noexcept { return passing.size() >= wanted; }
  [[nodiscard]] bool near(std::int32_t key) const noexcept { return !has_all() || key <= passing.key(wanted - 1); }
  void offer(std::int32_t key, std::uint32_t row) const noexcept {
    if (key < passing.gate() && test.passes(row)) passing.insert(key, row);
  }
};

/// So many are looked at more closely for those that are kept.
constexpr std::size_t with_margin(std::size_t kept) noexcept { return kept + kept / 2 + 16; }

}  // namespace

/// Orders the best of what a walk by sketches has found by their codes.
/// @param kept  how many of them are left; a walk by codes leaves all
void LiveGraph::rank_by_codes(const CodeQuery& query, CandidateBuffer& found, std::size_t kept, Scratch& scratch) const {
  if (sketch_space_ == nullptr) return;
  auto& rows = scratch.ranked_rows;
  auto& keys = scratch.ranked_keys;
  rows.resize(std::min(found.size(), with_margin(kept)));
  keys.resize(rows.size());
  const auto all = codes();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = found.id(i);
    prefetch_row(all.row(rows[i]), all.stride);
  }
  space_->keys()(query, all, rows.data(), rows.size(), keys.data());
  found.rank_anew(keys);
  found.keep(kept);
}

bool LiveGraph::search(const CodeQuery& query, std::size_t ef, std::size_t kept, Scratch& scratch,
                       Interruption* interruption) const {
  scratch.make_room(layers_[0].width());
  scratch.candidates.reset(ef);
  const auto from = entry();
  if (!from) return true;
  const bool has_ended = with_order(query, scratch, [&](const auto& order) {
    const auto first = descend(order, *from, 0, scratch);
    scratch.visited.begin(layer_capacity_[0]);
    scratch.visited.enter(first.member);
    scratch.candidates.insert(first.key, first.member);
    return walk<true>(order, layers_[0], scratch, interruption, CollectNothing{});
  });
  rank_by_codes(query, scratch.candidates, kept, scratch);
  return has_ended;
}

bool LiveGraph::search_passing(const CodeQuery& query, std::size_t wanted, std::size_t breadth, const RowTest& test,
                               Scratch& scratch, Interruption* interruption) const {
  scratch.make_room(layers_[0].width());
  scratch.candidates.reset(breadth);
  scratch.passing.reset(sketch_space_ == nullptr ? wanted : with_margin(wanted));
  const auto from = entry();
  if (!from) return true;
  const CollectPassing collect{scratch.passing, wanted, test};
  const bool has_ended = with_order(query, scratch, [&](const auto& order) {
    const auto first = descend(order, *from, 0, scratch);
    scratch.visited.begin(layer_capacity_[0]);
    scratch.visited.enter(first.member);
    scratch.candidates.insert(first.key, first.member);
    collect.offer(first.key, first.member);
    return walk<true>(order, layers_[0], scratch, interruption, collect);
  });
  // The breadth cut the walk short when nothing that it could have gone on from was left although nearer ones may exist.
  const auto& candidates = scratch.candidates;
  const bool is_complete = !candidates.is_full() || (collect.has_all() && scratch.passing.key(wanted - 1) <= candidates.gate());
  rank_by_codes(query, scratch.passing, wanted, scratch);
  return has_ended && is_complete;
}

}  // namespace millrace
