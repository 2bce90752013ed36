#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "millrace/sparse_view.h"

namespace millrace {

/// In how many live vectors of a column each index stands. One writer; readers ask at any time, without a lock, and see
/// each number as it was before or after any vector.
class SparseCounts {
 public:
  SparseCounts() = default;

  /// Makes room for these indices, new ones or not.
  /// @throws std::bad_alloc; what exists stays as it is
  void reserve(std::span<const std::uint32_t> indices);

  /// @param vector  whose indices were reserved
  void add(const SparseView& vector) noexcept;
  void remove(const SparseView& vector) noexcept;

  [[nodiscard]] std::uint32_t of(std::uint32_t index) const noexcept;
  [[nodiscard]] std::uint32_t vectors() const noexcept { return vectors_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t bytes() const noexcept;

 private:
  using Word = std::atomic<std::uint64_t>;  ///< index, and in the lower half its count
  /// No count is so large.
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};

  struct Table {
    explicit Table(std::size_t size);
    /// @return the place of the index, or the one that it may take
    [[nodiscard]] Word& place_of(std::uint32_t index) const noexcept;
    std::size_t mask;
    std::unique_ptr<Word[]> words;
  };

  void grow(std::size_t more);

  std::atomic<const Table*> table_{nullptr};
  /// The older ones are half as large each, and may be in a reader's hands.
  std::vector<std::unique_ptr<const Table>> tables_;
  std::size_t used_ = 0;
  std::atomic<std::uint32_t> vectors_{0};
};

}  // namespace millrace
