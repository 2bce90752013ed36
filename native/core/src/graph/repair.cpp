#include <algorithm>

#include "graph/live_graph.h"
#include "graph/selector.h"

namespace millrace {
namespace {

/// Candidates for one list: enough for a choice, and few enough to be scored within some microseconds.
constexpr std::size_t kCandidatesMax = 256;

}  // namespace

bool LiveGraph::repair(std::uint32_t layer, std::uint32_t member, const RowTest& alive) {
  const auto& here = layers_[layer];
  const auto width = here.width();
  auto* const list = here.list(member);
  const auto is_alive = [&](std::uint32_t other) { return alive.passes(row_of(layer, other)); };
  std::uint32_t used = 0;
  std::uint32_t dead = 0;
  for (; used < width; ++used) {
    const auto place = Layer::read(list[used]);
    if (place == 0) break;
    dead += is_alive(place - 1) ? 0U : 1U;
  }
  // Below a quarter, walks lose less time on dead rows than the choice would take.
  if (dead * 4 <= used || !is_alive(member)) return false;

  Selector selector(*space_, codes(), kCandidatesMax + width);
  std::vector<std::uint32_t> candidates;
  candidates.reserve(kCandidatesMax + width);
  const auto add = [&](std::uint32_t other) {
    if (other == member || !is_alive(other)) return;
    if (std::ranges::find(candidates, other) == candidates.end()) candidates.push_back(other);
  };
  here.locks().lock(member);
  for (std::uint32_t i = 0; i < width; ++i) {
    const auto place = Layer::read(list[i]);
    if (place == 0) break;
    if (is_alive(place - 1)) {
      add(place - 1);
      continue;
    }
    auto* const behind = here.list(place - 1);
    for (std::uint32_t j = 0; j < width && candidates.size() < kCandidatesMax; ++j) {
      const auto next = Layer::read(behind[j]);
      if (next == 0) break;
      add(next - 1);
    }
  }
  // Where all around is dead there is nothing to lead to instead.
  if (!candidates.empty()) {
    const auto query = selector.look_from(row_of(layer, member));
    selector.clear();
    for (const auto other : candidates) selector.add_unscored(other, row_of(layer, other));
    selector.score(query);
    const auto& kept = selector.select(width, std::min(used, width * 5 / 8));
    for (std::uint32_t i = 0; i < width; ++i) Layer::write(list[i], i < kept.size() ? kept[i] + 1 : 0);
  }
  here.locks().unlock(member);
  return !candidates.empty();
}

}  // namespace millrace
