#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "sparse/sparse_segment.h"

namespace millrace {

class SparseVectors;

/// What a search sees of an index. Positions from `covered` on are in no segment.
struct SparseIndexView {
  std::vector<std::shared_ptr<const SparseSegment>> segments;
  std::uint32_t covered = 0;
};

/// The segments over a column of sparse vectors. A cache: nothing that the shard stores depends on it. New vectors are
/// found by being looked at until there are enough of them for a segment; four segments of a size become one of four times
/// the size, so that each vector is moved few times and there are few segments.
class SparseIndex {
 public:
  /// @param weights  what it keeps of them
  explicit SparseIndex(ElementType weights) noexcept : weights_(weights) {}

  /// @return never null. A reader asks for it before it takes the snapshot that it reads: what the index leaves out was
  ///         gone when the index was made.
  [[nodiscard]] std::shared_ptr<const SparseIndexView> view() const;

  /// Takes over positions up to `count`. By the one writer.
  /// @param test  of the state that readers see from now on
  /// @throws std::bad_alloc; the index is as it was
  void cover(const SparseVectors& vectors, std::uint32_t count, const PositionTest& test);

  [[nodiscard]] std::uint64_t bytes() const;

 private:
  static bool merge(SparseIndexView& next, const PositionTest& test);
  void tidy(SparseIndexView& next, const PositionTest& test);

  const ElementType weights_;
  mutable std::mutex mutex_;  ///< of view_
  std::shared_ptr<const SparseIndexView> view_ = std::make_shared<const SparseIndexView>();
  std::size_t tidied_ = 0;  ///< the segment that was looked at last
};

}  // namespace millrace
