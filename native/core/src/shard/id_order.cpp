#include "shard/id_order.h"

#include <algorithm>
#include <iterator>

namespace millrace {

bool IdOrder::is_stale(const Sorted& sorted, const ShardState& now) noexcept {
  // Another reader may have come with a newer snapshot.
  if (now.next_offset <= sorted.as_of) return false;
  const std::uint64_t slack = std::max<std::uint64_t>(8192, sorted.covered / 16);
  return now.rows > sorted.covered + slack || now.rows - now.points > sorted.ended + slack;
}

std::uint64_t IdOrder::estimate(const ShardState& now) const noexcept {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || is_stale(*sorted_, now)) return now.rows;
  return now.rows > sorted_->covered ? now.rows - sorted_->covered : 0;
}

std::shared_ptr<const IdOrder::Sorted> IdOrder::get(const RowStore& store, const ShardState& now) {
  const std::scoped_lock lock(mutex_);
  const auto& old = *sorted_;
  if (!is_stale(old, now)) return sorted_;

  const auto by_id = [&](std::uint32_t a, std::uint32_t b) {
    const auto order = store.rows.at(a)->id() <=> store.rows.at(b)->id();
    return order != 0 ? order < 0 : a < b;
  };
  std::vector<std::uint32_t> tail;
  for (auto row = static_cast<std::uint32_t>(old.covered); row < now.rows; ++row)
    if (store.is_visible(row, now.next_offset)) tail.push_back(row);
  std::ranges::sort(tail, by_id);
  auto next = std::make_shared<Sorted>();
  next->rows.reserve(now.points);
  // A row counts as ended here only when the snapshot's records ended it: one that ends right now is still in the state
  // of readers that hold this snapshot's successors up to that record.
  std::vector<std::uint32_t> kept;
  kept.reserve(old.rows.size());
  for (const auto row : old.rows)
    if (store.is_visible(row, now.next_offset)) kept.push_back(row);
  std::ranges::merge(kept, tail, std::back_inserter(next->rows), by_id);
  next->covered = now.rows;
  next->as_of = now.next_offset;
  next->ended = now.rows - now.points;
  sorted_ = std::move(next);
  return sorted_;
}

}  // namespace millrace
