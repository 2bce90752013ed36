#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/memory.h"
#include "millrace/record.h"
#include "millrace/sparse_view.h"
#include "shard/payload_arena.h"
#include "sparse/sparse_counts.h"
#include "sparse/sparse_index.h"

namespace millrace {

/// The sparse vectors of one column by position, as they were written: they never move. One writer; a reader may ask for a
/// position once it learned of it by an acquire.
class SparseVectors {
 public:
  /// @param indexed  what the index keeps of weights; the vectors themselves are as they were given
  explicit SparseVectors(ElementType indexed = ElementType::f32) noexcept : index_(indexed) {}

  /// Makes room for the vectors of a block.
  /// @throws std::bad_alloc; nothing that counts has changed then
  void reserve(std::uint64_t from, const VectorBlock& block);

  /// @param position  reserved
  void put(std::uint64_t position, const SparseView& vector) noexcept;

  [[nodiscard]] SparseView at(std::uint64_t position) const noexcept {
    const auto& stored = *stored_.at(position);
    const auto* const indices = reinterpret_cast<const std::uint32_t*>(stored.bytes);
    return {{indices, stored.entries}, {reinterpret_cast<const float*>(indices + stored.entries), stored.entries}};
  }
  /// What is stored of a vector, its indices and then its values: what the digest counts.
  [[nodiscard]] std::span<const std::byte> bytes_of(std::uint64_t position) const noexcept {
    const auto& stored = *stored_.at(position);
    return {stored.bytes, stored.entries * kEntryBytes};
  }
  /// Counts a vector among the live ones, or no longer.
  void count(std::uint64_t position) noexcept { counts_.add(at(position)); }
  void uncount(std::uint64_t position) noexcept { counts_.remove(at(position)); }
  [[nodiscard]] const SparseCounts& counts() const noexcept { return counts_; }

  /// Takes positions up to `count` into the index when they are enough. As SparseIndex::cover.
  void cover(std::uint32_t count, const PositionTest& test) { index_.cover(*this, count, test); }
  [[nodiscard]] std::shared_ptr<const SparseIndexView> index() const { return index_.view(); }
  [[nodiscard]] std::uint64_t index_bytes() const { return counts_.bytes() + index_.bytes(); }

  /// The writer's own.
  [[nodiscard]] std::uint64_t total_bytes() const noexcept { return total_bytes_; }

 private:
  static constexpr std::size_t kEntryBytes = sizeof(std::uint32_t) + sizeof(float);
  struct Stored {
    const std::byte* bytes;
    std::uint64_t entries;
  };

  BlockColumn<Stored> stored_;
  PayloadArena arena_;
  SparseCounts counts_;
  SparseIndex index_;
  std::uint64_t total_bytes_ = 0;
};

}  // namespace millrace
