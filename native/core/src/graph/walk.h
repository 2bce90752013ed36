#pragma once

#include <utility>

#include "graph/live_graph.h"
#include "graph/row_orders.h"

namespace millrace {

/// Takes the members of a list that the walk has not seen, and asks for their rows.
template <bool IsLowest, typename Order>
void LiveGraph::gather(const Order& order, const Layer& layer, std::uint32_t member, VisitedSet& visited,
                       Group& into) const noexcept {
  // Lists are whole cache lines: each is taken without looking where the list ends.
  constexpr std::uint32_t kLine = 16;
  auto* const list = layer.list(member);
  const auto width = layer.width();
  auto* const members = into.members.data();
  auto* const rows = into.rows.data();
  std::size_t count = 0;
  for (std::uint32_t line = 0; line < width; line += kLine) {
    const auto fresh = visited.enter_line<kLine>(list + line, members + count);
    for (const auto end = count + fresh; count < end; ++count) {
      rows[count] = IsLowest ? members[count] : layer.member(members[count]).row;
      order.ask_for(rows[count]);
    }
    if (Layer::read(list[line + kLine - 1]) == 0) break;
  }
  into.count = count;
}

/// Goes to ever nearer members of one layer, then to the one below, until `layer`.
template <typename Order>
LiveGraph::Found LiveGraph::descend(const Order& order, Entry from, std::uint32_t layer, Scratch& scratch) const {
  auto& group = scratch.groups[0];
  Found best{0, from.member};
  const auto first = row_of(from.layer, from.member);
  order.keys(&first, 1, &best.key);
  for (auto at = from.layer; at > layer; --at) {
    const auto& here = layers_[at];
    for (bool is_nearer = true; is_nearer;) {
      is_nearer = false;
      auto* const list = here.list(best.member);
      std::size_t count = 0;
      for (std::uint32_t i = 0; i < here.width(); ++i) {
        const auto place = Layer::read(list[i]);
        if (place == 0) break;
        group.members[count] = place - 1;
        group.rows[count] = here.member(place - 1).row;
        order.ask_for(group.rows[count++]);
      }
      order.keys(group.rows.data(), count, scratch.keys.data());
      for (std::size_t i = 0; i < count; ++i) {
        if (scratch.keys[i] >= best.key) continue;
        best = {scratch.keys[i], group.members[i]};
        is_nearer = true;
      }
    }
    best.member = here.member(best.member).below;
  }
  return best;
}

/// Calls `use` with what walks of this graph go by.
template <typename Use>
auto LiveGraph::with_order(const CodeQuery& query, Scratch& scratch, Use use) const {
  if (sketch_space_ == nullptr) return use(ByCodes{query, codes(), space_->keys()});
  sketch_space_->encode_query(query, scratch.sketch_query);
  return use(BySketches{scratch.sketch_query.view(), sketches(), code_kernels().sketch_dot});
}

/// One hop takes three steps, and three hops are under way: the codes of one member's links are asked for, the links of
/// the next one, and the codes that were asked for before are scored. So a choice does not know the last two scores; it
/// costs a few more hops, and hides nearly all waiting for memory.
/// @param order    ByCodes or BySketches
/// @param collect  has `near(member)`: whether to go on from the nearest candidate
template <bool IsLowest, typename Order, typename Collect>
bool LiveGraph::walk(const Order& order, const Layer& layer, Scratch& scratch, Interruption* interruption,
                     Collect&& collect) const {
  constexpr std::uint32_t kNone = 0xffffffffU;
  // Members that are expanded between two looks at the clock: some microseconds.
  constexpr std::uint32_t kHopsPerLook = 64;
  auto& candidates = scratch.candidates;
  const auto take = [&]() -> std::uint32_t {
    const auto at = candidates.next();
    if (at == candidates.size() || !collect.near(candidates.id(at))) return kNone;
    candidates.mark_expanded(at);
    const auto member = candidates.id(at);
    layer.prefetch_list(member);
    // Most often it is the next one, and then its links are on their way before the codes that the next step asks for.
    if (const auto then = candidates.after(at); then < candidates.size()) layer.prefetch_list(candidates.id(then));
    return member;
  };
  Group* arriving = &scratch.groups[0];
  Group* asked = &scratch.groups[1];
  arriving->count = 0;
  auto chosen = take();
  for (std::uint32_t hop = 1;; ++hop) {
    asked->count = 0;
    if (chosen != kNone) gather<IsLowest>(order, layer, chosen, scratch.visited, *asked);
    chosen = take();
    order.keys(arriving->rows.data(), arriving->count, scratch.keys.data());
    const auto gate = candidates.gate();
    std::size_t near = 0;
    for (std::size_t i = 0; i < arriving->count; ++i) {
      const auto key = scratch.keys[i];
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

/// So many of what was found by sketches are looked at more closely for those that are kept.
constexpr std::size_t with_margin(std::size_t kept) noexcept { return kept + kept / 2 + 16; }

/// For walks whose candidates are what is looked for.
struct CollectNothing {
  [[nodiscard]] bool near(std::uint32_t /*member*/) const noexcept { return true; }
};

}  // namespace millrace
