#pragma once

#include <utility>

#include "graph/live_graph.h"

namespace millrace {

/// One hop takes three steps, and three hops are under way: the codes of one member's links are asked for, the links of
/// the next one, and the codes that were asked for before are scored. So a choice does not know the last two scores; it
/// costs a few more hops, and hides nearly all waiting for memory.
/// @param collect  has `near(key)`, whether to go on from a candidate, and `offer(key, row)`
template <bool IsLowest, typename Collect>
bool LiveGraph::walk(const CodeQuery& query, const Layer& layer, Scratch& scratch, Interruption* interruption,
                     Collect collect) const {
  constexpr std::uint32_t kNone = 0xffffffffU;
  // Members that are expanded between two looks at the clock: some microseconds.
  constexpr std::uint32_t kHopsPerLook = 64;
  const auto keys = space_->keys();
  const auto rows = codes();
  auto& candidates = scratch.candidates;
  const auto take = [&]() -> std::uint32_t {
    const auto at = candidates.next();
    if (at == candidates.size() || !collect.near(candidates.key(at))) return kNone;
    candidates.mark_expanded(at);
    const auto member = candidates.id(at);
    layer.prefetch_list(member);
    // Most often it is the next one, and then its links are on their way before the codes that are asked for now.
    if (const auto then = candidates.after(at); then < candidates.size()) layer.prefetch_list(candidates.id(then));
    return member;
  };
  Group* arriving = &scratch.groups[0];
  Group* asked = &scratch.groups[1];
  arriving->count = 0;
  auto chosen = take();
  for (std::uint32_t hop = 1;; ++hop) {
    asked->count = 0;
    if (chosen != kNone) gather(layer, IsLowest, chosen, scratch.visited, *asked);
    chosen = take();
    keys(query, rows, arriving->rows.data(), arriving->count, scratch.keys.data());
    const auto gate = candidates.gate();
    std::size_t near = 0;
    for (std::size_t i = 0; i < arriving->count; ++i) {
      const auto key = scratch.keys[i];
      collect.offer(key, arriving->rows[i]);
      // First those are kept, without a branch, that may get in.
      scratch.keys[near] = key;
      arriving->members[near] = arriving->members[i];
      near += key < gate ? 1 : 0;
    }
    for (std::size_t i = 0; i < near; ++i)
      if (scratch.keys[i] < candidates.gate()) candidates.insert(scratch.keys[i], arriving->members[i]);
    std::swap(arriving, asked);
    if (chosen == kNone && arriving->count == 0) {
      chosen = take();
      if (chosen == kNone) return true;
    }
    if (interruption != nullptr && hop % kHopsPerLook == 0 && interruption->is_due()) return false;
  }
}

/// For walks whose candidates are what is looked for.
struct CollectNothing {
  [[nodiscard]] bool near(std::int32_t /*key*/) const noexcept { return true; }
  void offer(std::int32_t /*key*/, std::uint32_t /*row*/) const noexcept {}
};

}  // namespace millrace
