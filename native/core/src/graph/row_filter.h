#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "base/memory.h"

namespace millrace {

/// Which rows of a graph pass, by a bitmap of what they stand for: asked by a walk for thousands of rows.
class RowFilter {
 public:
  /// @param stands_for  by row of the graph: the bit; atomically read
  /// @param words       bit b of word b / 64
  /// @param known       bits from this one on are newer than the bitmap: rows that stand for them may pass
  RowFilter(const BlockColumn<std::uint32_t>& stands_for, std::span<const std::uint64_t> words, std::uint64_t known) noexcept
      : stands_for_(stands_for), words_(words), known_(known) {}

  /// Before a row is tested: which row a bit stands for is seldom in the nearest cache.
  void ask_for(std::uint32_t row) const noexcept { __builtin_prefetch(stands_for_.at(row)); }
  [[nodiscard]] bool passes(std::uint32_t row) const noexcept {
    const auto bit = std::atomic_ref(*stands_for_.at(row)).load(std::memory_order_acquire);
    const auto word = bit / 64;
    return bit >= known_ || (word < words_.size() && ((words_[word] >> (bit % 64)) & 1U) != 0);
  }

 private:
  const BlockColumn<std::uint32_t>& stands_for_;
  std::span<const std::uint64_t> words_;
  std::uint64_t known_;
};

}  // namespace millrace
