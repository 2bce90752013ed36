#pragma once

#include <cstddef>
#include <span>

#include "millrace/record_layout.generated.h"

namespace millrace {

/// What the components of a stored vector are: f32, f16 (IEEE 754 binary16) or u8.
using ElementType = layout::VectorEncoding;

[[nodiscard]] constexpr std::size_t element_bytes(ElementType type) noexcept {
  return type == ElementType::f32 ? 4 : type == ElementType::f16 ? 2 : 1;
}

/// @return whether a record may say so
[[nodiscard]] constexpr bool is_element_type(std::uint16_t number) noexcept {
  return number <= static_cast<std::uint16_t>(ElementType::u8);
}

/// Makes components what they are stored as: f16 are rounded to the nearest and end at ±65504, u8 are rounded toward zero
/// and end at 0 and 255.
/// @param values  finite
/// @param into    element_bytes(type) for each
void store_elements(ElementType type, std::span<const float> values, std::byte* into) noexcept;

/// The other way, which is exact.
/// @param stored  element_bytes(type) for each of `into`, aligned as its elements
void read_elements(ElementType type, const std::byte* stored, std::span<float> into) noexcept;

/// @return whether no element is infinite or no number
[[nodiscard]] bool all_finite(ElementType type, std::span<const std::byte> stored) noexcept;

}  // namespace millrace
