#include "codes/code_space.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace millrace {
namespace {

/// Of the components this share may lie outside of the scale: a few large ones must not make all others coarse.
constexpr double kClippedShare = 0.0005;

/// Keys are differences of sums that each stay below this, so that none overflows.
constexpr double kSumMax = double{1 << 30};

constexpr std::int32_t kCodeMax = 127;
/// The same for a query: it may be far finer than the rows, but beyond this nothing changes in the order.
constexpr float kTermScaleMax = 64;

int range_of(std::size_t dimension) noexcept {
  return double{kCodeMax} * kCodeMax * static_cast<double>(dimension) <= kSumMax ? kCodeMax : kCodeMax / 2;
}

std::int32_t rounded(float value, std::int32_t limit) noexcept {
  // Not lrint, which follows the rounding mode. Infinities stay inside, and so does what they make with zero.
  const auto most = static_cast<float>(limit);
  const float bounded = value > most ? most : value > -most ? value : -most;
  return static_cast<std::int32_t>(bounded < 0 ? bounded - 0.5F : bounded + 0.5F);
}

}  // namespace

std::size_t CodeSpace::row_bytes_for(std::size_t dimension) noexcept {
  return (dimension + sizeof(std::int32_t) + 63) / 64 * 64;
}

CodeSpace::CodeSpace(Distance distance, std::vector<float> mean, float steps_per_unit)
    : distance_(distance),
      dimension_(mean.size()),
      stride_(row_bytes_for(dimension_)),
      is_l1_(distance == Distance::manhattan),
      range_(range_of(dimension_)),
      steps_per_unit_(steps_per_unit),
      mean_(std::move(mean)) {}

CodeSpace::CodeSpace(Distance distance, std::size_t dimension, std::span<const float* const> sample)
    : CodeSpace(distance, std::vector<float>(dimension), 1) {
  if (distance != Distance::dot) {
    std::vector<double> sums(dimension);
    for (const float* const vector : sample)
      for (std::size_t d = 0; d < dimension; ++d) sums[d] += double{vector[d]};
    for (std::size_t d = 0; d < dimension; ++d)
      mean_[d] = static_cast<float>(sums[d] / static_cast<double>(sample.size()));
  }
  // Some two million components say enough about the whole.
  const std::size_t vectors = std::clamp<std::size_t>((2U << 20U) / dimension, 1, sample.size());
  std::vector<float> sizes;
  sizes.reserve(vectors * dimension);
  for (std::size_t i = 0; i < vectors; ++i) {
    const float* const vector = sample[i * sample.size() / vectors];
    for (std::size_t d = 0; d < dimension; ++d) sizes.push_back(std::fabs(vector[d] - mean_[d]));
  }
  const auto outside = static_cast<std::size_t>(static_cast<double>(sizes.size()) * kClippedShare);
  const auto at = sizes.end() - 1 - static_cast<std::ptrdiff_t>(outside);
  std::ranges::nth_element(sizes, at);
  float largest = *at;
  if (largest == 0) largest = *std::ranges::max_element(sizes);
  const float steps = static_cast<float>(range_) / largest;
  if (steps > 0 && std::isfinite(steps)) steps_per_unit_ = steps;
}

std::uint32_t CodeSpace::encode(const float* vector, std::int8_t* row) const noexcept {
  std::uint32_t clipped = 0;
  std::int32_t squares = 0;
  for (std::size_t d = 0; d < dimension_; ++d) {
    const float steps = (vector[d] - mean_[d]) * steps_per_unit_;
    clipped += static_cast<std::uint32_t>(std::fabs(steps) > static_cast<float>(range_) + 0.5F);
    const auto code = rounded(steps, range_);
    squares += code * code;
    row[d] = static_cast<std::int8_t>(code);
  }
  const std::int32_t term = distance_ == Distance::dot || is_l1_ ? 0 : squares;
  std::memcpy(row + stride_ - sizeof(term), &term, sizeof(term));
  return clipped;
}

/// A query's largest component takes the largest code: it is as fine as it can be, wherever it lies. Manhattan distances
/// keep the scale of the rows: beyond their range all rows are farther away by the same.
void CodeSpace::encode_query(const float* vector, EncodedQuery& into) const {
  into.values_.assign(stride_, 0);
  into.dimension_ = dimension_;
  into.term_scale_ = 0;
  float scale = steps_per_unit_;
  if (!is_l1_) {
    float largest = 0;
    for (std::size_t d = 0; d < dimension_; ++d) largest = std::max(largest, std::fabs(vector[d] - mean_[d]));
    scale = std::min(static_cast<float>(kCodeMax) / largest, std::numeric_limits<float>::max());
    if (distance_ != Distance::dot) {
      const auto terms = static_cast<double>(range_) * range_ * static_cast<double>(dimension_);
      const auto most = std::min(kTermScaleMax, static_cast<float>(kSumMax / terms));
      scale = std::min(scale, 2 * most * steps_per_unit_);
      into.term_scale_ = scale / steps_per_unit_ / 2;
    }
  }
  for (std::size_t d = 0; d < dimension_; ++d)
    into.values_[d] = static_cast<std::int8_t>(rounded((vector[d] - mean_[d]) * scale, kCodeMax));
}

/// What the mean adds to the sum is the same for all rows.
void CodeSpace::encode_weights(std::span<const float> weights, EncodedQuery& into) const {
  into.values_.assign(stride_, 0);
  into.dimension_ = dimension_;
  into.term_scale_ = 0;
  float largest = 0;
  for (const float weight : weights) largest = std::max(largest, std::fabs(weight));
  const auto scale = std::min(static_cast<float>(kCodeMax) / largest, std::numeric_limits<float>::max());
  for (std::size_t d = 0; d < dimension_; ++d)
    into.values_[d] = static_cast<std::int8_t>(rounded(weights[d] * scale, kCodeMax));
}

void CodeSpace::copy_codes(const std::int8_t* row, std::int8_t* into) const noexcept {
  std::memcpy(into, row, dimension_);
  std::memset(into + dimension_, 0, stride_ - dimension_);
}

std::int32_t CodeSpace::own_term(const std::int8_t* row) const noexcept {
  std::int32_t term = 0;
  std::memcpy(&term, row + stride_ - sizeof(term), sizeof(term));
  return static_cast<std::int32_t>(std::nearbyint(static_cast<float>(term) * kOwnTermScale));
}

}  // namespace millrace
