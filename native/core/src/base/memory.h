#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace millrace {

/// Lets a test make the n-th allocation from now fail: Block::allocate asks here, and so may a test's operator new.
namespace allocation_fault {
/// @param after  allocations that still succeed; negative: never fail
void arm(std::int64_t after) noexcept;
[[nodiscard]] bool strikes() noexcept;
}  // namespace allocation_fault

/// Zeroed memory, 64-byte aligned. Large blocks are mapped: pages that nobody touches cost nothing, and from 2 MiB on huge
/// pages are asked for.
class Block {
 public:
  Block() = default;
  /// @throws OutOfMemory
  [[nodiscard]] static Block allocate(std::size_t bytes);
  Block(Block&& other) noexcept { swap(other); }
  Block& operator=(Block&& other) noexcept {
    swap(other);
    return *this;
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  void swap(Block& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// A column of an append-only table: blocks that double in size and never move, so readers need no lock.
/// Rows are written by one thread; a reader may touch a row once it learned of it by an acquire.
template <typename T>
class BlockColumn {
 public:
  explicit BlockColumn(std::size_t width = 1) noexcept : width_(width) {}

  /// Makes rows [from, from + rows) writable; they read as zero.
  /// @throws OutOfMemory; what exists stays as it is
  void reserve(std::uint64_t from, std::uint64_t rows) {
    if (rows == 0) return;
    const auto last = block_of(from + rows - 1);
    for (auto block = block_of(from); block <= last; ++block) {
      if (starts_[block].load(std::memory_order_relaxed) != nullptr) continue;
      blocks_[block] = Block::allocate((std::size_t{kFirstRows} << block) * width_ * sizeof(T));
      starts_[block].store(reinterpret_cast<T*>(blocks_[block].data()), std::memory_order_release);
    }
  }

  /// Gives all memory back. Only while no reader can have learned of a row.
  void clear() noexcept {
    for (auto& start : starts_) start.store(nullptr, std::memory_order_relaxed);
    for (auto& block : blocks_) block = Block();
  }

  /// @param row  reserved before
  [[nodiscard]] T* at(std::uint64_t row) const noexcept {
    const auto block = block_of(row);
    return starts_[block].load(std::memory_order_acquire) + (row + kFirstRows - (kFirstRows << block)) * width_;
  }

  /// @return null when the row's block was never reserved
  [[nodiscard]] T* find(std::uint64_t row) const noexcept {
    return starts_[block_of(row)].load(std::memory_order_acquire) == nullptr ? nullptr : at(row);
  }

  /// Rows from `row` to the end of its block: they stand one after the other.
  [[nodiscard]] static std::uint64_t run(std::uint64_t row) noexcept {
    return (kFirstRows << (block_of(row) + 1)) - kFirstRows - row;
  }

 private:
  static constexpr std::uint64_t kFirstRows = 1024;
  static constexpr std::size_t kBlocks = 23;  // 1024 × (2^23 − 1) rows: more than a u32 counts

  [[nodiscard]] static std::size_t block_of(std::uint64_t row) noexcept {
    return static_cast<std::size_t>(std::bit_width(row + kFirstRows) - std::bit_width(kFirstRows));
  }

  std::size_t width_;
  std::array<std::atomic<T*>, kBlocks> starts_{};
  std::array<Block, kBlocks> blocks_{};
};

}  // namespace millrace
