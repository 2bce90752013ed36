#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codes/code_space.h"
#include "millrace/code_kernels.h"

namespace millrace {

/// A query for sketches, ready for the kernels.
class EncodedSketchQuery {
 public:
  [[nodiscard]] SketchQuery view() const noexcept { return {low_.data(), high_.data(), bytes_, term_scale_}; }

 private:
  friend class SketchSpace;
  std::vector<std::int8_t> low_;
  std::vector<std::int8_t> high_;
  std::size_t bytes_ = 0;
  float term_scale_ = 0;
};

/// How rows of int8 codes become sketches with four bits for each component: of half the length, so that a walk waits for
/// half the memory. Each component has a scale of its own. Sketches lead a walk to candidates; their codes order them.
///
///     row:  u8[⌈dimension / 2⌉]  (nothing)  i32 term       in all a multiple of 64 bytes
///
/// Byte i holds component i and, above it, component ⌈dimension / 2⌉ + i. With the row's codes x and what their sketch
/// stands for, x + e, cosine and euclid have the term Σ x² + 2xe: so the error of a query q in the key is only that of
/// (q - x)·e, which is small where the query is near. dot has none.
class SketchSpace {
 public:
  /// Learns the scales.
  /// @param rows  of `space`, whose distance is not manhattan; at least one
  /// @throws std::bad_alloc
  SketchSpace(const CodeSpace& space, CodeRows rows, std::size_t count);

  [[nodiscard]] std::size_t row_bytes() const noexcept { return stride_; }

  /// @param codes  of a row, with its term
  /// @param row    row_bytes() of zeroes
  void encode(const std::int8_t* codes, std::uint8_t* row) const noexcept;

  /// @throws std::bad_alloc
  void encode_query(const CodeQuery& query, EncodedSketchQuery& into) const;

  /// Whether sketches find what codes find among these rows: the self-test by which a graph decides for them.
  /// @throws std::bad_alloc
  [[nodiscard]] bool orders_like_codes(const CodeSpace& space, CodeRows rows, std::size_t count) const;

  /// Whether sketches of this space can be of use at all.
  [[nodiscard]] static bool fits(const CodeSpace& space) noexcept;

 private:
  std::size_t dimension_;
  std::size_t half_;  ///< bytes that hold components
  std::size_t stride_;
  bool has_term_;
  std::vector<float> steps_;   ///< [dimension] of codes between two sketches
  std::vector<float> offset_;  ///< [dimension] the code that sketch 0 stands for
};

}  // namespace millrace
