#include <algorithm>

#include "shard/memory_shard.h"

namespace millrace {

void MemoryShard::set_growth(const GrowthSettings& settings) {
  limit_builders(settings.builders_most);
  {
    const std::scoped_lock lock(published_mutex_);
    if (settings.defers) {
      deferral_.begin(published_);
    } else {
      deferral_.end();
    }
  }
  may_grow_ = !settings.is_paused;
  wake_builder();
}

bool MemoryShard::grow(std::uint64_t until_ns) noexcept {
  if (!may_grow_) return false;
  const auto at = newest_published();
  // Rows that are dead in what readers see are left out.
  const auto visible_offset = snapshot().state.next_offset;
  bool may_go_on = false;
  for (const auto& column : *at.generation->columns) {
    if (column->index == nullptr) continue;
    const auto grown = guard([&]() -> Result<bool> {
      // Codes first: they are there soon, and a graph may be long in coming.
      const bool has_more = column->quantized != nullptr && column->quantized->grow(*column, until_ns);
      return column->index->grow(*column, store_, visible_offset, until_ns) || has_more;
    });
    // Without memory the index stays as it is; the next record that is applied has it tried again.
    may_go_on = may_go_on || (grown && grown.value());
  }
  return may_go_on;
}

bool MemoryShard::has_growth() const noexcept {
  if (!may_grow_) return false;
  const auto at = newest_published();
  for (const auto& column : *at.generation->columns) {
    if (column->index != nullptr && column->index->has_growth(*column)) return true;
    if (column->quantized != nullptr && column->quantized->has_growth(*column)) return true;
  }
  return false;
}

namespace {

/// The positions of a column that a reader may still find: one whose newest row he sees as dead stays so.
class LivePositions final : public PositionTest {
 public:
  LivePositions(const RowStore& store, const VectorColumn& column, std::uint64_t visible_offset) noexcept
      : store_(store), column_(column), visible_offset_(visible_offset) {}
  [[nodiscard]] bool is_live(std::uint32_t position) const noexcept override {
    return store_.is_visible(column_.newest_row(position), visible_offset_);
  }

 private:
  const RowStore& store_;
  const VectorColumn& column_;
  const std::uint64_t visible_offset_;
};

}  // namespace

/// After what was applied was published, so that a reader of the new index sees it as well.
void MemoryShard::cover_sparse() noexcept {
  for (const auto& column : *generation_->columns) {
    if (column->sparse == nullptr) continue;
    const auto covered = guard([&]() -> Result<bool> {
      const LivePositions test(store_, *column, snapshot().state.next_offset);
      column->sparse->cover(column->count.load(std::memory_order_relaxed), test);
      return true;
    });
    // Without memory the vectors are looked at one by one; the next record that is applied has it tried again.
    static_cast<void>(covered);
  }
}

void MemoryShard::wake_builder() noexcept {
  if (options_.builder == nullptr || !may_grow_) return;
  const auto wants_growth = [](const auto& column) {
    return (column->index != nullptr && column->index->wants_growth(*column)) ||
           (column->quantized != nullptr && column->quantized->waiting(*column) > 0);
  };
  if (std::ranges::none_of(*newest_published().generation->columns, wants_growth)) return;
  const auto woken = guard([&]() -> Result<bool> {
    // None while the shard is being made.
    if (const auto self = weak_from_this().lock()) options_.builder->wake(self);
    return true;
  });
  // What could not be told now is told with the next record.
  static_cast<void>(woken);
}

}  // namespace millrace
