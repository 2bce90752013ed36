#pragma once

#include <atomic>

#include "millrace/hash.h"
#include "shard/rows.h"

namespace millrace {

/// Finds the newest row of an id: open addressing with linear probing, at most 60 % full.
/// One writer; readers probe at any time. An id's entry stays when the point is deleted (the row says so), and goes when
/// a grown table is built from the live ones.
class IdTable {
 public:
  /// @param entries  that must fit without growing
  /// @throws OutOfMemory
  explicit IdTable(std::uint64_t entries) {
    std::uint64_t capacity = 1024;
    while (capacity * 2 / 5 < entries) capacity *= 2;
    slots_ = Block::allocate(capacity * sizeof(std::uint64_t));
    mask_ = capacity - 1;
  }

  [[nodiscard]] bool has_room(std::uint64_t more) const noexcept { return used_ + more <= (mask_ + 1) * 3 / 5; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return slots_.bytes(); }

  /// @return the newest row of the id, published or not, or kNoRow
  [[nodiscard]] std::uint32_t find(const RowStore& store, const PointId& id) const noexcept {
    const auto entry = std::atomic_ref(*slot_of(store, id, hash_of(id))).load(std::memory_order_acquire);
    return entry == 0 ? kNoRow : row_in(entry);
  }

  /// Makes `row`, completely written, the newest of its id. Room was checked before.
  void set(const RowStore& store, const PointId& id, std::uint32_t row) noexcept {
    const auto hash = hash_of(id);
    auto* const slot = slot_of(store, id, hash);
    if (*slot == 0) ++used_;
    std::atomic_ref(*slot).store((std::uint64_t{hash} << 32U) | (row + 1ULL), std::memory_order_release);
  }

  /// Copies the entries of live rows.
  void take_live(const RowStore& store, const IdTable& other) noexcept {
    for (std::uint64_t i = 0; i <= other.mask_; ++i) {
      const auto entry = other.slots()[i];
      if (entry == 0 || store.death(row_in(entry)) != 0) continue;
      auto at = (entry >> 32U) & mask_;
      while (slots()[at] != 0) at = (at + 1) & mask_;
      slots()[at] = entry;
      ++used_;
    }
  }

 private:
  /// The upper half: the lower twelve bits choose the shard, so within one they are alike.
  static std::uint32_t hash_of(const PointId& id) noexcept {
    const std::uint64_t words[] = {id.high, id.low};
    return static_cast<std::uint32_t>(xxh64(std::as_bytes(std::span(words)), id.is_uuid ? 1 : 0) >> 32U);
  }
  static std::uint32_t row_in(std::uint64_t entry) noexcept { return static_cast<std::uint32_t>(entry) - 1; }
  [[nodiscard]] std::uint64_t* slots() const noexcept { return reinterpret_cast<std::uint64_t*>(slots_.data()); }

  [[nodiscard]] std::uint64_t* slot_of(const RowStore& store, const PointId& id, std::uint32_t hash) const noexcept {
    for (auto at = hash & mask_;; at = (at + 1) & mask_) {
      auto* const slot = slots() + at;
      const auto entry = std::atomic_ref(*slot).load(std::memory_order_acquire);
      if (entry == 0 || ((entry >> 32U) == hash && store.rows.at(row_in(entry))->id() == id)) return slot;
    }
  }

  Block slots_;
  std::uint64_t mask_ = 0;
  std::uint64_t used_ = 0;
};

}  // namespace millrace
