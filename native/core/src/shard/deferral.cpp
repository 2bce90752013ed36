#include "shard/deferral.h"

#include <limits>

#include "millrace/guard.h"

namespace millrace {
namespace {

/// The same with how many vectors there are.
Snapshot counted(const Snapshot& published) {
  const auto& columns = *published.generation->columns;
  auto vectors = std::make_shared<std::vector<std::uint32_t>>();
  vectors->reserve(columns.size());
  for (const auto& column : columns) vectors->push_back(column->count.load(std::memory_order_acquire));
  return {published.state, published.generation, std::move(vectors)};
}

std::uint64_t dead_rows(const Snapshot& at) noexcept { return at.state.rows - at.state.points; }

}  // namespace

/// Where the vectors of a column end that may be shown. One that was dropped since has no graph that grows.
std::uint64_t Deferral::bound_of(const VectorColumn& column) const noexcept {
  const auto is_same = [&](const auto& one) { return one.get() == &column; };
  const bool grows = column.index != nullptr && std::ranges::any_of(*newest_->columns, is_same);
  const auto most = grows ? column.index->without_graph_max(column) : std::nullopt;
  return most ? column.index->covered() + *most : std::numeric_limits<std::uint64_t>::max();
}

bool Deferral::is_within_bounds(const Snapshot& at) const noexcept {
  return std::ranges::all_of(*at.generation->columns,
                             [&](const auto& column) { return at.vectors_of(*column) <= bound_of(*column); });
}

void Deferral::begin(const Snapshot& published) {
  if (is_on_) return;
  whole_ = counted(published);
  visible_ = whole_;
  newest_ = published.generation;
  is_on_ = true;
}

void Deferral::end() noexcept {
  is_on_ = false;
  waiting_.clear();
  whole_ = visible_ = {};
  newest_ = nullptr;
}

void Deferral::note(const Snapshot& published) noexcept {
  newest_ = published.generation;
  static_cast<void>(guard([&]() -> Result<bool> {
    waiting_.push_back(counted(published));
    if (waiting_.size() <= kStatesMax) return true;
    // The newest one stays.
    std::size_t kept = 0;
    for (std::size_t at = (waiting_.size() - 1) % 2; at < waiting_.size(); at += 2) waiting_[kept++] = std::move(waiting_[at]);
    waiting_.resize(kept);
    return true;
  }));
}

const Snapshot& Deferral::visible() noexcept {
  static_cast<void>(guard([&]() -> Result<bool> {
    advance();
    return true;
  }));
  return visible_;
}

void Deferral::advance() {
  bool has_moved = false;
  for (; !waiting_.empty() && is_within_bounds(waiting_.front()); waiting_.pop_front()) {
    whole_ = std::move(waiting_.front());
    has_moved = true;
  }
  if (has_moved) visible_ = whole_;
  if (!waiting_.empty()) show_points_of(waiting_.front());
}

/// Adds the first points of records that ended no row to what is visible.
void Deferral::show_points_of(const Snapshot& next) {
  if (dead_rows(next) != dead_rows(whole_)) return;
  const auto rows = rows_within(next);
  if (rows <= visible_.state.rows) return;
  auto vectors = std::make_shared<std::vector<std::uint32_t>>(*next.vectors);
  const auto& columns = *next.generation->columns;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::uint64_t shown = whole_.vectors_of(*columns[i]);
    auto& count = (*vectors)[i];
    count = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, std::max(shown, bound_of(*columns[i]))));
  }
  visible_.vectors = std::move(vectors);
  visible_.generation = next.generation;
  visible_.state = whole_.state;
  visible_.state.rows = rows;
  visible_.state.points += rows - whole_.state.rows;
}

/// Rows before the first one whose vector is out of bounds. As none was ended, the row that has a vector brought it.
std::uint64_t Deferral::rows_within(const Snapshot& next) const noexcept {
  auto rows = next.state.rows;
  for (const auto& column : *next.generation->columns) {
    const auto bound = bound_of(*column);
    if (next.vectors_of(*column) > bound)
      rows = std::min<std::uint64_t>(rows, column->row_before(bound, column->newest_row(bound), next.state.rows, store_));
  }
  return std::max(rows, whole_.state.rows);
}

}  // namespace millrace
