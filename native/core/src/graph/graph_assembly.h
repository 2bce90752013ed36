#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "graph/live_graph.h"

namespace millrace {

/// Puts the nodes of a stored graph at other rows of an empty one, or leaves them out. Where a node that is left out led on,
/// those that led to it lead there instead: so what lay behind it can still be reached.
class GraphAssembly {
 public:
  static constexpr std::uint32_t kLeftOut = 0xffffffffU;

  /// @param graph   empty but for codes
  /// @param row_of  by node: its row, or kLeftOut
  /// @throws std::bad_alloc, as all here does
  GraphAssembly(LiveGraph& graph, std::vector<std::uint32_t> row_of);

  [[nodiscard]] std::uint32_t size(std::uint32_t layer) const noexcept {
    return static_cast<std::uint32_t>(place_of_[layer].size());
  }

  /// Adds the next member of a layer; all those of the layers below are there.
  /// @param node, below  as stored
  /// @return false when it cannot be one
  [[nodiscard]] bool add_member(std::uint32_t layer, std::uint32_t node, std::uint32_t below);

  /// Sets a member's list. All members of all layers are there.
  /// @param targets  as stored
  /// @return false when one of them is no member, or they are more than a list holds
  [[nodiscard]] bool set_list(std::uint32_t layer, std::uint32_t member, std::span<const std::uint32_t> targets);

  /// After the last list. @return rows that searches can find
  std::uint32_t finish();

 private:
  using Stored = std::vector<std::uint32_t>;

  void bridge(std::uint32_t layer, std::uint32_t member, const Stored& stored);

  LiveGraph& graph_;
  std::vector<std::vector<std::uint32_t>> place_of_;  ///< [layer][stored member]: member of the new graph, or kLeftOut
  std::vector<std::vector<std::uint32_t>> node_of_;   ///< [layer][stored member]: its node; not of the lowest
  std::vector<std::unordered_map<std::uint32_t, Stored>> left_out_;  ///< [layer]: lists of stored members that are left out
  std::vector<std::unordered_map<std::uint32_t, Stored>> wounded_;   ///< [layer]: lists that lost some of theirs
  std::uint32_t kept_ = 0;
};

}  // namespace millrace
