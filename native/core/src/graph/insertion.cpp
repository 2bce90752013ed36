#include <algorithm>
#include <cmath>
#include <cstring>

#include "graph/selector.h"
#include "graph/walk.h"

namespace millrace {

/// How many layers above the lowest a row is a member of: geometrically distributed, and the same whenever it is asked.
std::uint32_t LiveGraph::layer_for(std::uint32_t row) const noexcept {
  // SplitMix64, whose lowest bits are as good as its highest.
  std::uint64_t z = (row + std::uint64_t{1}) * 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  z ^= z >> 31U;
  const double uniform = (static_cast<double>(z >> 11U) + 1) * 0x1p-53;
  const auto drawn = -std::log(uniform) / std::log(std::max(2.0, double{static_cast<float>(shape_.links)}));
  return static_cast<std::uint32_t>(std::min(drawn, double{kLayersMax - 1}));
}

/// Makes the row a member of the layers 1 to `layers`, as far as there is room.
/// @param members  [layer]; members[0] is the row
/// @return         the highest layer that it is a member of
std::uint32_t LiveGraph::add_members(std::uint32_t row, std::uint32_t layers, std::uint32_t* members) noexcept {
  members[0] = row;
  for (std::uint32_t layer = 1; layer <= layers; ++layer) {
    auto& size = layer_size_[layer];
    auto member = size.load(std::memory_order_relaxed);
    do {
      if (member >= layer_capacity_[layer]) return layer - 1;
    } while (!size.compare_exchange_weak(member, member + 1, std::memory_order_relaxed));
    layers_[layer].member(member) = {row, members[layer - 1]};
    members[layer] = member;
  }
  return layers;
}

void LiveGraph::raise_entry(Entry to) noexcept {
  const std::scoped_lock lock(entry_mutex_);
  const auto now = entry();
  if (now && now->layer >= to.layer) return;
  entry_.store((std::uint64_t{to.layer} << 32U) | to.member, std::memory_order_release);
}

void LiveGraph::insert(std::uint32_t row) {
  auto& scratch = Scratch::of_thread();
  scratch.make_room(layers_[0].width());
  Selector selector(*space_, codes(), std::max<std::size_t>(layers_[0].width() + 1, shape_.ef_construct));
  const auto wanted_layers = layer_for(row);
  std::uint32_t members[kLayersMax];
  auto from = entry();
  if (!from) {
    const std::scoped_lock lock(entry_mutex_);
    from = entry();
    if (!from) {
      const auto top = add_members(row, wanted_layers, members);
      entry_.store((std::uint64_t{top} << 32U) | members[top], std::memory_order_release);
      return;
    }
  }
  const auto query = selector.look_from(row);
  const auto shared_layers = std::min(wanted_layers, from->layer);
  std::vector<std::uint32_t> chosen[kLayersMax];
  with_order(query, scratch, [&](const auto& order) {
    auto near = descend(order, *from, shared_layers, scratch);
    for (auto layer = shared_layers + 1; layer-- > 0;) {
      auto& candidates = scratch.candidates;
      scratch.visited.begin(layer_capacity_[layer]);
      candidates.reset(shape_.ef_construct);
      scratch.visited.enter(near.member);
      candidates.insert(near.key, near.member);
      if (layer == 0) {
        walk<true>(order, layers_[0], scratch, nullptr, CollectNothing{});
      } else {
        walk<false>(order, layers_[layer], scratch, nullptr, CollectNothing{});
      }
      selector.clear();
      for (std::size_t i = 0; i < candidates.size(); ++i)
        selector.add(candidates.key(i), candidates.id(i), row_of(layer, candidates.id(i)));
      if (has_sketches()) selector.score(query);
      chosen[layer] = selector.select(shape_.links, shape_.links);
      if (layer > 0) near = {candidates.key(0), layers_[layer].member(candidates.id(0)).below};
    }
  });
  // Nothing fails from here on. All lists of the row stand before the first link leads to it.
  const auto top = add_members(row, wanted_layers, members);
  for (std::uint32_t layer = 0; layer <= std::min(top, shared_layers); ++layer) {
    auto* const list = layers_[layer].list(members[layer]);
    for (std::size_t i = 0; i < chosen[layer].size(); ++i) Layer::write(list[i], chosen[layer][i] + 1);
  }
  for (std::uint32_t layer = 0; layer <= std::min(top, shared_layers); ++layer)
    for (const auto neighbour : chosen[layer]) link_back(layer, neighbour, members[layer], selector);
  if (top > from->layer) raise_entry({top, members[top]});
}

/// Adds a member to another's list; a full list is chosen anew, with room left for those that come later.
void LiveGraph::link_back(std::uint32_t layer, std::uint32_t member, std::uint32_t added, Selector& selector) noexcept {
  const auto& here = layers_[layer];
  auto* const list = here.list(member);
  const auto width = here.width();
  here.locks().lock(member);
  std::uint32_t used = 0;
  while (used < width && Layer::read(list[used]) != 0) ++used;
  if (used < width) {
    Layer::write(list[used], added + 1);
  } else {
    const auto query = selector.look_from(row_of(layer, member));
    selector.clear();
    for (std::uint32_t i = 0; i < width; ++i) selector.add(0, list[i] - 1, row_of(layer, list[i] - 1));
    selector.add(0, added, row_of(layer, added));
    selector.score(query);
    const auto& kept = selector.select(width, width * 5 / 8);
    for (std::uint32_t i = 0; i < width; ++i) Layer::write(list[i], i < kept.size() ? kept[i] + 1 : 0);
  }
  here.locks().unlock(member);
}

}  // namespace millrace
