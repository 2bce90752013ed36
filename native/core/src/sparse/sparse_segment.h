#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sparse/sparse_weights.h"

namespace millrace {

class SparseVectors;

/// Says which positions of a column somebody may still find.
class PositionTest {
 public:
  virtual ~PositionTest() = default;
  [[nodiscard]] virtual bool is_live(std::uint32_t position) const noexcept = 0;
};

/// An inverted index of up to 65,536 vectors, which never changes. They are numbered as documents from 0, and 64 of them in
/// a row are a block. For lists that are long enough it is kept how large and how small the weights in each block are, so
/// that a search can tell what a block cannot reach. Weights may be rounded to save memory; all that is told of them is of
/// the rounded ones, and each list says how far these are from the given ones.
class SparseSegment {
 public:
  static constexpr std::uint32_t kDocumentsMax = 1U << 16U;
  static constexpr std::uint32_t kBlock = 64;

  /// The documents that have an index, rising, and what they have there.
  struct List {
    std::span<const std::uint16_t> documents;
    WeightCodes weights;
    const std::uint32_t* ends = nullptr;  ///< of a long list: u32[blocks + 1], which entries a block has; else null
    const float* largest = nullptr;       ///< of a long list: f32[blocks], of each block and 0
    const float* smallest = nullptr;      ///< the same; null when no weight is below 0
    float most = 0;                       ///< the largest of all and 0
    float least = 0;                      ///< the smallest of all and 0
  };

  /// Of the vectors at positions [first, first + count) it takes the live ones.
  /// @param count   at most kDocumentsMax
  /// @param weights what they are rounded to
  /// @throws std::bad_alloc
  [[nodiscard]] static std::shared_ptr<const SparseSegment> of_vectors(const SparseVectors& vectors, std::uint32_t first,
                                                                       std::uint32_t count, ElementType weights,
                                                                       const PositionTest& test);

  /// One segment of the live documents of several, in their order.
  /// @param parts  at least one, of together at most kDocumentsMax documents and with weights of one type
  /// @throws std::bad_alloc
  [[nodiscard]] static std::shared_ptr<const SparseSegment> merged(
      std::span<const std::shared_ptr<const SparseSegment>> parts, const PositionTest& test);

  [[nodiscard]] std::uint32_t documents() const noexcept { return static_cast<std::uint32_t>(positions_.size()); }
  [[nodiscard]] std::uint32_t blocks() const noexcept { return (documents() + kBlock - 1) / kBlock; }
  [[nodiscard]] std::span<const std::uint32_t> positions() const noexcept { return positions_; }
  [[nodiscard]] ElementType weight_type() const noexcept { return weights_.type(); }
  /// @return an empty list when no document has the index
  [[nodiscard]] List list_of(std::uint32_t index) const noexcept;
  [[nodiscard]] std::uint64_t bytes() const noexcept;

 private:
  class Builder;

  void finish();
  void measure(std::uint32_t list);
  void describe(std::uint32_t list);
  [[nodiscard]] WeightCodes weights_of(std::uint32_t list) const noexcept { return weights_.codes(list, starts_[list]); }
  void fill_table();

  std::vector<std::uint32_t> positions_;  ///< by document
  std::vector<std::uint32_t> indices_;    ///< rising
  std::vector<std::uint32_t> starts_;     ///< by place in indices_, one more: where its entries begin
  std::vector<std::uint16_t> documents_;
  SparseWeights weights_;
  std::vector<float> most_;               ///< by place in indices_
  std::vector<float> least_;              ///< the same when has_negatives_
  std::vector<std::uint32_t> table_;      ///< by hash: place in indices_ + 1, or 0
  std::vector<std::uint32_t> long_of_;    ///< by place in indices_: number among the long lists + 1, or 0
  std::vector<std::uint32_t> ends_;       ///< of long lists
  std::vector<float> largest_;            ///< of long lists
  std::vector<float> smallest_;           ///< of long lists when has_negatives_
  bool has_negatives_ = false;
};

}  // namespace millrace
