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
constexpr std::int64_t kSumMax = std::int64_t{1} << 29;

constexpr std::int32_t kQueryMax = 32'000;

int range_of(std::size_t dimension) noexcept {
  return std::int64_t{127} * 127 * static_cast<std::int64_t>(dimension) * 2 <= kSumMax ? 127 : 63;
}

int precision_of(std::size_t dimension, int range) noexcept {
  int precision = 1;
  while (precision < 7 && std::int64_t{range} * range * static_cast<std::int64_t>(dimension) << (precision + 1) <= kSumMax)
    ++precision;
  return precision;
}

std::int32_t rounded(float value, std::int32_t limit) noexcept {
  // Not lrint, which follows the rounding mode. Infinities stay inside, and so does what they make with zero.
  const auto most = static_cast<float>(limit);
  const float bounded = value > most ? most : value > -most ? value : -most;
  return static_cast<std::int32_t>(bounded < 0 ? bounded - 0.5F : bounded + 0.5F);
}

}  // namespace

CodeSpace::CodeSpace(Distance distance, std::vector<float> mean, float steps_per_unit)
    : distance_(distance),
      dimension_(mean.size()),
      stride_((dimension_ + sizeof(std::int32_t) + 63) / 64 * 64),
      is_l1_(distance == Distance::manhattan),
      range_(range_of(dimension_)),
      precision_(is_l1_ ? 0 : precision_of(dimension_, range_)),
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
  const std::int32_t term = distance_ == Distance::dot || is_l1_ ? 0 : squares << (precision_ - 1);
  std::memcpy(row + stride_ - sizeof(term), &term, sizeof(term));
  return clipped;
}

/// A query may lie far outside of what the scale was made for. Then all of it is made coarser, and the rows' terms with
/// it: they matter the less the farther away it is.
void CodeSpace::encode_query(const float* vector, EncodedQuery& into) const {
  into.values_.assign(stride_, 0);
  into.dimension_ = dimension_;
  into.term_shift_ = 0;
  float largest = 0;
  for (std::size_t d = 0; d < dimension_; ++d) largest = std::max(largest, std::fabs(vector[d] - mean_[d]));
  const auto most = std::min<std::int32_t>(kQueryMax, (range_ * 2) << precision_);
  float scale = steps_per_unit_ * static_cast<float>(1 << precision_);
  if (distance_ == Distance::dot) {
    // Only the order counts: any scale will do, so the finest.
    scale = std::min(static_cast<float>(range_ << precision_) / largest, std::numeric_limits<float>::max());
  } else if (!is_l1_) {
    while (into.term_shift_ < 30 && !(largest * scale <= static_cast<float>(most))) {
      ++into.term_shift_;
      scale /= 2;
    }
  }
  const auto limit = is_l1_ ? kQueryMax : most;
  for (std::size_t d = 0; d < dimension_; ++d)
    into.values_[d] = static_cast<std::int16_t>(rounded((vector[d] - mean_[d]) * scale, limit));
}

void CodeSpace::expand(const std::int8_t* row, std::int16_t* into) const noexcept {
  for (std::size_t d = 0; d < dimension_; ++d) into[d] = static_cast<std::int16_t>(row[d] * (1 << precision_));
}

}  // namespace millrace
