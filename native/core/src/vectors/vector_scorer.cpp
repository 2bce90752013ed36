#include "vectors/vector_scorer.h"

#include <cmath>

#include "millrace/normalize.h"

namespace millrace {
namespace {

template <typename Kernel>
Kernel kernel_of(Distance distance, Kernel dot, Kernel l2_squared, Kernel l1) noexcept {
  if (distance == Distance::euclid) return l2_squared;
  return distance == Distance::manhattan ? l1 : dot;
}

}  // namespace

VectorScorer::VectorScorer(const VectorSlot& slot, std::span<const float> query)
    : element_(slot.element),
      dimension_(slot.dimension),
      is_byte_cosine_(slot.element == ElementType::u8 && slot.distance == Distance::cosine),
      components_(query) {
  const auto& all = kernels();
  floats_ = kernel_of(slot.distance, all.dot, all.l2_squared, all.l1);
  halves_ = kernel_of(slot.distance, all.half_dot, all.half_l2_squared, all.half_l1);
  bytes_ = kernel_of(slot.distance, all.byte_dot, all.byte_l2_squared, all.byte_l1);
  if (element_ == ElementType::f32) return;
  std::vector<std::byte> stored(dimension_ * element_bytes(element_));
  store_elements(element_, query, stored.data());
  own_.resize(dimension_);
  read_elements(element_, stored.data(), own_);
  components_ = own_;
  if (element_ != ElementType::u8) return;
  const auto* const first = reinterpret_cast<const std::uint8_t*>(stored.data());
  byte_query_.assign(first, first + dimension_);
  byte_squares_ = all.byte_dot(first, first, dimension_);
  if (is_byte_cosine_) normalize(own_, square_sum_of(own_));
}

float VectorScorer::one(const std::byte* stored) const noexcept {
  switch (element_) {
    case ElementType::f32: return floats_.one(components_.data(), reinterpret_cast<const float*>(stored), dimension_);
    case ElementType::f16: return halves_.one(components_.data(), reinterpret_cast<const Half*>(stored), dimension_);
    case ElementType::u8: break;
  }
  return byte_value(reinterpret_cast<const std::uint8_t*>(stored));
}

void VectorScorer::four(const std::byte* const* stored, float* out) const noexcept {
  if (element_ == ElementType::f32) {
    const float* rows[4];
    for (int i = 0; i < 4; ++i) rows[i] = reinterpret_cast<const float*>(stored[i]);
    floats_.four(components_.data(), rows, dimension_, out);
  } else if (element_ == ElementType::f16) {
    const Half* rows[4];
    for (int i = 0; i < 4; ++i) rows[i] = reinterpret_cast<const Half*>(stored[i]);
    halves_.four(components_.data(), rows, dimension_, out);
  } else {
    for (int i = 0; i < 4; ++i) out[i] = byte_value(reinterpret_cast<const std::uint8_t*>(stored[i]));
  }
}

/// Vectors of bytes have no unit length, so a cosine divides by both lengths; beside a zero vector it is 0.
float VectorScorer::byte_value(const std::uint8_t* stored) const noexcept {
  const double sum = bytes_(byte_query_.data(), stored, dimension_);
  if (!is_byte_cosine_) return static_cast<float>(sum);
  const double squares = byte_squares_ * bytes_(stored, stored, dimension_);
  return squares == 0 ? 0.0F : static_cast<float>(sum / std::sqrt(squares));
}

}  // namespace millrace
