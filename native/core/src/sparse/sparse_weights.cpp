#include "sparse/sparse_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace millrace {
namespace {

/// Where codes of lists with weights below 0 are counted from.
constexpr float kOrigin = 128;
constexpr float kStepMin = std::numeric_limits<float>::min();

float largest_size(std::span<const float> weights) noexcept {
  float most = 0;
  for (const float weight : weights) most = std::max(most, std::fabs(weight));
  return most;
}

/// Puts what the code stands for in the place of the weight. @return how far that is
float settle(float& weight, float code, const WeightScale& scale) noexcept {
  const float given = weight;
  weight = (code - scale.origin) * scale.step;
  return std::fabs(weight - given);
}

}  // namespace

void SparseWeights::reserve(std::size_t entries) {
  if (type_ == ElementType::f16) halves_.reserve(entries);
  else if (type_ == ElementType::u8) bytes_.reserve(entries);
  else floats_.reserve(entries);
}

void SparseWeights::add(std::span<float> weights, float error) {
  if (type_ == ElementType::f16) return add_halves(weights, error);
  if (type_ == ElementType::u8) return add_bytes(weights, error);
  floats_.insert(floats_.end(), weights.begin(), weights.end());
}

/// The step is a power of two: what was rounded once stays as it is when lists are merged, unless it is tiny beside the
/// others there.
void SparseWeights::add_halves(std::span<float> weights, float error) {
  constexpr int kTopBit = 14;  // of the largest code, which is below 32,768, and up to 8 beside what it stands for
  WeightScale scale;
  const float most = std::max(largest_size(weights), error * (1U << (kTopBit - 3)));
  scale.step = most > 0 ? std::max(std::ldexp(1.0F, std::ilogb(most) - kTopBit), kStepMin) : kStepMin;
  for (float& weight : weights) {
    halves_.push_back(narrowed(weight / scale.step));
    scale.error = std::max(scale.error, settle(weight, widened(halves_.back()), scale));
  }
  add_scale(scale, error);
}

void SparseWeights::add_bytes(std::span<float> weights, float error) {
  const bool has_negatives = std::ranges::any_of(weights, [](float weight) { return weight < 0; });
  const float largest_code = has_negatives ? 127 : 255;
  WeightScale scale;
  scale.origin = has_negatives ? kOrigin : 0;
  scale.step = std::max({largest_size(weights) / largest_code, error, kStepMin});
  for (float& weight : weights) {
    const float code = std::min(std::nearbyint(weight / scale.step), largest_code) + scale.origin;
    bytes_.push_back(static_cast<std::uint8_t>(code));
    scale.error = std::max(scale.error, settle(weight, code, scale));
  }
  add_scale(scale, error);
}

void SparseWeights::add_scale(const WeightScale& scale, float error) {
  steps_.push_back(scale.origin > 0 ? -scale.step : scale.step);
  // A little more, for the roundings of this line and of the one that multiplies again.
  error_steps_ = std::max(error_steps_, (scale.error + error) / scale.step * (1 + 0x1p-20F));
}

WeightCodes SparseWeights::codes(std::uint32_t list, std::size_t begin) const noexcept {
  if (type_ == ElementType::f32) return {type_, floats_.data() + begin, {}};
  const float step = std::fabs(steps_[list]);
  const WeightScale scale{step, steps_[list] < 0 ? kOrigin : 0, error_steps_ * step};
  if (type_ == ElementType::f16) return {type_, halves_.data() + begin, scale};
  return {type_, bytes_.data() + begin, scale};
}

std::uint64_t SparseWeights::bytes() const noexcept {
  return floats_.capacity() * sizeof(float) + halves_.capacity() * sizeof(Half) + bytes_.capacity() +
         steps_.capacity() * sizeof(float);
}

}  // namespace millrace
