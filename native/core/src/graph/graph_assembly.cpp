#include "graph/graph_assembly.h"

#include <algorithm>

namespace millrace {

GraphAssembly::GraphAssembly(LiveGraph& graph, std::vector<std::uint32_t> row_of)
    : graph_(graph),
      place_of_(LiveGraph::kLayersMax),
      node_of_(LiveGraph::kLayersMax),
      left_out_(LiveGraph::kLayersMax),
      wounded_(LiveGraph::kLayersMax) {
  kept_ = static_cast<std::uint32_t>(row_of.size() - static_cast<std::size_t>(std::ranges::count(row_of, kLeftOut)));
  place_of_[0] = std::move(row_of);
}

bool GraphAssembly::add_member(std::uint32_t layer, std::uint32_t node, std::uint32_t below) {
  if (layer == 0 || layer >= LiveGraph::kLayersMax || node >= size(0) || below >= size(layer - 1)) return false;
  if ((layer == 1 ? below : node_of_[layer - 1][below]) != node) return false;
  auto place = kLeftOut;
  if (const auto row = place_of_[0][node]; row != kLeftOut) {
    auto& members = graph_.layer_size_[layer];
    place = members.load(std::memory_order_relaxed);
    if (place >= graph_.layer_capacity_[layer]) return false;
    graph_.layers_[layer].member(place) = {row, place_of_[layer - 1][below]};
    members.store(place + 1, std::memory_order_relaxed);
  }
  node_of_[layer].push_back(node);
  place_of_[layer].push_back(place);
  return true;
}

bool GraphAssembly::set_list(std::uint32_t layer, std::uint32_t member, std::span<const std::uint32_t> targets) {
  if (member >= size(layer) || targets.size() > graph_.layers_[layer].width()) return false;
  if (std::ranges::any_of(targets, [&](auto target) { return target >= size(layer); })) return false;
  const auto& places = place_of_[layer];
  const auto place = places[member];
  if (place == kLeftOut) {
    left_out_[layer].emplace(member, Stored(targets.begin(), targets.end()));
    return true;
  }
  auto* const list = graph_.layers_[layer].list(place);
  std::size_t used = 0;
  for (const auto target : targets)
    if (places[target] != kLeftOut && places[target] != place) Layer::write(list[used++], places[target] + 1);
  if (used < targets.size()) wounded_[layer].emplace(member, Stored(targets.begin(), targets.end()));
  return true;
}

/// Fills the list up with what those that were left out led to, as far as it was filled.
void GraphAssembly::bridge(std::uint32_t layer, std::uint32_t member, const Stored& stored) {
  const auto place = place_of_[layer][member];
  auto* const list = graph_.layers_[layer].list(place);
  auto used = static_cast<std::size_t>(std::find(list, list + stored.size(), 0U) - list);
  for (const auto target : stored) {
    if (place_of_[layer][target] != kLeftOut) continue;
    const auto behind = left_out_[layer].find(target);
    if (behind == left_out_[layer].end()) continue;
    for (const auto next : behind->second) {
      if (used == stored.size()) return;
      const auto other = place_of_[layer][next];
      if (other == kLeftOut || other == place || std::find(list, list + used, other + 1) != list + used) continue;
      Layer::write(list[used++], other + 1);
    }
  }
}

std::uint32_t GraphAssembly::finish() {
  for (std::uint32_t layer = 0; layer < LiveGraph::kLayersMax; ++layer)
    for (const auto& [member, stored] : wounded_[layer]) bridge(layer, member, stored);
  if (kept_ == 0) return 0;
  LiveGraph::Entry entry{0, *std::ranges::find_if(place_of_[0], [](auto row) { return row != kLeftOut; })};
  for (std::uint32_t layer = 1; layer < LiveGraph::kLayersMax; ++layer)
    if (graph_.layer_size(layer) > 0) entry = {layer, 0};
  graph_.entry_.store((std::uint64_t{entry.layer} << 32U) | entry.member, std::memory_order_release);
  return kept_;
}

}  // namespace millrace
