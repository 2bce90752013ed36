#include "quantization/scalar_codebook.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "millrace/quantization_kernels.h"

namespace millrace {
namespace {

constexpr double kCodeMax = 127;
/// Vectors that the scale is learned from, as in the reference.
constexpr std::size_t kSampleMax = 5'000;
/// Below so many vectors there is nothing to leave out.
constexpr std::size_t kQuantileMin = 127;
/// Values of a query lie within ± this, if their sums allow.
constexpr double kQueryMax = 8'191;
/// The steps of a query's values for each step of the codes, where differences are summed: quantization_kernels.h.
constexpr double kFineSteps = 64;

/// Rounded, ties away from zero, and kept within ± limit. What is no number is 0.
std::int32_t rounded(double value, double limit) noexcept {
  const double bounded = value > limit ? limit : value < -limit ? -limit : value;
  if (!(bounded == bounded)) return 0;
  return static_cast<std::int32_t>(bounded < 0 ? bounded - 0.5 : bounded + 0.5);
}

std::int32_t square_sum_of(const std::byte* row, std::size_t padded) noexcept {
  std::int32_t sum = 0;
  std::memcpy(&sum, row + padded, sizeof(sum));
  return sum;
}

/// Rows that are scored at a time.
constexpr std::size_t kBatch = 64;

}  // namespace

ScalarCodebook::ScalarCodebook(float quantile, Distance distance, std::size_t dimension,
                               std::span<const float* const> sample)
    : distance_(distance), dimension_(dimension), padded_((dimension + 15) / 16 * 16) {
  const auto vectors = std::min(sample.size(), kSampleMax);
  std::vector<float> components;
  components.reserve(vectors * dimension);
  for (std::size_t i = 0; i < vectors; ++i) {
    const float* const vector = sample[i * sample.size() / vectors];
    for (std::size_t d = 0; d < dimension; ++d)
      if (std::isfinite(vector[d])) components.push_back(vector[d]);
  }
  if (components.empty()) components.push_back(0);
  const auto left_out = [&]() -> std::size_t {
    if (quantile >= 1 || vectors < kQuantileMin) return 0;
    const auto share = static_cast<std::size_t>(static_cast<double>(vectors) * (1 - double{quantile}) / 2);
    return std::max<std::size_t>(1, std::min((components.size() - 1) / 2, share));
  }();
  const auto first = components.begin() + static_cast<std::ptrdiff_t>(left_out);
  const auto last = components.end() - 1 - static_cast<std::ptrdiff_t>(left_out);
  std::ranges::nth_element(components, first);
  const double lowest = *first;
  std::ranges::nth_element(components, last);
  const double highest = *last;
  centre_ = (lowest + highest) / 2;
  step_ = (highest - lowest) / (2 * kCodeMax);
  // All components are alike: the codes are 0, and the centre is what they are.
  if (!(step_ > 0)) step_ = 1;
}

void ScalarCodebook::encode(const float* vector, std::byte* row) const noexcept {
  const double steps_per_unit = 1 / step_;
  std::int32_t square_sum = 0;
  // Without branches, so that it is done for several at once. What is no number is the smallest.
  for (std::size_t d = 0; d < dimension_; ++d) {
    const double steps = (double{vector[d]} - centre_) * steps_per_unit;
    const double above = steps < kCodeMax ? steps : kCodeMax;
    const double bounded = steps > -kCodeMax ? above : -kCodeMax;
    const auto code = static_cast<std::int32_t>(bounded + (kCodeMax + 0.5)) - static_cast<std::int32_t>(kCodeMax);
    square_sum += code * code;
    row[d] = static_cast<std::byte>(code);
  }
  std::memcpy(row + padded_, &square_sum, sizeof(square_sum));
}

void ScalarCodebook::decode(const std::byte* row, float* vector) const noexcept {
  for (std::size_t d = 0; d < dimension_; ++d)
    vector[d] = static_cast<float>(centre_ + step_ * double{static_cast<float>(static_cast<std::int8_t>(row[d]))});
}

/// Inner products, and squared distances made of them.
class ScalarCodebook::Product final : public QueryScorer {
 public:
  Product(const ScalarCodebook& book, const float* query) : padded_(book.padded_), values_(book.padded_) {
    const bool is_distance = book.distance_ == Distance::euclid;
    const double centre = is_distance ? book.centre_ : 0;
    double largest = 0;
    double sum = 0;
    double square_sum = 0;
    for (std::size_t d = 0; d < book.dimension_; ++d) {
      const double value = double{query[d]} - centre;
      largest = std::max(largest, std::fabs(value));
      sum += value;
      square_sum += value * value;
    }
    // So that no sum of products with codes leaves 32 bits.
    const double limit = std::min(kQueryMax, std::floor(double{std::numeric_limits<std::int32_t>::max()} /
                                                        (kCodeMax * static_cast<double>(padded_))));
    const double unit = largest > 0 ? largest / limit : 1;
    for (std::size_t d = 0; d < book.dimension_; ++d)
      values_[d] = static_cast<std::int16_t>(rounded((double{query[d]} - centre) / unit, limit));
    constant_ = is_distance ? square_sum : book.centre_ * sum;
    product_scale_ = (is_distance ? -2 : 1) * book.step_ * unit;
    square_scale_ = is_distance ? book.step_ * book.step_ : 0;
    least_ = is_distance ? 0 : -std::numeric_limits<double>::infinity();
  }

  void score(const std::byte* const* rows, std::size_t count, float* values) const noexcept override {
    std::int32_t sums[kBatch];
    for (std::size_t from = 0; from < count; from += kBatch) {
      const auto batch = std::min(kBatch, count - from);
      quantization_kernels().byte_dot(values_.data(), rows + from, batch, padded_, sums);
      for (std::size_t i = 0; i < batch; ++i)
        values[from + i] = static_cast<float>(
            std::max(least_, constant_ + product_scale_ * sums[i] + square_scale_ * square_sum_of(rows[from + i], padded_)));
    }
  }

 private:
  std::size_t padded_;
  std::vector<std::int16_t> values_;
  double constant_ = 0;
  double product_scale_ = 0;
  double square_scale_ = 0;
  double least_ = 0;
};

/// Sums of absolute differences.
class ScalarCodebook::Difference final : public QueryScorer {
 public:
  Difference(const ScalarCodebook& book, const float* query)
      : padded_(book.padded_), unit_(book.step_ / kFineSteps), values_(book.padded_) {
    for (std::size_t d = 0; d < book.dimension_; ++d) {
      const double value = (double{query[d]} - book.centre_) / unit_;
      values_[d] = static_cast<std::int16_t>(rounded(value, kFineSteps * kCodeMax));
      // Beyond every code the difference grows as the value does, whatever the code is.
      beyond_ += std::max(0.0, std::fabs(value) - kFineSteps * kCodeMax);
    }
  }

  void score(const std::byte* const* rows, std::size_t count, float* values) const noexcept override {
    std::int32_t sums[kBatch];
    for (std::size_t from = 0; from < count; from += kBatch) {
      const auto batch = std::min(kBatch, count - from);
      quantization_kernels().byte_l1(values_.data(), rows + from, batch, padded_, sums);
      for (std::size_t i = 0; i < batch; ++i) values[from + i] = static_cast<float>(unit_ * (sums[i] + beyond_));
    }
  }

 private:
  std::size_t padded_;
  double unit_;
  double beyond_ = 0;
  std::vector<std::int16_t> values_;
};

std::unique_ptr<QueryScorer> ScalarCodebook::scorer(const float* query) const {
  if (distance_ == Distance::manhattan) return std::make_unique<Difference>(*this, query);
  return std::make_unique<Product>(*this, query);
}

}  // namespace millrace
