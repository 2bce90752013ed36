#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "millrace/code_kernels.h"
#include "millrace/schema.h"

namespace millrace {

/// A query in codes, ready for the kernels.
class EncodedQuery {
 public:
  [[nodiscard]] CodeQuery view() const noexcept { return {values_.data(), dimension_, term_shift_}; }

 private:
  friend class CodeSpace;
  std::vector<std::int16_t> values_;
  std::size_t dimension_ = 0;
  int term_shift_ = 0;
};

/// How the vectors of one column become int8 codes: one scale for all of them, around their mean. Codes order candidates;
/// what a search answers is scored on the vectors themselves.
///
///     row:  i8[dimension]  (nothing)  i32 term       in all a multiple of 64 bytes
///
/// cosine, euclid   term = Σ code² · 2^(precision - 1): then term - Σ query·code, with the query 2^precision times as fine
///                  as codes are, is half of the squared distance less what is the same for all rows
/// dot              no mean, term 0; manhattan: term 0, the query as fine as the codes
class CodeSpace {
 public:
  /// Learns mean and scale.
  /// @param sample  pointers to f32[dimension], finite; at least one
  /// @throws std::bad_alloc
  CodeSpace(Distance distance, std::size_t dimension, std::span<const float* const> sample);

  /// With mean and scale that another one learned.
  CodeSpace(Distance distance, std::vector<float> mean, float steps_per_unit);

  [[nodiscard]] std::size_t dimension() const noexcept { return dimension_; }
  [[nodiscard]] Distance distance() const noexcept { return distance_; }
  [[nodiscard]] const std::vector<float>& mean() const noexcept { return mean_; }
  [[nodiscard]] float steps_per_unit() const noexcept { return steps_per_unit_; }
  [[nodiscard]] std::size_t row_bytes() const noexcept { return stride_; }
  [[nodiscard]] CodeKernels::Keys keys() const noexcept { return is_l1_ ? code_kernels().l1 : code_kernels().dot; }

  /// @param row  row_bytes() of zeroes
  /// @return     components that did not fit into the scale
  std::uint32_t encode(const float* vector, std::int8_t* row) const noexcept;

  /// @throws std::bad_alloc
  void encode_query(const float* vector, EncodedQuery& into) const;

  /// The row itself as a query: its keys are symmetric but for both rows' terms.
  /// @param into  i16[row_bytes()], zero from the dimension on
  void expand(const std::int8_t* row, std::int16_t* into) const noexcept;
  [[nodiscard]] CodeQuery expanded(const std::int16_t* values) const noexcept { return {values, dimension_, 0}; }

 private:
  Distance distance_;
  std::size_t dimension_;
  std::size_t stride_;
  bool is_l1_;
  int range_;      ///< the largest code
  int precision_;  ///< a query's values are 2^precision times as fine as codes
  float steps_per_unit_ = 1;
  std::vector<float> mean_;
};

}  // namespace millrace
