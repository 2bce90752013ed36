#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/scratch_file.h"

namespace millrace {

/// Lets a test make the n-th allocation from now fail: Block::allocate asks here, and so may a test's operator new.
namespace allocation_fault {
/// @param after  allocations that still succeed; negative: never fail
void arm(std::int64_t after) noexcept;
[[nodiscard]] bool strikes() noexcept;
}  // namespace allocation_fault

/// Zeroed bytes, 64-byte aligned, in memory or in a file. Large blocks of memory are mapped: pages that nobody touches cost
/// nothing, and from 2 MiB on huge pages are asked for.
class Block {
 public:
  Block() = default;
  /// In memory.
  /// @throws OutOfMemory
  [[nodiscard]] static Block allocate(std::size_t bytes);
  /// In a file. Only what `back` was told of may be touched.
  /// @throws OutOfMemory
  [[nodiscard]] static Block map(ScratchFile file, std::size_t bytes);
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

  /// Makes sure that the first `bytes` can be written: in a file they get their place on the disk.
  /// @throws OutOfSpace; what was writable stays so
  void back(std::size_t bytes) {
    if (bytes > backed_) back_more(bytes);
  }

 private:
  void back_more(std::size_t bytes);
  void swap(Block& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(backed_, other.backed_);
    std::swap(on_disk_, other.on_disk_);
    std::swap(file_, other.file_);
  }
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t backed_ = 0;   ///< can be written
  std::size_t on_disk_ = 0;  ///< have a place on the disk
  ScratchFile file_;         ///< as long as not all of it has its place
};

/// Where blocks come from: all that the holder of a column decides about how its bytes are kept.
class Storage {
 public:
  virtual ~Storage() = default;
  /// @return a block of at least so many bytes, to be backed before it is written
  /// @throws std::bad_alloc
  [[nodiscard]] virtual Block allocate(std::size_t bytes) const = 0;
};

/// Memory of the process's own.
[[nodiscard]] const Storage& memory_storage() noexcept;

/// A column of an append-only table: blocks that double in size and never move, so readers need no lock.
/// Rows are written by one thread; a reader may touch a row once it learned of it by an acquire.
template <typename T>
class BlockColumn {
 public:
  /// @param storage  outlives the column
  explicit BlockColumn(std::size_t width = 1, const Storage& storage = memory_storage()) noexcept
      : width_(width), storage_(&storage) {}

  /// Makes rows [from, from + rows) writable; they read as zero.
  /// @throws std::bad_alloc; what exists stays as it is
  void reserve(std::uint64_t from, std::uint64_t rows) {
    if (rows == 0) return;
    const auto last = block_of(from + rows - 1);
    for (auto block = block_of(from); block <= last; ++block) {
      const auto block_rows = kFirstRows << block;
      const auto first = block_rows - kFirstRows;
      if (starts_[block].load(std::memory_order_relaxed) == nullptr) {
        blocks_[block] = storage_->allocate(block_rows * width_ * sizeof(T));
        starts_[block].store(reinterpret_cast<T*>(blocks_[block].data()), std::memory_order_release);
      }
      blocks_[block].back(std::min(block_rows, from + rows - first) * width_ * sizeof(T));
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
  const Storage* storage_;
  std::array<std::atomic<T*>, kBlocks> starts_{};
  std::array<Block, kBlocks> blocks_{};
};

}  // namespace millrace
