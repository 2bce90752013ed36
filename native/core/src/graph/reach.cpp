#include <algorithm>

#include "graph/live_graph.h"

namespace millrace {

/// Which rows a path on the lowest layer leads to from the entry.
class LiveGraph::Reach {
 public:
  explicit Reach(const LiveGraph& graph) : graph_(graph), reached_(graph.encoded()) {
    auto entry = graph.entry();
    if (!entry) return;
    entry_row_ = graph.row_of(entry->layer, entry->member);
    go_from(entry_row_);
  }

  /// Rows that were encoded when it was made; more may be by now.
  [[nodiscard]] std::uint32_t rows() const noexcept { return static_cast<std::uint32_t>(reached_.size()); }
  [[nodiscard]] bool is_reached(std::uint32_t row) const noexcept { return reached_[row] != 0; }
  /// Rows that were never inserted have no links.
  [[nodiscard]] bool is_cut_off(std::uint32_t row) const noexcept {
    return !is_reached(row) && Layer::read(*graph_.layers_[0].list(row)) != 0;
  }

  /// Follows all paths from a row.
  void go_from(std::uint32_t row) {
    const auto& layer = graph_.layers_[0];
    reached_[row] = 1;
    waiting_.push_back(row);
    while (!waiting_.empty()) {
      auto* const list = layer.list(waiting_.back());
      waiting_.pop_back();
      for (std::uint32_t i = 0; i < layer.width(); ++i) {
        const auto place = Layer::read(list[i]);
        if (place == 0) break;
        if (place > reached_.size() || reached_[place - 1] != 0) continue;
        reached_[place - 1] = 1;
        waiting_.push_back(place - 1);
      }
    }
  }

  /// @param round  which of the last places is given up when there is no room
  [[nodiscard]] std::uint32_t* place_for(std::uint32_t row, std::uint32_t round) {
    constexpr std::size_t kLooksMax = 1024;
    const auto& layer = graph_.layers_[0];
    const auto width = layer.width();
    std::uint32_t* given_up = nullptr;
    seen_.assign(1, row);
    for (std::size_t at = 0; at < seen_.size(); ++at) {
      auto* const list = layer.list(seen_[at]);
      const auto used = std::find(list, list + width, 0U);
      if (is_reached(seen_[at])) {
        if (used != list + width) return used;
        if (given_up == nullptr) given_up = list + width - 1 - round;
      }
      for (auto* place = list; place != used && seen_.size() < kLooksMax; ++place)
        if (std::ranges::find(seen_, *place - 1) == seen_.end()) seen_.push_back(*place - 1);
    }
    return given_up;
  }

 private:
  const LiveGraph& graph_;
  std::vector<std::uint32_t> seen_;
  std::vector<std::uint8_t> reached_;
  std::vector<std::uint32_t> waiting_;
  std::uint32_t entry_row_ = 0;
};

std::size_t LiveGraph::count_unreachable() const {
  const Reach reach(*this);
  std::size_t count = 0;
  for (std::uint32_t row = 0; row < reach.rows(); ++row) count += reach.is_cut_off(row) ? 1U : 0U;
  return count;
}

/// A row that is cut off is linked from the nearest row, by links from itself, that is reached and has room. Where there is
/// none it takes the place of its first reached link's last one, which may cut off another: so until none is left.
std::size_t LiveGraph::attach_unreachable() {
  constexpr int kRoundsMax = 8;
  std::size_t first_count = 0;
  for (int round = 0; round < kRoundsMax; ++round) {
    Reach reach(*this);
    std::size_t count = 0;
    for (std::uint32_t row = 0; row < reach.rows(); ++row) {
      if (!reach.is_cut_off(row)) continue;
      ++count;
      auto* const place = reach.place_for(row, static_cast<std::uint32_t>(round));
      if (place == nullptr) continue;
      Layer::write(*place, row + 1);
      reach.go_from(row);
    }
    if (round == 0) first_count = count;
    if (count == 0) break;
  }
  return first_count;
}

}  // namespace millrace
