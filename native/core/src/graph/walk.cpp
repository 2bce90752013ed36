#include "graph/walk.h"

#include <algorithm>

namespace millrace {
/// Orders the best of what a walk by sketches has found by their codes.
/// @param kept  how many of them are left; a walk by codes leaves all
void LiveGraph::rank_by_codes(const CodeQuery& query, CandidateBuffer& found, std::size_t kept, Scratch& scratch) const {
  if (sketch_space_ == nullptr) return;
  found.keep(with_margin(kept));
  rank_all_by_codes(query, found, kept, scratch);
}

/// The same, of all that it has found.
void LiveGraph::rank_all_by_codes(const CodeQuery& query, CandidateBuffer& found, std::size_t kept, Scratch& scratch) const {
  if (sketch_space_ == nullptr) return;
  auto& rows = scratch.ranked_rows;
  auto& keys = scratch.ranked_keys;
  rows.resize(found.size());
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

}  // namespace millrace
