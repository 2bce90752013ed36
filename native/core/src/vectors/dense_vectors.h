#pragma once

#include "base/memory.h"
#include "millrace/elements.h"

namespace millrace {

/// Vectors of one length by position, each in one piece. What is stored is put together from three parts that know nothing of
/// each other: the type of an element (elements.h), the layout (here one vector a position; runs of them in MultiVectors,
/// entries in SparseVectors), and the storage that the blocks of bytes come from (base/memory.h).
class DenseVectors {
 public:
  /// @param storage  outlives the vectors
  DenseVectors(ElementType element, std::size_t dimension, const Storage& storage) noexcept
      : element_(element), dimension_(dimension), rows_(dimension * element_bytes(element), storage) {}

  /// @throws std::bad_alloc; what exists stays as it is
  void reserve(std::uint64_t from, std::uint64_t count) { rows_.reserve(from, count); }

  [[nodiscard]] std::size_t row_bytes() const noexcept { return dimension_ * element_bytes(element_); }
  /// @param position  reserved before
  [[nodiscard]] std::byte* at(std::uint64_t position) const noexcept { return rows_.at(position); }
  [[nodiscard]] std::span<const std::byte> bytes_of(std::uint64_t position) const noexcept {
    return {rows_.at(position), row_bytes()};
  }
  /// @param into  f32[dimension]
  void read(std::uint64_t position, std::span<float> into) const noexcept { read_elements(element_, at(position), into); }
  /// Positions from `position` on that stand one after the other.
  [[nodiscard]] static std::uint64_t run(std::uint64_t position) noexcept { return BlockColumn<std::byte>::run(position); }

 private:
  ElementType element_;
  std::size_t dimension_;
  BlockColumn<std::byte> rows_;
};

}  // namespace millrace
