#include "codes/multi_encoding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "millrace/normalize.h"

namespace millrace {
namespace {

/// Rows of codes and sketches that end with a cache line: 1024 + 512 bytes, 512 + 256, and for very long vectors, of which
/// anchors take much memory themselves, 128 + 64.
constexpr std::size_t kAnchors = 1016;
constexpr std::size_t kAnchorsOfShort = 504;
constexpr std::size_t kAnchorsOfVeryLong = 120;
constexpr std::size_t kShort = 32;
constexpr std::size_t kVeryLong = 8192;

constexpr std::size_t kSampleOfAnchor = 16;
/// Components of the sample, so that anchors are learned in half a second.
constexpr std::size_t kSampleComponents = std::size_t{4} << 20U;
constexpr int kRounds = 2;
/// Anchors that tell of a query's vector.
constexpr std::size_t kTelling = 8;
/// Sums of what lies in these bounds do not overflow.
constexpr float kNearMax = 1e30F;

MetricKernel kernel_of(Distance distance) noexcept {
  if (distance == Distance::euclid) return kernels().l2_squared;
  return distance == Distance::manhattan ? kernels().l1 : kernels().dot;
}

bool is_similarity(Distance distance) noexcept { return distance == Distance::cosine || distance == Distance::dot; }

float within_bounds(float near) noexcept {
  return near > kNearMax ? kNearMax : near > -kNearMax ? near : -kNearMax;  // what is not a number is as far as can be
}

}  // namespace

std::size_t MultiEncoding::anchors_for(std::size_t dimension) noexcept {
  if (dimension > kVeryLong) return kAnchorsOfVeryLong;
  return dimension <= kShort ? kAnchorsOfShort : kAnchors;
}

std::size_t MultiEncoding::sample_for(std::size_t dimension) noexcept {
  const auto anchors = anchors_for(dimension);
  return std::clamp(kSampleComponents / dimension, 4 * anchors, kSampleOfAnchor * anchors);
}

MultiEncoding::MultiEncoding(Distance distance, std::size_t dimension, std::vector<float> anchors)
    : distance_(distance), dimension_(dimension), kernel_(kernel_of(distance)), anchors_(std::move(anchors)) {}

/// Some rounds of k-means. Where the sample is smaller than the anchors are many, the others are one of it, moved by what
/// lies between two.
MultiEncoding MultiEncoding::learned(Distance distance, std::size_t dimension, std::span<const float* const> sample) {
  const auto count = anchors_for(dimension);
  // Similarities to unit vectors say where a vector points, however long it is.
  const bool is_unit = is_similarity(distance);
  std::vector<float> anchors(count * dimension);
  const auto anchor = [&](std::size_t at) { return std::span(anchors).subspan(at * dimension, dimension); };
  for (std::size_t at = 0; at < count; ++at) {
    const auto into = anchor(at);
    if (sample.size() >= count) {
      std::copy_n(sample[at * sample.size() / count], dimension, into.begin());
    } else {
      const float* const one = sample[at % sample.size()];
      const float* const from = sample[at * 7 / 3 % sample.size()];
      const float* const to = sample[at * 13 / 5 % sample.size()];
      const float share = at < sample.size() ? 0.0F : 0.5F;
      for (std::size_t d = 0; d < dimension; ++d) into[d] = within_bounds(one[d] + share * (to[d] - from[d]));
    }
    if (is_unit) normalize(into, square_sum_of(into));
  }
  if (sample.size() < 2 * count) return {distance, dimension, std::move(anchors)};
  std::vector<float> nearness(count);
  std::vector<double> sums(count * dimension);
  std::vector<std::uint32_t> members(count);
  for (int round = 0; round < kRounds; ++round) {
    const MultiEncoding before(distance, dimension, anchors);
    std::ranges::fill(sums, 0.0);
    std::ranges::fill(members, 0U);
    for (const float* const vector : sample) {
      before.near(vector, nearness);
      const auto at = static_cast<std::size_t>(std::ranges::max_element(nearness) - nearness.begin());
      ++members[at];
      for (std::size_t d = 0; d < dimension; ++d) sums[at * dimension + d] += double{vector[d]};
    }
    for (std::size_t at = 0; at < count; ++at) {
      if (members[at] == 0) continue;
      const auto into = anchor(at);
      for (std::size_t d = 0; d < dimension; ++d) into[d] = static_cast<float>(sums[at * dimension + d] / members[at]);
      if (is_unit) normalize(into, square_sum_of(into));
    }
  }
  return {distance, dimension, std::move(anchors)};
}

void MultiEncoding::near(const float* vector, std::span<float> into) const noexcept {
  const float sign = is_similarity(distance_) ? 1.0F : -1.0F;
  const float* anchor = anchors_.data();
  for (std::size_t at = 0; at < into.size(); at += 4) {
    const float* rows[4];
    for (auto& row : rows) {
      row = anchor;
      anchor += dimension_;
    }
    float values[4];
    kernel_.four(vector, rows, dimension_, values);
    for (std::size_t i = 0; i < 4; ++i) into[at + i] = within_bounds(sign * values[i]);
  }
}

void MultiEncoding::encode(std::span<const float> vectors, std::span<float> into) const noexcept {
  const float sign = is_similarity(distance_) ? 1.0F : -1.0F;
  const auto count = vectors.size() / dimension_;
  const float* anchor = anchors_.data();
  for (std::size_t at = 0; at < into.size(); ++at, anchor += dimension_) {
    // Four vectors at a time, of which the last ones are taken twice when fewer are left.
    float best = -kNearMax;
    for (std::size_t first = 0; first < count; first += 4) {
      const float* rows[4];
      for (std::size_t i = 0; i < 4; ++i) rows[i] = vectors.data() + std::min(first + i, count - 1) * dimension_;
      float values[4];
      kernel_.four(anchor, rows, dimension_, values);
      for (const auto value : values) best = std::max(best, within_bounds(sign * value));
    }
    into[at] = best;
  }
}

/// The weight of an anchor falls to zero where the next one begins that does not count: by differences alone, and so it
/// does not matter in what units nearness is measured.
void MultiEncoding::add_query(std::span<const float> vector, std::span<float> into, std::span<float> scratch) const noexcept {
  near(vector.data(), scratch);
  std::array<std::pair<float, std::size_t>, kTelling + 1> nearest;
  nearest.fill({-2 * kNearMax, 0});
  for (std::size_t at = 0; at < scratch.size(); ++at) {
    if (scratch[at] <= nearest.back().first) continue;
    auto place = nearest.size() - 1;
    for (; place > 0 && nearest[place - 1].first < scratch[at]; --place) nearest[place] = nearest[place - 1];
    nearest[place] = {scratch[at], at};
  }
  const double last = double{nearest.back().first};
  double sum = 0;
  for (std::size_t i = 0; i < kTelling; ++i) sum += double{nearest[i].first} - last;
  const bool is_scaled = distance_ == Distance::dot;
  const double length = is_scaled ? std::sqrt(square_sum_of(vector)) : 1;
  for (std::size_t i = 0; i < kTelling; ++i) {
    // All are as near: one is as good as another.
    const double share = sum > 0 ? (double{nearest[i].first} - last) / sum : 1.0 / kTelling;
    into[nearest[i].second] += static_cast<float>(length * share);
  }
}

}  // namespace millrace
