#pragma once

#include <atomic>

#include "base/memory.h"
#include "millrace/multi_view.h"
#include "millrace/record.h"
#include "millrace/schema.h"
#include "shard/payload_arena.h"

namespace millrace {

/// The multivectors of one column by position: runs of vectors that never move. One writer; a reader may ask for a position
/// once it learned of it by an acquire.
///
///     run:  f32[count] norms, where the slot keeps them | element[count × dimension] | up to 3 bytes of padding
class MultiVectors {
 public:
  /// @param storage  of the runs; outlives the vectors
  MultiVectors(const VectorSlot& slot, const Storage& storage) noexcept
      : row_bytes_(slot.dimension * element_bytes(slot.element)), keeps_norms_(slot.keeps_unit_length()), arena_(storage) {}

  /// Makes room for the multivectors of a block.
  /// @throws std::bad_alloc; nothing that counts has changed then
  void reserve(std::uint64_t from, const VectorBlock& block);

  /// @param position  reserved
  void put(std::uint64_t position, const MultiView& vectors) noexcept;

  [[nodiscard]] MultiView at(std::uint64_t position) const noexcept {
    const auto& [bytes, count] = *runs_.at(position);
    const auto norm_bytes = keeps_norms_ ? count * sizeof(float) : 0;
    return {{bytes + norm_bytes, count * row_bytes_},
            {reinterpret_cast<const float*>(bytes), keeps_norms_ ? count : 0},
            static_cast<std::uint32_t>(count)};
  }
  /// Norms and vectors: what the digest counts.
  [[nodiscard]] std::span<const std::byte> bytes_of(std::uint64_t position) const noexcept {
    const auto& [bytes, count] = *runs_.at(position);
    return {bytes, count * vector_bytes()};
  }
  /// Of all positions, of live and dead rows.
  [[nodiscard]] std::uint64_t vectors() const noexcept { return vectors_.load(std::memory_order_relaxed); }

  /// Of the runs, but for their padding.
  [[nodiscard]] std::uint64_t run_bytes() const noexcept { return vectors() * vector_bytes(); }

  /// The writer's own.
  [[nodiscard]] std::uint64_t total_bytes() const noexcept { return total_bytes_; }

 private:
  struct Run {
    const std::byte* bytes;
    std::uint64_t count;
  };
  [[nodiscard]] std::size_t vector_bytes() const noexcept { return row_bytes_ + (keeps_norms_ ? sizeof(float) : 0); }

  std::size_t row_bytes_;
  bool keeps_norms_;
  BlockColumn<Run> runs_;
  PayloadArena arena_;
  std::atomic<std::uint64_t> vectors_{0};
  std::uint64_t total_bytes_ = 0;
};

}  // namespace millrace
