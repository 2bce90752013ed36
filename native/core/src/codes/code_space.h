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
  [[nodiscard]] CodeQuery view() const noexcept { return {values_.data(), dimension_, term_scale_}; }

 private:
  friend class CodeSpace;
  std::vector<std::int8_t> values_;
  std::size_t dimension_ = 0;
  float term_scale_ = 0;
};

/// How the vectors of one column become int8 codes: one scale for all of them, around their mean. Codes order candidates;
/// what a search answers is scored on the vectors themselves.
///
///     row:  i8[dimension]  (nothing)  i32 term       in all a multiple of 64 bytes
///
/// cosine, euclid   term = Σ code²: its half less Σ query·code is half of the squared distance, less what is the same for
///                  all rows. A query has a scale of its own, and says what a term is worth in it.
/// dot              no mean, term 0; manhattan: term 0, the query on the scale of the codes
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
  [[nodiscard]] static std::size_t row_bytes_for(std::size_t dimension) noexcept;
  [[nodiscard]] CodeKernels::Keys keys() const noexcept { return is_l1_ ? code_kernels().l1 : code_kernels().dot; }

  /// @param row  row_bytes() of zeroes
  /// @return     components that did not fit into the scale
  std::uint32_t encode(const float* vector, std::int8_t* row) const noexcept;

  /// @throws std::bad_alloc
  void encode_query(const float* vector, EncodedQuery& into) const;

  /// A query whose keys order rows by the sum of weight · component, largest first, whatever the distance; not for manhattan.
  /// @param weights  f32[dimension]
  /// @throws std::bad_alloc
  void encode_weights(std::span<const float> weights, EncodedQuery& into) const;

  /// The row itself as a query: its keys are symmetric but for both rows' terms.
  /// @param into  i8[row_bytes()]
  void copy_codes(const std::int8_t* row, std::int8_t* into) const noexcept;
  [[nodiscard]] CodeQuery copied(const std::int8_t* codes) const noexcept { return {codes, dimension_, kOwnTermScale}; }
  /// What a row's own term counts in the keys of others that are seen from it.
  [[nodiscard]] std::int32_t own_term(const std::int8_t* row) const noexcept;

 private:
  static constexpr float kOwnTermScale = 0.5F;

  Distance distance_;
  std::size_t dimension_;
  std::size_t stride_;
  bool is_l1_;
  int range_;  ///< the largest code
  float steps_per_unit_ = 1;
  std::vector<float> mean_;
};

}  // namespace millrace
