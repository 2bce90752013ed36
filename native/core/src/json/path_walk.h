#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "json/stored.h"
#include "millrace/json_path.h"

namespace millrace::json {

/// Several paths as one tree, so that a payload is walked once for all of them.
class PathTrie {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  struct KeyStep {
    std::string key;
    std::uint32_t node;
  };
  struct IndexStep {
    std::uint64_t index;
    std::uint32_t node;
  };
  struct Node {
    std::vector<KeyStep> keys;  ///< by key
    std::vector<IndexStep> indexes;
    std::uint32_t every = kNone;
    std::uint32_t path = kNone;  ///< the path that ends here
    [[nodiscard]] bool leads_on() const noexcept { return !keys.empty() || !indexes.empty() || every != kNone; }
    [[nodiscard]] std::uint32_t find(std::string_view key) const noexcept;
  };

  PathTrie() : nodes_(1) {}

  /// @return the path's number: 0 for the first, and the same for the same path
  std::uint32_t add(const JsonPath& path);

  [[nodiscard]] const Node& node(std::uint32_t index) const noexcept { return nodes_[index]; }
  [[nodiscard]] std::uint32_t paths() const noexcept { return paths_; }

 private:
  std::uint32_t child(std::uint32_t node, const PathStep& step);

  std::vector<Node> nodes_;
  std::uint32_t paths_ = 0;
};

inline std::uint32_t PathTrie::Node::find(std::string_view key) const noexcept {
  constexpr std::size_t kLinearMax = 8;
  if (keys.size() <= kLinearMax) {
    for (const auto& step : keys)
      if (step.key.size() == key.size() && std::memcmp(step.key.data(), key.data(), key.size()) == 0) return step.node;
    return kNone;
  }
  std::size_t first = 0;
  for (std::size_t left = keys.size(); left > 0;) {
    const auto half = left / 2;
    const auto order = std::string_view(keys[first + half].key).compare(key);
    if (order == 0) return keys[first + half].node;
    if (order < 0) first += half + 1;
    left = order < 0 ? left - half - 1 : half;
  }
  return kNone;
}

/// Visits the values that the paths of a trie lead to, in one pass over a stored payload.
/// @tparam Visit  bool(std::uint32_t path, std::string_view value); false: nothing more is wanted
template <typename Visit>
class PathWalk {
 public:
  PathWalk(const PathTrie& trie, Visit visit) : trie_(trie), visit_(std::move(visit)) {}

  /// @param object  text of a stored object, or empty
  void run(std::string_view object) {
    if (object.empty() || object.front() != '{') return;
    end_ = object.data() + object.size();
    active_.assign(1, 0);
    walk_object(object.data(), 0, 1, 1);
  }

 private:
  /// No payload that was checked is deeper; keeps the recursion short for one that was not.
  static constexpr std::uint32_t kDepthMax = kNestingMax;

  /// @param first, last  which of `active_` are the nodes that this value stands at
  const char* walk_value(const char* at, std::size_t first, std::size_t last, std::uint32_t depth) {
    const char* next = nullptr;
    bool leads_on = false;
    for (auto i = first; i < last; ++i) {
      const auto& node = trie_.node(active_[i]);
      leads_on = leads_on || node.leads_on();
      if (node.path == PathTrie::kNone) continue;
      if (next == nullptr) next = skip_stored(at, end_);
      // Those above find themselves at the end of the text, too.
      if (!visit_(node.path, std::string_view(at, static_cast<std::size_t>(next - at)))) return end_;
    }
    if (leads_on && depth < kDepthMax && at < end_) {
      if (*at == '{') return walk_object(at, first, last, depth + 1);
      if (*at == '[') return walk_array(at, first, last, depth + 1);
    }
    return next == nullptr ? skip_stored(at, end_) : next;
  }

  const char* walk_object(const char* at, std::size_t first, std::size_t last, std::uint32_t depth) {
    const auto below = active_.size();
    // Keys are unique in a stored object: at the top nothing is left to do when each wanted one was met.
    auto wanted = depth == 1 ? trie_.node(0).keys.size() : std::numeric_limits<std::size_t>::max();
    StoredMember member;
    ++at;
    while (next_stored_member(at, end_, member)) {
      const auto key = decode_stored(member.key, decoded_);
      for (auto i = first; i < last; ++i)
        if (const auto node = trie_.node(active_[i]).find(key); node != PathTrie::kNone) active_.push_back(node);
      if (active_.size() == below) {
        at = skip_stored(at, end_);
        continue;
      }
      at = walk_value(at, below, active_.size(), depth);
      active_.resize(below);
      if (--wanted == 0) return end_;
    }
    return at;
  }

  const char* walk_array(const char* at, std::size_t first, std::size_t last, std::uint32_t depth) {
    const auto below = active_.size();
    ++at;
    for (std::uint64_t index = 0; next_stored_element(at, end_); ++index) {
      for (auto i = first; i < last; ++i) {
        const auto& node = trie_.node(active_[i]);
        const auto every = node.every;
        for (const auto& step : node.indexes)
          if (step.index == index) active_.push_back(step.node);
        if (every != PathTrie::kNone) active_.push_back(every);
      }
      at = active_.size() == below ? skip_stored(at, end_) : walk_value(at, below, active_.size(), depth);
      active_.resize(below);
    }
    return at;
  }

  const PathTrie& trie_;
  Visit visit_;
  const char* end_ = nullptr;
  std::vector<std::uint32_t> active_;  ///< a stack: the nodes of each level
  std::string decoded_;
};

}  // namespace millrace::json
