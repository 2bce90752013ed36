#include "codes/sketch_space.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/memory.h"

namespace millrace {
namespace {

constexpr float kSketchMax = 15;
/// Of the standard deviation: sixteen even steps of this size lose least of a normally distributed component.
constexpr double kStepShare = 0.335;
constexpr float kValueMax = 127;

constexpr std::size_t stride_for(std::size_t dimension) noexcept {
  return ((dimension + 1) / 2 + sizeof(std::int32_t) + 63) / 64 * 64;
}

}  // namespace

bool SketchSpace::fits(const CodeSpace& space) noexcept {
  return space.distance() != Distance::manhattan && stride_for(space.dimension()) < space.row_bytes();
}

SketchSpace::SketchSpace(const CodeSpace& space, CodeRows rows, std::size_t count)
    : dimension_(space.dimension()),
      half_((dimension_ + 1) / 2),
      stride_(stride_for(dimension_)),
      has_term_(space.distance() != Distance::dot),
      steps_(dimension_),
      offset_(dimension_) {
  std::vector<double> sums(dimension_);
  std::vector<double> squares(dimension_);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* const row = rows.row(static_cast<std::uint32_t>(i));
    for (std::size_t d = 0; d < dimension_; ++d) {
      const std::int32_t code = row[d];
      sums[d] += code;
      squares[d] += code * code;
    }
  }
  for (std::size_t d = 0; d < dimension_; ++d) {
    const auto mean = sums[d] / static_cast<double>(count);
    const auto variance = std::max(0.0, squares[d] / static_cast<double>(count) - mean * mean);
    // Nothing is finer than the codes.
    steps_[d] = static_cast<float>(std::max(1.0, kStepShare * std::sqrt(variance)));
    offset_[d] = static_cast<float>(mean) - steps_[d] * kSketchMax / 2;
  }
}

void SketchSpace::encode(const std::int8_t* codes, std::uint8_t* row) const noexcept {
  double term = 0;
  const auto sketch = [&](std::size_t d) {
    const auto code = static_cast<float>(codes[d]);
    const auto nearest = std::floor((code - offset_[d]) / steps_[d] + 0.5F);
    const auto value = std::clamp(nearest, 0.0F, kSketchMax);
    term += double{code} * double{2 * (offset_[d] + steps_[d] * value) - code};
    return static_cast<unsigned>(value);
  };
  for (std::size_t i = 0; i < half_; ++i) {
    const auto low = sketch(i);
    const auto high = half_ + i < dimension_ ? sketch(half_ + i) : 0U;
    row[i] = static_cast<std::uint8_t>(low | high << 4U);
  }
  const auto rounded = has_term_ ? static_cast<std::int32_t>(std::nearbyint(term)) : 0;
  std::memcpy(row + stride_ - sizeof(rounded), &rounded, sizeof(rounded));
}

/// With x + e = offset + step · sketch, the products of query and offset are the same for all rows, and left out.
void SketchSpace::encode_query(const CodeQuery& query, EncodedSketchQuery& into) const {
  into.low_.assign(stride_, 0);
  into.high_.assign(stride_, 0);
  into.bytes_ = half_;
  float largest = kValueMax;
  for (std::size_t d = 0; d < dimension_; ++d)
    largest = std::max(largest, std::fabs(static_cast<float>(query.values[d]) * steps_[d]));
  // Never more than 1: keys stay within the bounds that those of codes have.
  const auto scale = kValueMax / largest;
  into.term_scale_ = query.term_scale * scale;
  for (std::size_t d = 0; d < dimension_; ++d) {
    const auto value = static_cast<std::int8_t>(std::nearbyint(static_cast<float>(query.values[d]) * steps_[d] * scale));
    (d < half_ ? into.low_[d] : into.high_[d - half_]) = value;
  }
}

bool SketchSpace::orders_like_codes(const CodeSpace& space, CodeRows rows, std::size_t count) const {
  constexpr std::size_t kRowsMax = 4096;
  constexpr std::size_t kQueries = 48;
  constexpr std::size_t kTop = 10;
  // Walks look at more than that by codes: LiveGraph::rank_by_codes.
  constexpr std::size_t kAmong = 5 * kTop;
  constexpr double kFoundMin = 0.99;
  const auto looked_at = std::min(count, kRowsMax);
  if (looked_at < 4 * kAmong) return true;
  std::vector<std::uint32_t> ids(looked_at);
  for (std::size_t i = 0; i < looked_at; ++i) ids[i] = static_cast<std::uint32_t>(i * count / looked_at);
  const auto sketches = Block::allocate(count * stride_);
  auto* const first = reinterpret_cast<std::uint8_t*>(sketches.data());
  for (const auto id : ids) encode(rows.row(id), first + id * stride_);
  const auto nearest = [&](const std::vector<std::int32_t>& keys, std::size_t most) {
    std::vector<std::uint32_t> place(looked_at);
    for (std::size_t i = 0; i < looked_at; ++i) place[i] = static_cast<std::uint32_t>(i);
    std::ranges::nth_element(place, place.begin() + static_cast<std::ptrdiff_t>(most - 1), {},
                             [&](auto at) { return std::pair(keys[at], at); });
    place.resize(most);
    std::ranges::sort(place);
    return place;
  };
  std::vector<std::int8_t> own(space.row_bytes());
  EncodedSketchQuery encoded;
  std::vector<std::int32_t> keys(looked_at);
  std::size_t found = 0;
  for (std::size_t q = 0; q < kQueries; ++q) {
    space.copy_codes(rows.row(ids[q * looked_at / kQueries]), own.data());
    const auto query = space.copied(own.data());
    space.keys()(query, rows, ids.data(), looked_at, keys.data());
    const auto wanted = nearest(keys, kTop);
    encode_query(query, encoded);
    code_kernels().sketch_dot(encoded.view(), {first, stride_}, ids.data(), looked_at, keys.data());
    const auto seen = nearest(keys, kAmong);
    for (const auto place : wanted) found += std::ranges::binary_search(seen, place) ? 1U : 0U;
  }
  return static_cast<double>(found) >= kFoundMin * static_cast<double>(kQueries * kTop);
}

}  // namespace millrace
