#include <algorithm>

#include "json/path_walk.h"

namespace millrace::json {

std::uint32_t PathTrie::add(const JsonPath& path) {
  std::uint32_t at = 0;
  for (const auto& step : path) at = child(at, step);
  auto& node = nodes_[at];
  if (node.path == kNone) node.path = paths_++;
  return node.path;
}

std::uint32_t PathTrie::child(std::uint32_t node, const PathStep& step) {
  const auto fresh = static_cast<std::uint32_t>(nodes_.size());
  auto& from = nodes_[node];
  if (step.kind == PathStep::Kind::every) {
    if (from.every != kNone) return from.every;
    from.every = fresh;
  } else if (step.kind == PathStep::Kind::index) {
    const auto found = std::ranges::find(from.indexes, step.index, &IndexStep::index);
    if (found != from.indexes.end()) return found->node;
    from.indexes.push_back({step.index, fresh});
  } else {
    const auto found = std::ranges::lower_bound(from.keys, step.key, {}, &KeyStep::key);
    if (found != from.keys.end() && found->key == step.key) return found->node;
    from.keys.insert(found, {step.key, fresh});
  }
  nodes_.emplace_back();
  return fresh;
}

}  // namespace millrace::json
